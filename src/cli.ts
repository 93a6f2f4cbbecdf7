/**
 * The command line: which command is meant, its arguments checked, and the one catch where a failure becomes a message
 * and an exit code. Nothing heavy is imported here: `--help` and `--version` must answer at once.
 */

import { checkLine } from "./commands/line/check-line.ts";
import { describeFailure, wantsStacks } from "./commands/line/failure.ts";
import { commandHelp, rootHelp } from "./commands/line/help.ts";
import { flagNames, usageError } from "./commands/line/shared.ts";
import { COMMANDS, commandNames, loadCommand } from "./commands/line/table.ts";
import { interruptSignal, isOutputAbandoned, listenForInterrupts } from "./commands/process/interrupt.ts";
import { redactSecrets } from "./commands/process/secrets.ts";
import { writeStderr } from "./commands/process/stderr.ts";
import { writeStdout } from "./commands/process/stdout.ts";
import { interruptedError } from "./errors.ts";
import { nearest } from "./lib/nearest.ts";
import { VERSION } from "./version.ts";

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
listenForInterrupts();
try {
  await main(process.argv.slice(2));
  // A command that came to its end although it was interrupted did not do all it was asked for, unless it says so itself.
  if (interruptSignal.aborted && process.exitCode === undefined) throw interruptedError();
  process.exit();
} catch (error) {
  fail(error);
}

// --- internal ---

async function main(tokens: readonly string[]): Promise<void> {
  const [first, ...rest] = tokens;
  if (first === undefined) return writeStdout(rootHelp());
  if (first === "--version" || first === "-v") return writeStdout(`${VERSION}\n`);
  if (first === "--help" || first === "-h" || first === "help") {
    const [name] = rest.filter((token) => !token.startsWith("-"));
    return name === undefined ? writeStdout(rootHelp()) : runCommand(commandNamed(name), ["--help"]);
  }
  if (!first.startsWith("-")) return runCommand(commandNamed(first), rest);
  return runCommand(impliedCommand(first, tokens), tokens);
}

function commandNamed(word: string): string {
  const names = commandNames();
  const name = names.get(word);
  if (name !== undefined) return name;
  const guess = nearest(word, names.keys());
  throw usageError("perfagent", [
    `there is no command '${word}'${guess === null ? `; there are ${Object.keys(COMMANDS).join(", ")}` : `; did you mean '${guess}'?`}`,
  ]);
}

/** The command of a line that starts with a flag: `--instance` means `run`, `--instances-dir` means `batch`. */
function impliedCommand(first: string, tokens: readonly string[]): string {
  const end = tokens.indexOf("--");
  const flags = (end < 0 ? tokens : tokens.slice(0, end)).map((token) => token.split("=")[0] ?? "");
  if (flags.includes("--instances-dir")) return "batch";
  if (flags.includes("--instance")) return "run";
  const shown = first.split("=")[0] ?? "";
  const guess = nearest(shown, ["--instance", "--instances-dir", "--help", "--version"]);
  throw usageError("perfagent", [
    guess === null
      ? `a command is wanted before ${shown} (or --instance FILE, which means run)`
      : `there is no flag ${shown} without a command; did you mean ${guess}?`,
  ]);
}

async function runCommand(name: string, tokens: readonly string[]): Promise<void> {
  const entry = COMMANDS[name];
  if (entry === undefined) throw new TypeError(`The command ${name} is not in the table`);
  const { command, args } = await loadCommand(entry);
  const line = checkLine(args, tokens);
  if (line.help) return writeStdout(commandHelp(name, entry, args));
  if (line.problems.length > 0) {
    throw usageError(`perfagent ${name}`, line.problems, await ownersOf(line.unknownFlags, name));
  }
  const { runCommand: runWithCitty } = await import("citty");
  const strict = {
    ...command,
    run: (context: Parameters<NonNullable<typeof command.run>>[0]) => {
      for (const [list, values] of line.lists) Object.assign(context.args, { [list]: values });
      return command.run?.(context);
    },
  };
  await runWithCitty(strict, { rawArgs: [...line.rawArgs] });
}

/** Which other commands have the flags that this one does not: "--port is a flag of 'perfagent serve'. ". */
async function ownersOf(flags: readonly string[], name: string): Promise<string> {
  const owners = new Map<string, string[]>();
  for (const [other, entry] of Object.entries(flags.length === 0 ? {} : COMMANDS)) {
    if (other === name) continue;
    const known = flagNames((await loadCommand(entry)).args);
    for (const flag of flags.filter((each) => known.includes(each))) {
      owners.set(flag, [...(owners.get(flag) ?? []), `'perfagent ${other}'`]);
    }
  }
  return Array.from(owners, ([flag, commands]) => `--${flag} is a flag of ${commands.join(", ")}. `).join("");
}

/** The one place where a failure becomes a message and an exit code. */
function fail(thrown: unknown): never {
  if (isOutputAbandoned()) process.exit();
  const aborted = interruptSignal.aborted && thrown instanceof Error && thrown.name === "AbortError";
  const debug = wantsStacks(process.argv, process.env);
  const { lines, exitCode } = describeFailure(aborted ? interruptedError() : thrown, debug);
  writeStderr(redactSecrets(`${lines.join("\n")}\n`));
  process.exit(exitCode);
}
