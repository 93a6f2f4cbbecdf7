import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { CLI_COMMAND, runCli, spawnCli, withFolder } from "../support/cli.ts";
import {
  clientSource,
  essenceOf,
  eventsOf,
  FAKE_BATCH,
  FASTEST,
  FROM_FOLDER,
  instanceText,
  REPLAYED,
  summaryIn,
  writeFakeBatch,
} from "../support/fake-batch.ts";
import { fakeProgram, wholeAnswer } from "../support/fake-run.ts";
import { MISSING_FOR_LOCAL } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

/** Far above what a process needs, also on a busy machine. */
setDefaultTimeout(120_000);

const REPLAY_BATCH = [...FAKE_BATCH, ...FROM_FOLDER, ...REPLAYED];
const CLIENT = ["--model", "./client.ts", "--max-iterations", "4"];

function lines(text: string): readonly Record<string, unknown>[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

async function untilExists(path: string): Promise<void> {
  while (!existsSync(path)) await Bun.sleep(10);
}

describe("perfagent batch", () => {
  test("works through a folder: files of every task, the summary in three places, plain lines on stderr", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["b", "a", "c"]);
      const { exitCode, stdout, stderr } = await runCli([...REPLAY_BATCH, "--output", "summary.json"], {
        cwd,
      });
      expect(exitCode).toBe(0);
      expect(stdout).toBe("");
      expect(stderr).toStartWith("3 instances, 3 at once\n[1/3] ");
      expect(stderr).toContain("3 instances: 3 improved, 0 not improved, 0 failed, 0 not begun");
      expect(stderr).not.toContain("\u001b");
      const summary = JSON.parse(readFileSync(join(cwd, "summary.json"), "utf8"));
      expect(summary).toEqual(summaryIn(cwd));
      expect(Object.keys(summary.results)).toEqual(["a", "b", "c"]);
      expect(summary).toMatchObject({ total_instances: 3, successful: 3, failed: 0, skipped: 0 });
      expect(summary.totals.speedup).toBeCloseTo(15, 6);
      for (const task of ["a", "b", "c"]) {
        expect(summary.results[task]).toEqual(
          JSON.parse(readFileSync(join(cwd, "out", task, "result.json"), "utf8")),
        );
        expect(readFileSync(join(cwd, "out", task, `${task}.pred`), "utf8")).toBe(FASTEST);
        expect(readdirSync(join(cwd, "out", task)).sort()).toEqual(
          [
            "perfagent.log",
            "result.json",
            `${task}.journal.jsonl`,
            `${task}.pred`,
            `${task}.problem`,
            `${task}.traj`,
          ].sort(),
        );
      }
    }));

  test("--quiet says nothing, --json streams one event a line and ends with the summary", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a", "b"]);
      const { exitCode, stdout, stderr } = await runCli([...REPLAY_BATCH, "--quiet", "--json"], { cwd });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      const events = lines(stdout);
      expect(events[0]).toEqual({ type: "batch_started", total_instances: 2, workers: 2 });
      const counts = Map.groupBy(events, ({ type }) => type);
      expect(counts.get("task_started")).toHaveLength(2);
      expect(counts.get("iteration")).toHaveLength(8);
      expect(counts.get("task_finished")).toHaveLength(2);
      expect(events.at(-1)).toEqual({ type: "batch_finished", ...summaryIn(cwd) });
    }));

  test("takes the command, flags and files of the original", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a"]);
      mkdirSync(join(cwd, "templates"));
      writeFileSync(
        join(cwd, "templates", "a.yml"),
        "budget: {max_time: 5}\nprompts:\n  additional_requirements: Mind the gap.\n",
      );
      writeFileSync(
        join(cwd, "c.yaml"),
        [
          "model: {name: 'replay:answers.jsonl', use_llm: true}",
          "max_iterations: 4",
          "runtime: {backend: fake}",
          "optimization: {code_generation_mode: direct, held_out_tests: 0}",
        ].join("\n"),
      );
      const original = ["--config", "c.yaml", "--instances-dir", "instances", "--output", "s.json"];
      const { exitCode, stderr } = await runCli(
        [
          "run_batch",
          ...original,
          ...["--base-dir", "out", "--max-workers", "2"],
          ...["--instance-templates-dir", "templates", "--initial-code-dir", "initial"],
        ],
        { cwd },
      );
      expect(stderr).toContain("model.use_llm no longer means anything");
      expect(stderr).toContain("a: templates/a.yml:1: budget.max_time holds for the whole batch");
      expect(exitCode).toBe(0);
      const reply = eventsOf(cwd, "a").find((event) => event.type === "reply");
      expect(JSON.stringify(reply)).toContain("Mind the gap.");
    }));

  test("several languages have folders and logs of their own", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a"]);
      const { exitCode } = await runCli(
        [...REPLAY_BATCH, "--language", "python3,ruby", "--log-dir", "logs"],
        { cwd },
      );
      expect(exitCode).toBe(0);
      expect(Object.keys(summaryIn(cwd).results)).toEqual(["python3/a", "ruby/a"]);
      expect(existsSync(join(cwd, "out", "ruby", "a", "result.json"))).toBe(true);
      expect(existsSync(join(cwd, "logs", "ruby", "a", "perfagent.log"))).toBe(true);
      expect(existsSync(join(cwd, "logs", "python3", "a", "perfagent.log"))).toBe(true);
    }));

  test("every instance that fails, however it fails, is an entry of its own and stops nobody", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["good1", "crash", "template", "blocked", "good2"]);
      symlinkSync("/nowhere", join(cwd, "instances", "vanished.json"));
      writeFileSync(join(cwd, "instances", "broken.json"), "{");
      // The scripted sandbox refuses such a program in the middle of the evaluation.
      writeFileSync(join(cwd, "initial", "crash.py"), "# perfagent-fake: {nonsense\n");
      mkdirSync(join(cwd, "templates", "template.yaml"), { recursive: true });
      mkdirSync(join(cwd, "out"));
      writeFileSync(join(cwd, "out", "blocked"), "a file where the folder should be");
      const { exitCode, stderr } = await runCli([...REPLAY_BATCH, "--instance-templates-dir", "templates"], {
        cwd,
      });
      const summary = summaryIn(cwd);
      const codes = Object.fromEntries(
        Object.entries(summary.results as Record<string, { error: { code: string } | null }>).map(
          ([task, { error }]) => [task, error?.code ?? null],
        ),
      );
      expect(codes).toEqual({
        blocked: "output",
        broken: "instance",
        crash: "code",
        good1: null,
        good2: null,
        template: "config",
        vanished: "instance",
      });
      expect(summary).toMatchObject({ total_instances: 7, successful: 2, failed: 5, skipped: 0 });
      expect(summary.totals.failed_by_cause).toEqual({ output: 1, instance: 2, code: 1, config: 1 });
      expect(stderr).toContain("vanished.json");
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(exitCode).toBe(7);
      expect(eventsOf(cwd, "crash").at(-1)).toMatchObject({ type: "run_ended", stopReason: "error" });

      // What failed is tried again; what is finished is not.
      writeFileSync(join(cwd, "instances", "broken.json"), instanceText("broken"));
      rmSync(join(cwd, "templates", "template.yaml"), { recursive: true });
      rmSync(join(cwd, "out", "blocked"));
      rmSync(join(cwd, "instances", "vanished.json"));
      rmSync(join(cwd, "instances", "crash.json"));
      const again = await runCli([...REPLAY_BATCH, "--instance-templates-dir", "templates", "--resume"], {
        cwd,
      });
      expect(again.exitCode).toBe(0);
      expect(summaryIn(cwd)).toMatchObject({ total_instances: 5, successful: 5, finished_before: 2 });
    }));

  test("two instances of one name are refused before anything starts", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, []);
      writeFileSync(join(cwd, "all.jsonl"), '{"task_name":"a"}\n{"task_name":"a"}\n');
      const { exitCode, stderr } = await runCli(
        [...FAKE_BATCH, ...REPLAYED, "--instances-dir", "all.jsonl"],
        { cwd },
      );
      expect(exitCode).toBe(2);
      expect(stderr).toContain("'a' is all.jsonl:1 and all.jsonl:2");
      expect(existsSync(join(cwd, "out"))).toBe(false);
    }));

  test("a folder of templates or programs that is not there is refused before anything starts", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a"]);
      const { exitCode, stderr } = await runCli([...REPLAY_BATCH, "--instance-templates-dir", "templats"], {
        cwd,
      });
      expect(exitCode).toBe(2);
      expect(stderr).toContain("--instance-templates-dir 'templats'");
      expect(existsSync(join(cwd, "out"))).toBe(false);
    }));

  test("a summary that cannot be written to one place is written to the others", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a"]);
      mkdirSync(join(cwd, "out", "batch.json"), { recursive: true });
      const { exitCode, stderr, stdout } = await runCli([...REPLAY_BATCH, "--output", "s.json", "--json"], {
        cwd,
      });
      expect(exitCode).toBe(7);
      expect(stderr).toContain("batch.json");
      expect(stderr).toContain("1 instances: 1 improved");
      expect(JSON.parse(readFileSync(join(cwd, "s.json"), "utf8")).successful).toBe(1);
      expect(lines(stdout).at(-1)).toMatchObject({ type: "batch_finished", successful: 1 });
    }));

  test("--estimate prints what the calls would cost and touches nothing", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a", "b"]);
      writeFileSync(join(cwd, "instances", "broken.json"), "{");
      writeFileSync(join(cwd, "c.yaml"), "pricing: {deepseek/deepseek-chat: {input: 1, output: 10}}\n");
      const args = [...FAKE_BATCH, ...FROM_FOLDER, "--config", "c.yaml", "--estimate"];
      const model = ["--model", "deepseek/deepseek-chat", "--max-iterations", "3"];
      const machine = await runCli([...args, ...model, "--json"], { cwd });
      expect(machine.exitCode).toBe(0);
      const estimate = JSON.parse(machine.stdout);
      expect(estimate).toMatchObject({ instances: 2, expected: { calls: 6 }, unpriced: [] });
      expect(estimate.unusable).toMatchObject([{ task: "broken" }]);
      const { prompt_tokens: prompt, completion_tokens: completion, cost_usd: cost } = estimate.expected;
      // A prompt with template, statement and program has some hundred tokens.
      expect(prompt / 6).toBeGreaterThan(100);
      expect(prompt / 6).toBeLessThan(2000);
      expect(cost).toBeCloseTo((prompt + 10 * completion) / 1e6, 9);
      expect(estimate.most.cost_usd).toBeGreaterThan(cost);
      const person = await runCli([...args, ...model], { cwd });
      expect(person.exitCode).toBe(0);
      expect(person.stdout).toMatch(/expected +6 +\d+ +\d+ +\d+\.\d\d\n/);
      expect(readdirSync(cwd).sort()).toEqual(["answers.jsonl", "c.yaml", "initial", "instances"]);
    }));
});

