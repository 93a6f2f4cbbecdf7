import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { comparePrograms, DEFAULT_EVIDENCE_RULE } from "../../src/evaluate/decision/index.ts";
import { createOwnEvaluator } from "../../src/evaluate/own.ts";
import { createFakeSandbox } from "../../src/sandbox/fake.ts";
import type { Sandbox } from "../../src/types.ts";
import { ioInstance } from "../support/io-instance.ts";
import { MISSING_FOR_LOCAL, SILENT, startLocalSandbox } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

// Boxes on a busy machine: only a hang takes this long.
setDefaultTimeout(120_000);

const EXAMPLES = join(import.meta.dir, "../../scripts/examples");
const INSTANCE = ioInstance([{ input: "3\n", output: "3" }], {
  solutions: { python3: { code: "HUMAN", runtimeCanonical: "HUMAN", memoryCanonical: "HUMAN" } },
});
const signal = new AbortController().signal;
const dir = mkdtempSync(join(tmpdir(), "perfagent-test-"));
let local: Sandbox;
beforeAll(async () => {
  if (MISSING_FOR_LOCAL === null) local = await startLocalSandbox();
});
afterAll(async () => {
  await local?.close();
  rmSync(dir, { recursive: true });
});

let files = 0;
function moduleFile(body: string): string {
  const name = `eval-${files++}.ts`;
  writeFileSync(join(dir, name), body);
  return `./${name}`;
}

const open = (spec: string, sandbox: Sandbox = createFakeSandbox(), baseDir = dir) =>
  createOwnEvaluator(spec, {
    instance: INSTANCE,
    language: "python3",
    limits: { timeLimitMs: 5000, memoryLimitBytes: null, outputBytes: 1e6 },
    sandbox,
    baseDir,
    env: {
      PATH: process.env.PATH,
      MODEL_API_KEY: "key-of-a-model",
      PROXY: "http://user:password@proxy",
      PLAIN: "1",
    },
    trimRatio: 0.1,
    logger: SILENT,
  });

const command = (answer: string): string => `command:cat >/dev/null; printf '%s' '${answer}'`;
const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => "no failure",
    (error: unknown) => error,
  );

describe("the examples", () => {
  const long = "value = input()\nprint(value + '      ')\n";
  const short = "print(input())\n";
  for (const [spec, metric, values] of [
    ["./my-eval.ts", "output_bytes", [8, 2]],
    ["command:./my-eval.sh", "code_bytes", [long.length, short.length]],
  ] as const) {
    optionalTest(MISSING_FOR_LOCAL)(`${spec} decides on a metric of its own`, async () => {
      const evaluator = await open(spec, local, EXAMPLES);
      expect(evaluator.metrics).toEqual([]);
      const before = await evaluator.evaluate(long, { timedPasses: 5 }, signal);
      expect(before).toMatchObject({ passed: true, passRate: 1, metrics: { [metric]: values[0] }, runs: 1 });
      expect(before.feedback).toContain(`${values[0]} bytes`);
      expect(evaluator.metrics).toEqual([metric]);
      expect((await evaluator.evaluate(short, { timedPasses: 0 }, signal)).metrics).toEqual({
        [metric]: values[1],
      });
      const wrong = await evaluator.evaluate("print(4)", { timedPasses: 5 }, signal);
      expect(wrong).toMatchObject({ passed: false, passRate: 0, metrics: {} });
      const comparison = await comparePrograms({
        evaluator,
        a: long,
        b: short,
        metric,
        rule: DEFAULT_EVIDENCE_RULE,
        seed: 1,
        signal,
      });
      expect(comparison).toMatchObject({ verdict: "faster", metric, ratio: values[0] / values[1] });
      expect(comparison.pairs).toHaveLength(1);
      await evaluator.close();
    });
  }
});

