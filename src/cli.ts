/**
 * The command line: which command is meant, its arguments checked, and the one catch where a failure becomes a message
 * and an exit code. Nothing heavy is imported here: `--help` and `--version` must answer at once.
 */
import type { ArgsDef } from "citty";
import { commandHelp, rootHelp } from "./commands/help.ts";
import { interruptSignal, isOutputAbandoned, listenForInterrupts } from "./commands/interrupt.ts";
import { redactSecrets } from "./commands/secrets.ts";
import { checkLine, flagNames, usageError } from "./commands/shared.ts";
import { writeStdout } from "./commands/stdout.ts";
import { COMMANDS, commandNames, loadCommand } from "./commands/table.ts";
import { EXIT_CODES, interruptedError, PerfagentError } from "./errors.ts";
import { nearest } from "./lib/nearest.ts";
import { VERSION } from "./version.ts";

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
listenForInterrupts();
try {
  await main(process.argv.slice(2));
  process.exit();
} catch (error) {
  fail(error);
}

// --- internal ---

async function main(tokens: readonly string[]): Promise<void> {
  const [first, ...rest] = tokens;
  if (first === undefined) return writeStdout(rootHelp(process.stdout.columns));
  if (first === "--version" || first === "-v") return writeStdout(`${VERSION}\n`);
  if (first === "--help" || first === "-h" || first === "help") {
    const [name] = rest.filter((token) => !token.startsWith("-"));
    return name === undefined
      ? writeStdout(rootHelp(process.stdout.columns))
      : runCommand(commandNamed(name), ["--help"]);
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
  const line = await checkWithOwners(name, args, tokens);
  if (line.help) return writeStdout(commandHelp(name, entry, args, process.stdout.columns));
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

/** Checks a line; where a flag belongs to another command, the error says to which. */
async function checkWithOwners(name: string, args: ArgsDef, tokens: readonly string[]) {
  try {
    return checkLine(`perfagent ${name}`, args, tokens);
  } catch (error) {
    if (!(error instanceof PerfagentError)) throw error;
    const owners = await ownersOf(error.message, name);
    if (owners.length === 0) throw error;
    throw new PerfagentError("usage", error.message, { hint: `${owners.join("; ")}. ${error.hint}` });
  }
}

/** Which other commands have the flags that a message calls unknown. */
async function ownersOf(message: string, name: string): Promise<string[]> {
  const unknown = Array.from(message.matchAll(/there is no flag --([\w-]+)/g), (match) => match[1] ?? "");
  const owners: string[] = [];
  for (const flag of unknown) {
    const having: string[] = [];
    for (const [other, entry] of Object.entries(COMMANDS)) {
      if (other === name) continue;
      const { args } = await loadCommand(entry);
      if (flagNames(args).includes(flag)) having.push(`'perfagent ${other}'`);
    }
    if (having.length > 0) owners.push(`--${flag} is a flag of ${having.join(", ")}`);
  }
  return owners;
}

/** The one place where a failure becomes a message and an exit code. */
function fail(thrown: unknown): never {
  if (isOutputAbandoned()) process.exit();
  const aborted = interruptSignal.aborted && thrown instanceof Error && thrown.name === "AbortError";
  const error = aborted ? interruptedError() : thrown;
  if (error instanceof PerfagentError) {
    say(`error: ${error.message}`);
    if (error.hint !== "") say(`hint: ${error.hint}`);
    if (wantsDebug() && error.cause instanceof Error) say(error.cause.stack ?? "");
    process.exit(error.exitCode);
  }
  const summary = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  say(`error: perfagent has failed because of a bug of its own: ${summary}`);
  if (wantsDebug() && error instanceof Error) say(error.stack ?? "");
  else say("hint: Please report it, with the output of the same command and --log-level DEBUG");
  process.exit(EXIT_CODES.bug);
}

function say(line: string): void {
  process.stderr.write(`${redactSecrets(line)}\n`);
}

function wantsDebug(): boolean {
  const at = process.argv.indexOf("--log-level");
  return (
    (process.argv[at + 1] === "DEBUG" && at > 0) ||
    process.argv.includes("--log-level=DEBUG") ||
    process.env.PERFAGENT_LOG_LEVEL === "DEBUG"
  );
}