describe("perfagent batch on a terminal", () => {
  optionalTest(Bun.which("script") === null ? "script(1) is not installed" : null)(
    "draws a picture in place and leaves the lines of what is finished",
    () =>
      withFolder(async (cwd) => {
        writeFakeBatch(cwd, ["a", "b"]);
        writeFileSync(join(cwd, "client.ts"), clientSource("await Bun.sleep(150);"));
        const command = [...CLI_COMMAND, ...FAKE_BATCH, ...FROM_FOLDER, ...CLIENT]
          .map((word) => `'${word}'`)
          .join(" ");
        const child = Bun.spawn(["script", "-qec", command, "/dev/null"], {
          cwd,
          env: { PATH: process.env.PATH, HOME: cwd, TERM: "xterm" },
          stdin: "ignore",
          stdout: "pipe",
        });
        // An escape sign that can be named in patterns.
        const text = (await new Response(child.stdout).text()).replaceAll("\u001b", "ESC");
        expect(await child.exited).toBe(0);
        expect(text).toMatch(/░+ 0\/2 {2}0:00/);
        expect(text).toContain("round 2: waiting for the model (last: edit failed)");
        expect(text).toMatch(/ESC\[\d+AESC\[J[ab]: improved 15\.0×/);
        expect(text.slice(text.lastIndexOf("ESC"))).toContain("2 instances: 2 improved");
      }),
  );
});

describe("perfagent batch with real programs", () => {
  optionalTest(MISSING_FOR_LOCAL)("a checker that crashes fails its own instance only", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, []);
      const checkers = {
        good: "def evaluate(expected_output, program_output):\n    return expected_output == program_output.strip()\n",
        syntax: "def evaluate(:\n",
        exits: "import os\nos._exit(3)\n",
        killed: "import os, signal\ndef evaluate(a, b):\n    os.kill(os.getpid(), signal.SIGKILL)\n",
      };
      for (const [name, evaluator] of Object.entries(checkers)) {
        const generated_tests = [{ input: "", output: "3" }];
        writeFileSync(
          join(cwd, "instances", `${name}.json`),
          instanceText(name, { evaluator, generated_tests }),
        );
        writeFileSync(join(cwd, "initial", `${name}.py`), "print(3)\n");
      }
      const args = ["batch", ...FROM_FOLDER, "--initial-code-dir", "initial", "--base-dir", "out"];
      const { exitCode } = await runCli(
        [...args, "--model", "replay:answers.jsonl", "--max-iterations", "0", "--num-runs", "1"],
        { cwd },
      );
      const { instances } = summaryIn(cwd);
      expect(exitCode).toBeGreaterThan(0);
      const verdicts = Object.entries(instances as Record<string, { verdict: string }>).map(
        ([name, { verdict }]) => [name, verdict],
      );
      expect(Object.fromEntries(verdicts)).toEqual({
        good: "not_improved",
        syntax: "failed",
        exits: "failed",
        killed: "failed",
      });
    }),
  );
});

