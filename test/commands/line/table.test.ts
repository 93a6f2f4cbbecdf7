import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { checkLine } from "../../../src/commands/line/check-line.ts";
import { COMMANDS, commandNames, loadCommand } from "../../../src/commands/line/table.ts";

/** Far above what a process needs, also on a busy machine. */
setDefaultTimeout(60_000);

/** The words of an example's own command: what follows `perfagent NAME` up to a pipe or a redirection. */
function argumentsOf(example: string): readonly [string, string[]] {
  const command = /perfagent ([^|>]*)/.exec(example)?.[1] ?? "";
  const words = Array.from(command.matchAll(/'([^']*)'|(\S+)/g), (match) => match[1] ?? match[2] ?? "");
  return [words[0] ?? "", words.slice(1)];
}

for (const [name, entry] of Object.entries(COMMANDS)) {
  describe(`perfagent ${name}`, () => {
    test("has examples that it accepts", async () => {
      const { args } = await loadCommand(entry);
      expect(entry.examples.length).toBeGreaterThan(0);
      for (const example of entry.examples) {
        const [command, words] = argumentsOf(example);
        expect(command).toBe(name);
        expect([example, checkLine(args, words).problems]).toEqual([example, []]);
      }
    });

    test("declares arguments that citty reads as meant", async () => {
      const { args } = await loadCommand(entry);
      for (const [flag, arg] of Object.entries(args)) {
        const shown = `--${flag}`;
        expect(shown).toMatch(/^--[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
        // A name that begins with "no-" could never be set: `--no-x` takes `x` back.
        expect(shown).not.toStartWith("--no-");
        expect([shown, arg.type]).not.toEqual([shown, undefined]);
        expect([shown, (arg.description ?? "") !== ""]).toEqual([shown, true]);
        // A default of another type makes citty's parser drop every flag.
        if (arg.default !== undefined) {
          expect([shown, typeof arg.default]).toEqual([shown, arg.type === "boolean" ? "boolean" : "string"]);
        }
      }
    });
  });
}

/** The flags that `run` and `batch` promise, old ones first. */
const PROMISED =
  `config output base-dir max-iterations model log-level trajectory-dir log-dir language opt-target
  early-stop-no-improve initial-code-dir instance-templates-dir max-workers include-other-metrics llm-api-base llm-api-key
  llm-model llm-temp llm-max-output llm-timeout llm-max-retries llm-retry-delay llm-retry-backoff llm-retry-jitter
  llm-log-io llm-log-sanitize mode backend num-runs time-limit memory-limit resume set quiet json max-cost
  max-total-tokens max-time seed`.split(/\s+/);

test("run and batch have every promised flag", async () => {
  for (const [name, own] of [
    ["run", ["instance", "initial-code", "fail-unless-faster"]],
    ["batch", ["instances-dir"]],
  ] as const) {
    const entry = COMMANDS[name];
    const { args } = entry === undefined ? { args: {} } : await loadCommand(entry);
    expect(Object.keys(args)).toEqual(expect.arrayContaining([...PROMISED, ...own]));
  }
});

test("commandNames() has no name twice", () => {
  const all = Object.entries(COMMANDS).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
  expect(new Set(all).size).toBe(all.length);
  expect(commandNames().get("run_batch")).toBe("batch");
});
