/**
 * Batches that are killed at random moments and continued. The suite has a short form; all that is promised:
 *
 *     PERFAGENT_TEST_KILLS=200 bun test test/e2e/batch-kill.test.ts
 */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../src/lib/random.ts";
import { readJournal } from "../../src/record/journal.ts";
import { runCli, spawnCli, withFolder } from "../support/cli.ts";
import {
  clientSource,
  essenceOf,
  eventsOf,
  FAKE_BATCH,
  FAST,
  FASTEST,
  FROM_FOLDER,
  REPLAYED,
  SLOW,
  writeFakeBatch,
} from "../support/fake-batch.ts";

const KILLS = Number(process.env.PERFAGENT_TEST_KILLS ?? "20");
/** Times that one batch is killed before it may finish. */
const KILLS_OF_A_BATCH = 5;
const TASKS: readonly string[] = Array.from({ length: 20 }, (_, i) => `task${i + 10}`);
/** Far above what a kill and its continuation take on a busy machine. */
const TIMEOUT_MS = 120_000 + KILLS * 20_000;

const MODELS: Readonly<Record<string, readonly string[]>> = {
  replay: REPLAYED,
  client: ["--model", "./client.ts", "--max-iterations", "4"],
};

test(
  `${KILLS} kills at random moments: every batch ends as an undisturbed one, no reply on disk is asked for again, no reader sees a broken file`,
  () =>
    withFolder(async (cwd) => {
      writeFakeBatch(cwd, TASKS);
      const log = join(cwd, "calls.log");
      const note = `appendFileSync("calls.log", task + " " + round + "\\n"); await Bun.sleep(5);`;
      writeFileSync(join(cwd, "client.ts"), clientSource(note));
      const random = createRandom(7);
      const references = new Map<string, Reference>();
      for (const model of Object.keys(MODELS)) references.set(model, await undisturbed(cwd, model));

      let kills = 0;
      for (let number = 0; kills < KILLS; number++) {
        const model = number % 2 === 0 ? "client" : "replay";
        const reference = references.get(model) as Reference;
        const base = `out${number}`;
        const reader = readAtRandom(join(cwd, base), createRandom(1000 + number));
        for (let n = 0; n < KILLS_OF_A_BATCH && kills < KILLS; n++) {
          const answered = repliesOnDisk(cwd, base);
          writeFileSync(log, "");
          const child = spawnCli(batchArgs(model, base), cwd, { cwd });
          await Promise.race([Bun.sleep(random() * reference.durationMs), child.exited]);
          child.kill("SIGKILL");
          await child.exited;
          if (child.signalCode === "SIGKILL") kills += 1;
          expectNotAskedAgain(log, answered);
        }
        const answered = repliesOnDisk(cwd, base);
        writeFileSync(log, "");
        const last = await runCli(batchArgs(model, base), { cwd });
        expect(last.stderr).toContain("20 improved, 0 not improved, 0 failed, 0 not begun");
        expect(last.exitCode).toBe(0);
        expectNotAskedAgain(log, answered);
        expect(await reader.stop()).toEqual([]);
        expect(outcomeOf(cwd, base)).toEqual(reference.outcome);
        expect(leftovers(join(cwd, base))).toEqual([]);
      }
    }),
  TIMEOUT_MS,
);

interface Reference {
  readonly durationMs: number;
  readonly outcome: unknown;
}

/** The first process begins, every other one continues: `--resume` of nothing begins. */
function batchArgs(model: string, base: string): readonly string[] {
  const args = [...FAKE_BATCH, ...FROM_FOLDER, ...(MODELS[model] ?? []), "--resume"];
  return args.map((arg) => (arg === "out" ? base : arg));
}

async function undisturbed(cwd: string, model: string): Promise<Reference> {
  const startedMs = performance.now();
  const { exitCode } = await runCli(batchArgs(model, model), { cwd });
  expect(exitCode).toBe(0);
  return { durationMs: performance.now() - startedMs, outcome: outcomeOf(cwd, model) };
}

/** Everything of a batch that an interruption must not change. */
function outcomeOf(cwd: string, base: string): unknown {
  const summary = JSON.parse(readFileSync(join(cwd, base, "batch.json"), "utf8"));
  return {
    counts: [summary.successful, summary.not_improved, summary.failed, summary.skipped],
    usage: summary.usage,
    totals: summary.totals,
    tasks: TASKS.map((task) => {
      const { optimized_code, total_iterations, best_iteration, success, edits, speedup } =
        summary.results[task];
      const prediction = readFileSync(join(cwd, base, task, `${task}.pred`), "utf8");
      const trajectory = JSON.parse(readFileSync(join(cwd, base, task, `${task}.traj`), "utf8"));
      return {
        essence: essenceOf(eventsOf(cwd, task, base)),
        result: { optimized_code, total_iterations, best_iteration, success, edits, speedup },
        steps: trajectory.steps.length,
        prediction,
      };
    }),
  };
}

function repliesOnDisk(cwd: string, base: string): ReadonlySet<string> {
  const replies = TASKS.flatMap((task) => {
    if (!existsSync(join(cwd, base, task, `${task}.journal.jsonl`))) return [];
    return eventsOf(cwd, task, base).flatMap((event) =>
      event.type === "reply" ? [`${task} ${event.iteration}`] : [],
    );
  });
  expect(new Set(replies).size).toBe(replies.length);
  return new Set(replies);
}

function expectNotAskedAgain(log: string, answered: ReadonlySet<string>): void {
  const asked = readFileSync(log, "utf8").split("\n");
  expect(asked.filter((call) => answered.has(call))).toEqual([]);
}

/** Temporary files that a killed process left and no later one removed. */
function leftovers(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".tmp"));
}

const PROGRAMS: ReadonlySet<string> = new Set([SLOW, FAST, FASTEST]);

/** Opens files at random moments, as a person or a report does. `stop` tells what was broken. */
function readAtRandom(folder: string, random: () => number) {
  const broken: string[] = [];
  let isOver = false;
  const work = (async () => {
    while (!isOver) {
      await Bun.sleep(random() * 10);
      const path = randomFile(folder, random);
      if (path !== null) broken.push(...problemOf(path));
    }
  })();
  return {
    async stop(): Promise<readonly string[]> {
      isOver = true;
      await work;
      return broken;
    },
  };
}

function randomFile(folder: string, random: () => number): string | null {
  const pick = (names: readonly string[]): string | undefined => names[Math.floor(random() * names.length)];
  const inside = (path: string): readonly string[] => {
    try {
      return readdirSync(path).filter((name) => !name.startsWith("."));
    } catch {
      return [];
    }
  };
  const first = pick(inside(folder));
  if (first === undefined) return null;
  const second = pick(inside(join(folder, first)));
  return second === undefined ? join(folder, first) : join(folder, first, second);
}

function problemOf(path: string): readonly string[] {
  try {
    const text = readFileSync(path, "utf8");
    if (/\.(json|traj)$/.test(path)) JSON.parse(text);
    else if (path.endsWith(".jsonl")) readJournal(path);
    else if (path.endsWith(".pred") && !PROGRAMS.has(text)) return [`${path} holds '${text}'`];
    return [];
  } catch (error) {
    const gone =
      error instanceof Error && "code" in error && ["ENOENT", "EISDIR"].includes(String(error.code));
    return gone || !existsSync(path) ? [] : [`${path}: ${String(error)}`];
  }
}