describe("perfagent batch --resume", () => {
  test("a second process refuses and names the first", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a"]);
      writeFileSync(join(cwd, "client.ts"), clientSource("await new Promise(() => {});"));
      const first = spawnCli([...FAKE_BATCH, ...FROM_FOLDER, ...CLIENT], cwd, { cwd });
      try {
        await untilExists(join(cwd, "out", "a", "a.journal.jsonl"));
        const second = await runCli([...REPLAY_BATCH, "--resume"], { cwd });
        expect(second.exitCode).toBe(7);
        expect(second.stderr).toContain(`process ${first.pid} on `);
        // Not the batch's folder but one of its runs, by another command.
        const run = await runCli(
          ["run", "--instance", "instances/a.json", "--resume", ...FAKE_BATCH.slice(1), ...REPLAYED],
          { cwd },
        );
        expect(run.exitCode).toBe(7);
        expect(run.stderr).toContain(`process ${first.pid} on `);
      } finally {
        first.kill("SIGKILL");
        await first.exited;
      }
      const third = await runCli([...FAKE_BATCH, ...FROM_FOLDER, ...CLIENT, "--resume", "--limit", "1"], {
        cwd,
        timeoutMs: 500,
      });
      expect(third.stderr).not.toContain("process");
    }));

  test("explains changed settings, and --restart keeps the earlier files aside", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a", "b"]);
      expect((await runCli(REPLAY_BATCH, { cwd })).exitCode).toBe(0);
      const left = await runCli([...REPLAY_BATCH, "--resume", "--estimate", "--json"], { cwd });
      expect(JSON.parse(left.stdout)).toMatchObject({ instances: 2, expected: { calls: 0 } });
      const before = readFileSync(join(cwd, "out", "a", "a.journal.jsonl"), "utf8");
      const changed = await runCli([...REPLAY_BATCH, "--resume", "--opt-target", "memory"], { cwd });
      expect(changed.exitCode).toBe(2);
      expect(changed.stderr).toContain('optimization.target was "runtime" and is "memory"');
      expect(changed.stderr).toMatch(/^hint: .*--restart/m);
      writeFileSync(join(cwd, "instances", "b.json"), instanceText("other"));
      const other = await runCli([...REPLAY_BATCH, "--resume"], { cwd });
      expect(other.stderr).toContain("b: config: Cannot continue");
      expect(other.stderr).toContain("the instance file is another one");
      expect(summaryIn(cwd)).toMatchObject({ successful: 1, failed: 1, finished_before: 1 });
      expect(readFileSync(join(cwd, "out", "a", "a.journal.jsonl"), "utf8")).toBe(before);
      const anew = await runCli([...REPLAY_BATCH, "--restart", "--opt-target", "memory"], { cwd });
      expect(anew.exitCode).toBe(0);
      expect(readFileSync(join(cwd, "out", "a", "earlier", "1", "a.journal.jsonl"), "utf8")).toBe(before);
    }));

  test("goes on after a crash of the evaluation, with the reply that was paid for", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a", "b"]);
      writeFileSync(join(cwd, "client.ts"), clientSource(`appendFileSync("calls", task + round + "\\n");`));
      writeFileSync(
        join(cwd, "evaluator.ts"),
        `import { existsSync } from "node:fs";
        export default ({ instance }) => ({
          async evaluate(code) {
            if (code.includes('"fast"') && !existsSync("mended") && instance.description.includes("Task a")) throw new TypeError("boom");
            const metric = code.includes("fastest") ? 1 : code.includes("fast") ? 5 : 9;
            return { passed: true, metrics: { seconds: metric } };
          },
        });`,
      );
      const args = [...FAKE_BATCH, ...FROM_FOLDER, ...CLIENT, "--set", "evaluator=./evaluator.ts"];
      const crashed = await runCli(args, { cwd });
      expect(crashed.exitCode).not.toBe(0);
      const before = summaryIn(cwd);
      expect(before).toMatchObject({ failed: 1, totals: { iterations: 6 }, usage: { calls: 7 } });
      expect(before.results.a.error.message).toContain("boom");
      writeFileSync(join(cwd, "mended"), "");
      const again = await runCli([...args, "--resume"], { cwd });
      expect(again.exitCode).toBe(0);
      expect(summaryIn(cwd)).toMatchObject({ failed: 0, finished_before: 1, usage: { calls: 8 } });
      const calls = readFileSync(join(cwd, "calls"), "utf8").trim().split("\n").sort();
      expect(calls).toEqual(["a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"]);
    }));

  test("asks again in the round in which the model could not be asked", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a"]);
      const args = [...FAKE_BATCH, ...FROM_FOLDER, ...CLIENT];
      writeFileSync(join(cwd, "client.ts"), clientSource(`if (round === 3) throw new Error("down");`));
      const failed = await runCli(args, { cwd });
      // Rounds were made before: there is a result, and the model's failure is in it.
      expect(failed.exitCode).toBe(0);
      expect(summaryIn(cwd).results.a).toMatchObject({ stop_reason: "model_failed", total_iterations: 3 });
      writeFileSync(join(cwd, "client.ts"), clientSource());
      expect((await runCli([...args, "--resume"], { cwd })).exitCode).toBe(0);
      const { a } = summaryIn(cwd).results;
      expect(a).toMatchObject({ stop_reason: "max_iterations", total_iterations: 4, success: true });
      expect(a.optimized_code).toBe(FASTEST);
      const rounds = a.optimization_history.map(({ iteration }: { iteration: number }) => iteration);
      expect(rounds).toEqual([1, 2, 3, 4]);
      const traj = JSON.parse(readFileSync(join(cwd, "out", "a", "a.traj"), "utf8"));
      expect(traj.metadata.total_iterations).toBe(4);
    }));

  test("the budget is one budget over all processes; what is not begun is skipped with the reason", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a", "b", "c", "d"]);
      writeFileSync(join(cwd, "client.ts"), clientSource());
      // A call uses 150 tokens: four of the first instance, and one of the second.
      const args = [...FAKE_BATCH, ...FROM_FOLDER, ...CLIENT, "--max-workers", "1", "--max-total-tokens"];
      const { exitCode, stderr } = await runCli([...args, "750"], { cwd });
      expect(exitCode).toBe(6);
      const summary = summaryIn(cwd);
      expect(summary).toMatchObject({ total_instances: 4, successful: 1, skipped: 2 });
      expect(summary.results.b).toMatchObject({ stop_reason: "budget_exhausted", total_iterations: 1 });
      expect(summary.results.c).toMatchObject({ skipped: true, reason: { code: "budget" } });
      expect(stderr).toContain("2 not begun (2 budget)");
      expect(stderr).toMatch(/^hint: Raise --max-total-tokens/m);
      expect(existsSync(join(cwd, "out", "c"))).toBe(false);

      const again = await runCli([...args, "750", "--resume"], { cwd });
      expect(again.exitCode).toBe(6);
      expect(summaryIn(cwd)).toMatchObject({ finished_before: 1, skipped: 2, usage: { calls: 5 } });

      const more = await runCli([...args, "100000", "--resume"], { cwd });
      expect(more.exitCode).toBe(0);
      expect(summaryIn(cwd)).toMatchObject({ successful: 4, skipped: 0, usage: { calls: 16 } });
    }));
});