describe("createOwnEvaluator() with a module", () => {
  test("hands over instance, language, limits and sandbox, but no human solution", async () => {
    const evaluator = await open(
      moduleFile(`export default async (input, tools) => ({
        evaluate: async (code) => ({
          passed: true,
          metrics: { n: 1 },
          feedback: JSON.stringify([code, input.language, input.limits, input.instance.tests, input.instance.solutions, Object.keys(tools)]),
        }),
      });`),
    );
    const { feedback } = await evaluator.evaluate("CODE", { timedPasses: 0 }, signal);
    expect(JSON.parse(feedback)).toEqual([
      "CODE",
      "python3",
      { timeLimitMs: 5000, memoryLimitBytes: null, outputBytes: 1e6 },
      [{ input: "3\n", output: "3" }],
      {},
      ["sandbox", "logger"],
    ]);
  });

  test("repeats what varies, two programs in turns, and does not repeat what is exact", async () => {
    const evaluator = await open(
      moduleFile(`const calls = [];
      export default () => ({
        evaluate(code) {
          calls.push(code);
          const cost = code === "new" ? 80 : 100;
          const wobble = () => cost + (calls.length * 7 % 5) / 10;
          return { passed: true, metrics: code.startsWith("exact") ? { size: 4 } : { cost: [wobble(), wobble()], size: cost },
            feedback: calls.join(" ") };
        },
      });`),
    );
    const { samples, runs, statistics } = await evaluator.evaluate("old", { timedPasses: 5 }, signal);
    expect(runs).toBe(3);
    expect(samples).toHaveLength(6);
    expect(statistics.cost?.originalN).toBe(6);
    expect(evaluator.exactMetrics).toEqual(new Set(["size"]));
    const common = { evaluator, a: "old", b: "new", rule: DEFAULT_EVIDENCE_RULE, seed: 1, signal };
    const varying = await comparePrograms({ ...common, metric: "cost" });
    expect(varying).toMatchObject({ verdict: "faster", metric: "cost" });
    expect(varying.pairs).toHaveLength(10);
    expect((await comparePrograms({ ...common, metric: "size" })).pairs).toHaveLength(1);
    await evaluator.evaluate("exact", { timedPasses: 5 }, signal);
    const { feedback } = await evaluator.evaluate("exact", { timedPasses: 5 }, signal);
    expect(feedback.split(" ").filter((code) => code === "exact")).toHaveLength(1);
  });

  test("knows that a metric is exact although nothing was evaluated before, as after a resume", async () => {
    const evaluator = await open(
      moduleFile(
        "export default () => ({ evaluate: (code) => ({ passed: true, metrics: { size: code.length } }) });",
      ),
    );
    const common = { evaluator, rule: DEFAULT_EVIDENCE_RULE, seed: 1, signal };
    const comparison = await comparePrograms({ ...common, a: "aaaa", b: "b", metric: "size" });
    expect(comparison).toMatchObject({ verdict: "faster", ratio: 4, criterion: { exact: true } });
    expect(comparison.pairs).toHaveLength(1);
  });

  test("a program that fails in a later evaluation is incorrect", async () => {
    const evaluator = await open(
      moduleFile(`let calls = 0;
      export default () => ({ evaluate: () => ({ passed: ++calls < 6, metrics: { cost: [1] } }) });`),
    );
    const common = { evaluator, rule: DEFAULT_EVIDENCE_RULE, seed: 1, signal };
    const comparison = await comparePrograms({ ...common, a: "a", b: "b", metric: "cost" });
    expect(comparison.verdict).toBe("incorrect");
    expect(comparison.reason).toContain("failed in timed pass 3");
  });

  test("refuses what is no evaluator, with the reason", async () => {
    const messages: Record<string, unknown> = {};
    for (const [name, body] of Object.entries({
      "no default": "export const x = 1;",
      "no evaluate": "export default () => ({});",
      "throws on load": "throw new Error('on load');",
      "factory throws": "export default () => { throw new Error('in factory'); };",
      syntax: "export default (",
    })) {
      const failure = await failureOf(open(moduleFile(body)));
      expect(failure).toMatchObject({ code: "config" });
      messages[name] = String(failure).replace(/eval-\d+/, "eval");
    }
    expect(messages["no default"]).toContain("its default export is of type undefined, not a function");
    expect(messages["no evaluate"]).toContain(
      "its function returned of type object without a function 'evaluate'",
    );
    expect(messages["throws on load"]).toContain("on load");
    expect(messages["factory throws"]).toContain("its function failed with in factory");
    expect(await failureOf(open("./missing.ts"))).toMatchObject({ code: "config" });
  });

  test("reports a failing evaluation as the evaluator's fault", async () => {
    const evaluator = await open(
      moduleFile("export default () => ({ evaluate() { throw new Error('no licence'); } });"),
    );
    const failure = await failureOf(evaluator.evaluate("x", { timedPasses: 0 }, signal));
    expect(failure).toMatchObject({ code: "backend", message: expect.stringContaining("no licence") });
  });
});

