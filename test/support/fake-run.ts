import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveLayers } from "../../src/config/resolve.ts";
import type { Config } from "../../src/config/schema.ts";
import type { JournalEvent } from "../../src/events.ts";
import { parseInstance } from "../../src/instance.ts";
import { createBudget } from "../../src/model/budget.ts";
import { createGovernor } from "../../src/model/governor.ts";
import { readJournal } from "../../src/record/journal.ts";
import type { RunOutcome } from "../../src/run/outputs.ts";
import { initialCodeOf, runTask } from "../../src/run/task.ts";
import { bookOnce, type Workshop } from "../../src/run/workshop.ts";
import { createFakeSandbox } from "../../src/sandbox/fake.ts";
import type { Logger, Sandbox } from "../../src/types.ts";

/** A program for the scripted sandbox; `label` makes its text its own. */
export function fakeProgram(behaviour: Readonly<Record<string, unknown>>, label = ""): string {
  return `# perfagent-fake: ${JSON.stringify({ stdout: "3\n", ...behaviour })}\nprint("${label}")\n`;
}

/** An answer that replaces the whole program. */
export function wholeAnswer(program: string): string {
  return `Here it is.\n\n\`\`\`python\n${program}\`\`\`\n`;
}

export const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface FakeRunOptions {
  readonly answers: readonly (string | Readonly<Record<string, unknown>>)[];
  /** Null starts from the placeholder. */
  readonly initial?: string | null;
  /** Configuration keys on top of the defaults, in nested spelling. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly start?: "new" | "resume" | "restart";
  readonly instance?: Readonly<Record<string, unknown>>;
  readonly sandbox?: Sandbox;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: JournalEvent) => void;
}

export interface FakeRun {
  readonly folder: string;
  run(options: FakeRunOptions): Promise<RunOutcome>;
  /** Events of the task's journal. */
  events(): readonly JournalEvent[];
  file(name: string): string;
  remove(): void;
}

/** Runs of one task in one folder: everything is real but the sandbox, which is the scripted one. */
export function openFakeRun(taskName = "task"): FakeRun {
  const folder = mkdtempSync(join(tmpdir(), "perfagent-run-"));
  const journalPath = join(folder, "out", taskName, `${taskName}.journal.jsonl`);
  return {
    folder,
    async run(options) {
      const answers = join(folder, "answers.jsonl");
      writeFileSync(answers, `${options.answers.map((answer) => JSON.stringify(answer)).join("\n")}\n`);
      const config = testConfig({
        "model.name": `replay:${answers}`,
        max_iterations: options.answers.length,
        "optimization.code_generation_mode": "direct",
        "optimization.held_out_tests": 0,
        "optimization.seed": 1,
        "runtime.num_runs": 2,
        ...options.config,
      });
      const instance = parseInstance(
        JSON.stringify({
          description: "Print three.",
          generated_tests: [
            { input: "1\n", output: "3" },
            { input: "2\n", output: "3" },
          ],
          ...options.instance,
        }),
        `${taskName}.json`,
      );
      const initial =
        options.initial === undefined ? fakeProgram({ wallMs: 300 }, "initial") : options.initial;
      return await runTask(
        {
          config,
          instance,
          language: "python3",
          initial: initialCodeOf(
            config,
            instance,
            "python3",
            initial === null ? null : { bytes: Buffer.from(initial), name: "initial" },
          ),
          baseDir: join(folder, "out"),
          start: options.start ?? "new",
          workshop: fakeWorkshop(folder, options.sandbox ?? createFakeSandbox()),
          openLog: () => SILENT,
          ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
        },
        options.signal ?? new AbortController().signal,
      );
    },
    events: () => readJournal(journalPath).events,
    file: (name) => readFileSync(join(folder, "out", taskName, name), "utf8"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The defaults with some keys set, in nested spelling. */
export function testConfig(values: Readonly<Record<string, unknown>>): Config {
  const layer = Object.entries(values).map(([name, value]) => ({
    name,
    value,
    source: { kind: "flag" as const, flag: "test" },
  }));
  const { config, problems } = resolveLayers([layer]);
  if (config === null) throw new Error(JSON.stringify(problems));
  return config;
}

// --- internal ---

function fakeWorkshop(folder: string, sandbox: Sandbox): Workshop {
  const budget = createBudget({ maxCostUsd: null, maxTotalTokens: null, maxTimeMs: null });
  return {
    sandbox,
    checkerSandbox: sandbox,
    environment: {},
    workingDirectory: folder,
    budget,
    bookEarlier: bookOnce(budget),
    governor: createGovernor({ requestsPerMinute: null, tokensPerMinute: null, maxConcurrency: null }),
    close: async () => {},
  };
}