describe("perfagent batch on several machines", () => {
  test("parts in one folder are together the whole, and report merges them", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a", "b", "c", "d", "e"]);
      const parts = [["--shard", "1/2"], []];
      const codes = await Promise.all(
        parts.map(async (flags, i) => {
          const env: Record<string, string> =
            i === 0
              ? {}
              : { SLURM_ARRAY_TASK_ID: "8", SLURM_ARRAY_TASK_COUNT: "2", SLURM_ARRAY_TASK_MIN: "7" };
          return (await runCli([...REPLAY_BATCH, ...flags], { cwd, env })).exitCode;
        }),
      );
      expect(codes).toEqual([0, 0]);
      const [first, second] = [summaryIn(cwd, "batch.1-of-2.json"), summaryIn(cwd, "batch.2-of-2.json")];
      expect(Object.keys(first.results)).toEqual(["a", "c", "e"]);
      expect(Object.keys(second.results)).toEqual(["b", "d"]);
      const { exitCode, stdout } = await runCli(["report", "out", "--json"], { cwd });
      expect(exitCode).toBe(0);
      const report = JSON.parse(stdout);
      expect(report.runs.map((run: { instance_id: string }) => run.instance_id)).toEqual([
        "a",
        "b",
        "c",
        "d",
        "e",
      ]);
    }));
});