describe("createOwnEvaluator() with a command", () => {
  test("gives JSON with code, language, instance and limits, and none of the environment's secrets", async () => {
    const evaluator = await open(
      `command:python3 -c "import json,os,sys; d=json.load(sys.stdin); print(json.dumps({'passed': True, 'metrics': {'n': 1}, 'feedback': json.dumps([d, sorted(os.environ)])}))"`,
    );
    const { feedback } = await evaluator.evaluate("CODE\n", { timedPasses: 0 }, signal);
    const [request, environment] = JSON.parse(feedback);
    expect(request).toEqual({
      code: "CODE\n",
      language: "python3",
      instance: {
        task_name: "sample",
        id: "1",
        title: "Sample",
        description: "Print what is wanted.",
        type: "io",
        generated_tests: [{ input: "3\n", output: "3" }],
        evaluator: null,
      },
      limits: { time_limit_ms: 5000, memory_limit_bytes: null, output_bytes: 1e6 },
    });
    expect(environment).toContain("PATH");
    expect(environment).toContain("PLAIN");
    for (const name of ["HOME", "MODEL_API_KEY", "PROXY"]) expect(environment).not.toContain(name);
  });

  test("understands pass_rate and passRate, and takes a failing program's metrics for nothing", async () => {
    const rate = async (answer: string) =>
      await (await open(command(answer))).evaluate("x", { timedPasses: 3 }, signal);
    expect(await rate('{"passed":false,"pass_rate":0.25,"metrics":{"n":1}}')).toMatchObject({
      passed: false,
      passRate: 0.25,
      metrics: {},
    });
    expect((await rate('{"passed":false,"passRate":0.5}')).passRate).toBe(0.5);
    expect((await rate('{"passed":false}')).passRate).toBe(0);
    expect((await rate('{"passed":true,"metrics":{"n":2}}')).passRate).toBe(1);
  });

  const cases: readonly (readonly [string, string, string])[] = [
    ["an exit code", "command:echo broken >&2; exit 3", "it ended with exit code 3"],
    ["a signal", "command:kill -SEGV $$", "it was ended by SIGSEGV"],
    ["no JSON", "command:echo hi", 'it printed "hi"; one JSON object is wanted'],
    ["nothing", "command:true", 'it printed ""; one JSON object is wanted'],
    ["a missing field", command('{"metrics":{"n":1}}'), "'passed'"],
    ["a pass rate in percent", command('{"passed":true,"pass_rate":100,"metrics":{"n":1}}'), "'pass_rate'"],
    ["a negative metric", command('{"passed":true,"metrics":{"n":-1}}'), "'metrics.n'"],
    ["a metric as text", command('{"passed":true,"metrics":{"n":"1 s"}}'), "'metrics.n'"],
    ["no metrics", command('{"passed":true}'), "'metrics' is empty"],
    ["too much output", "command:yes", "it printed more than 16 MiB"],
  ];
  for (const [name, spec, words] of cases) {
    test(`reports ${name}`, async () => {
      const failure = await failureOf((await open(spec)).evaluate("x", { timedPasses: 0 }, signal));
      expect(failure).toMatchObject({ code: "backend", message: expect.stringContaining(words) });
    });
  }

  test("shows the end of its standard error, and refuses an empty command", async () => {
    const failure = await failureOf(
      (await open("command:echo broken >&2; exit 3")).evaluate("x", { timedPasses: 0 }, signal),
    );
    expect(failure).toMatchObject({ hint: "Its standard error says: broken" });
    expect(await failureOf(open("command: "))).toMatchObject({ code: "config" });
  });

  test("ends with the signal", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const evaluator = await open("command:sleep 60");
    expect(await failureOf(evaluator.evaluate("x", { timedPasses: 0 }, controller.signal))).toMatchObject({
      code: "interrupted",
    });
  });
});
