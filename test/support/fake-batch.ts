import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JournalEvent } from "../../src/events.ts";
import { readJournal } from "../../src/record/journal.ts";
import { fakeProgram, wholeAnswer } from "./fake-run.ts";

/** Programs and answers that every task of a scripted batch gets: a miss, a wrong one, and two that are faster. */
export const SLOW = fakeProgram({ wallMs: 300 }, "slow");
export const FAST = fakeProgram({ wallMs: 100 }, "fast");
export const FASTEST = fakeProgram({ wallMs: 20 }, "fastest");
export const WRONG = fakeProgram({ stdout: "4\n" }, "wrong");
export const ANSWERS: readonly string[] = [
  "no code at all",
  wholeAnswer(WRONG),
  wholeAnswer(FAST),
  wholeAnswer(FASTEST),
];

/** The text of an instance whose statement names it. */
export function instanceText(name: string, more: Readonly<Record<string, unknown>> = {}): string {
  const tests = [
    { input: "1\n", output: "3" },
    { input: "2\n", output: "3" },
  ];
  return JSON.stringify({ description: `Print three. Task ${name}.`, generated_tests: tests, ...more });
}

/** Makes `instances/<name>.json`, `initial/<name>.py` with the slow program, and `answers.jsonl`. */
export function writeFakeBatch(folder: string, names: readonly string[]): void {
  mkdirSync(join(folder, "instances"), { recursive: true });
  mkdirSync(join(folder, "initial"), { recursive: true });
  for (const name of names) {
    writeFileSync(join(folder, "instances", `${name}.json`), instanceText(name));
    writeFileSync(join(folder, "initial", `${name}.py`), SLOW);
  }
  writeFileSync(
    join(folder, "answers.jsonl"),
    `${ANSWERS.map((answer) => JSON.stringify(answer)).join("\n")}\n`,
  );
}

/** Arguments of a batch of such a folder in the scripted sandbox; later ones are added by the caller. */
export const FAKE_BATCH: readonly string[] = [
  "batch",
  "--initial-code-dir",
  "initial",
  "--mode",
  "direct",
  "--base-dir",
  "out",
  ...["backend=fake", "held_out_tests=0", "seed=1"].flatMap((setting) => ["--set", setting]),
];

export const FROM_FOLDER: readonly string[] = ["--instances-dir", "instances"];
export const REPLAYED: readonly string[] = ["--model", "replay:answers.jsonl", "--max-iterations", "4"];

/** Source of a client that asks nobody: it answers as {@link ANSWERS} by the round that the prompt is for. */
export function clientSource(body = ""): string {
  return `import { appendFileSync } from "node:fs";
const answers = ${JSON.stringify(ANSWERS)};
export default () => ({
  async complete(messages, signal) {
    const text = messages.at(-1).content;
    const task = /Task (\\w+)\\./.exec(messages.map((message) => message.content).join("\\n"))[1];
    const rounds = [...text.matchAll(/Round (\\d+): /g)].map((match) => Number(match[1]));
    const round = Math.max(0, ...rounds) + 1;
    ${body}
    return { text: answers[(round - 1) % answers.length], usage: { promptTokens: 100, completionTokens: 50 } };
  },
});
`;
}

/** The summary that a batch left in its folder. */
export function summaryIn(folder: string, name = "batch.json") {
  return JSON.parse(readFileSync(join(folder, "out", name), "utf8"));
}

export function eventsOf(folder: string, task: string, base = "out"): readonly JournalEvent[] {
  return readJournal(join(folder, base, task, `${task}.journal.jsonl`)).events;
}

/** What must be equal however often a batch was interrupted: messages, replies, programs, edits, verdicts. */
export function essenceOf(events: readonly JournalEvent[]): readonly unknown[] {
  return events.flatMap((event): readonly unknown[] => {
    switch (event.type) {
      case "reply":
        return [{ round: event.iteration, messages: event.messages, reply: event.completion.text }];
      case "iteration":
        return [
          {
            round: event.iteration,
            verdict: event.verdict,
            code: event.code,
            edits: event.edits,
            base: event.baseSha256,
          },
        ];
      default:
        return [];
    }
  });
}