describe("an interrupt of perfagent batch", () => {
  for (const name of ["SIGINT", "SIGTERM", "SIGUSR1"] as const) {
    test(`${name}: begins nothing new, stops programs, writes the summary, and --resume continues`, () =>
      withFolder(async (cwd) => {
        writeFakeBatch(cwd, ["a", "b", "c", "d"]);
        // Two wait for a model that does not answer, so that the third and the fourth are not begun.
        writeFileSync(join(cwd, "client.ts"), clientSource("if (round === 2) await new Promise(() => {});"));
        const args = [...FAKE_BATCH, ...FROM_FOLDER, ...CLIENT, "--max-workers", "2"];
        const child = spawnCli(args, cwd, { cwd });
        const inRoundTwo = (task: string) =>
          existsSync(join(cwd, "out", task, `${task}.journal.jsonl`)) &&
          eventsOf(cwd, task).some((event) => event.type === "iteration");
        while (!inRoundTwo("a") || !inRoundTwo("b")) await Bun.sleep(20);
        child.kill(name);
        const signalledMs = performance.now();
        expect(await child.exited).toBe(130);
        // Promised are 2 s; the machine of the test may be busy.
        expect(performance.now() - signalledMs).toBeLessThan(20_000);
        const summary = summaryIn(cwd);
        expect(summary).toMatchObject({ total_instances: 4, failed: 2, skipped: 2 });
        expect(summary.totals.failed_by_cause).toEqual({ interrupted: 2 });
        expect(summary.results.a).toMatchObject({ stop_reason: "interrupted", total_iterations: 1 });
        expect(existsSync(join(cwd, "out", "c"))).toBe(false);

        writeFileSync(join(cwd, "client.ts"), clientSource());
        const resumed = await runCli([...args, "--resume"], { cwd });
        expect(resumed.exitCode).toBe(0);
        expect(summaryIn(cwd)).toMatchObject({ successful: 4, usage: { calls: 16 } });
        expect(essenceOf(eventsOf(cwd, "a"))).toHaveLength(8);
      }));
  }

  test("a second signal ends it at once, also where the first one cannot be obeyed", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a"]);
      // An evaluation of the user's own that hears of no signal.
      writeFileSync(
        join(cwd, "evaluator.ts"),
        `export default () => ({ async evaluate() { await Bun.write("begun", ""); await Bun.sleep(100_000); } });`,
      );
      const args = [...REPLAY_BATCH, "--set", "evaluator=./evaluator.ts"];
      const child = spawnCli(args, cwd, { cwd });
      await untilExists(join(cwd, "begun"));
      child.kill("SIGINT");
      await Bun.sleep(200);
      child.kill("SIGINT");
      expect(await child.exited).toBe(130);
    }));

  test("stops a program that runs", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a"]);
      const hangs = wholeAnswer(fakeProgram({ hang: true }, "hangs"));
      writeFileSync(join(cwd, "answers.jsonl"), `${JSON.stringify(hangs)}\n`);
      const child = spawnCli([...REPLAY_BATCH, "--time-limit", "600"], cwd, { cwd });
      await untilExists(join(cwd, "out", "a", "a.problem"));
      while (!eventsOf(cwd, "a").some((event) => event.type === "reply")) await Bun.sleep(20);
      child.kill("SIGINT");
      expect(await child.exited).toBe(130);
      expect(summaryIn(cwd).totals.failed_by_cause).toEqual({ interrupted: 1 });
    }));
});

describe("perfagent batch on a bad disk", () => {
  const missing =
    process.platform === "linux" && process.getuid?.() === 0 ? null : "only root can mount a disk";

  function mount(path: string, options: string): void {
    mkdirSync(path, { recursive: true });
    const done = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path]);
    if (done.exitCode !== 0) throw new Error(`cannot mount: ${done.stderr}`);
  }

  optionalTest(missing)(
    "full: every instance says so, other places get the summary, nothing is half written",
    () =>
      withFolder(async (cwd) => {
        writeFakeBatch(
          cwd,
          Array.from({ length: 12 }, (_, i) => `t${i + 10}`),
        );
        const disk = join(cwd, "out");
        mount(disk, "size=128k");
        try {
          const { exitCode, stderr } = await runCli(
            [...REPLAY_BATCH, "--output", "s.json", "--max-workers", "1"],
            { cwd },
          );
          expect(exitCode).toBe(7);
          expect(stderr).toContain("the disk is full");
          const summary = JSON.parse(readFileSync(join(cwd, "s.json"), "utf8"));
          expect(summary.total_instances).toBe(12);
          expect(summary.successful).toBeGreaterThan(0);
          expect(summary.totals.failed_by_cause.output).toBe(12 - summary.successful);
          for (const entry of readdirSync(disk, { recursive: true })) {
            const file = String(entry);
            expect(file).not.toEndWith(".tmp");
            if (/\.(json|traj)$/.test(file)) JSON.parse(readFileSync(join(disk, file), "utf8"));
          }
        } finally {
          Bun.spawnSync(["umount", disk]);
        }
      }),
  );

  optionalTest(missing)("read-only: exit code 7 with the path, before anything is asked", () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, ["a"]);
      writeFileSync(join(cwd, "client.ts"), clientSource(`await Bun.write("asked", "");`));
      const disk = join(cwd, "out");
      mount(disk, "ro");
      try {
        const { exitCode, stderr } = await runCli([...FAKE_BATCH, ...FROM_FOLDER, ...CLIENT], { cwd });
        expect(exitCode).toBe(7);
        expect(stderr).toContain("out/batch.lock");
        expect(stderr).toContain("read-only");
        expect(existsSync(join(cwd, "asked"))).toBe(false);
      } finally {
        Bun.spawnSync(["umount", disk]);
      }
    }),
  );
});
