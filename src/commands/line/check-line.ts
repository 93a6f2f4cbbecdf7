import type { ArgsDef } from "citty";
import { isDecimal } from "../../lib/decimal.ts";
import { nearest } from "../../lib/nearest.ts";
import { valueProblem, wantedOf } from "./arg-values.ts";
import { isMultiple } from "./shared.ts";

/** What the check of a command line came to. */
export interface CheckedLine {
  /** `--help` or `-h` was given: nothing else counts. */
  readonly help: boolean;
  /** Everything wrong, one sentence each; empty when the line can be run. */
  readonly problems: readonly string[];
  /** Flags among the problems that the command does not have, without dashes. */
  readonly unknownFlags: readonly string[];
  /** The same arguments in the one form that citty reads without surprises: `--flag=value`, positionals after `--`. */
  readonly rawArgs: readonly string[];
  /** Values of flags and positionals that may be given several times. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/**
 * Checks a command's arguments against its declaration. citty itself accepts unknown flags, swallows missing values and
 * keeps the last of repeated flags, so nothing reaches it unchecked.
 */
export function checkLine(args: ArgsDef, tokens: readonly string[]): CheckedLine {
  const flags = flagTable(args);
  const problems: string[] = [];
  const unknown: string[] = [];
  const given = new Map<string, string[]>();
  const words: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? "";
    if (token === "--help" || token === "-h") return HELP;
    if (token === "--") {
      words.push(...tokens.slice(i + 1));
      break;
    }
    if (!isFlag(token)) {
      words.push(token);
      continue;
    }
    const flag = readFlag(token, flags);
    const read = readValue(flag, args, tokens[i + 1], flags);
    if (flag.name === null) unknown.push(flag.shown);
    else if (read.value !== null) given.set(flag.name, [...(given.get(flag.name) ?? []), read.value]);
    if (read.problem !== null) problems.push(read.problem);
    if (read.tookNext) i += 1;
  }
  for (const [name, { length }] of given) {
    if (length > 1 && !isMultiple(args[name]))
      problems.push(`--${name} is given ${length} times; once is wanted`);
  }
  const names = Object.keys(flags.byName);
  problems.push(...unknown.map((shown) => unknownFlag(shown, names)));
  problems.push(...placePositionals(args, words, given), ...missing(args, given));
  const unknownFlags = unknown.map((shown) => shown.replace(/^--?/, ""));
  return { help: false, problems, unknownFlags, ...normalize(args, given, words) };
}

// --- internal ---

const HELP: CheckedLine = { help: true, problems: [], unknownFlags: [], rawArgs: [], lists: new Map() };

interface FlagTable {
  /** Declared name → itself; a null-prototype object, so that `--toString` is not found. */
  readonly byName: Readonly<Record<string, string>>;
  /** One-letter alias → declared name. */
  readonly byAlias: Readonly<Record<string, string>>;
}

function flagTable(args: ArgsDef): FlagTable {
  const byName: Record<string, string> = Object.create(null);
  const byAlias: Record<string, string> = Object.create(null);
  for (const [name, arg] of Object.entries(args)) {
    if (arg.type === "positional") continue;
    byName[name] = name;
    const alias = "alias" in arg ? arg.alias : undefined;
    for (const letter of alias === undefined ? [] : [alias].flat()) byAlias[letter] = name;
  }
  return { byName, byAlias };
}

/** A token that is meant as a flag: `-` is a file and `-5` a number. */
function isFlag(token: string): boolean {
  return token.startsWith("-") && token !== "-" && !isDecimal(token);
}

/** A token that cannot be the value of the flag before it. Other words with one dash may be values. */
function looksLikeFlag(token: string, flags: FlagTable): boolean {
  return (
    token.startsWith("--") ||
    token === "-h" ||
    (/^-[A-Za-z]$/.test(token) && flags.byAlias[token.slice(1)] !== undefined)
  );
}

/** A flag as it was written. */
interface WrittenFlag {
  /** Without `=value`. */
  readonly shown: string;
  /** Declared name; null when there is no such flag. */
  readonly name: string | null;
  readonly negated: boolean;
  /** What stands after `=`. */
  readonly inline: string | null;
}

/** What a flag and the token after it say. */
interface ReadValue {
  readonly value: string | null;
  readonly problem: string | null;
  readonly tookNext: boolean;
}

function readFlag(token: string, flags: FlagTable): WrittenFlag {
  const split = token.indexOf("=");
  const shown = split < 0 ? token : token.slice(0, split);
  const inline = split < 0 ? null : token.slice(split + 1);
  const word = shown.replace(/^--?/, "");
  const table = shown.startsWith("--") ? flags.byName : flags.byAlias;
  const direct = table[word];
  if (direct !== undefined) return { shown, name: direct, negated: false, inline };
  const positive = shown.startsWith("--no-") ? flags.byName[word.slice(3)] : undefined;
  return { shown, name: positive ?? null, negated: positive !== undefined, inline };
}

function readValue(flag: WrittenFlag, args: ArgsDef, next: string | undefined, flags: FlagTable): ReadValue {
  const { shown, name, negated, inline } = flag;
  const nothing = { value: null, problem: null, tookNext: false };
  if (name === null) {
    // The word after an unknown flag is most likely its value; complaining about it too would only confuse.
    return { ...nothing, tookNext: inline === null && next !== undefined && !isFlag(next) };
  }
  const arg = args[name] ?? {};
  if (arg.type === "boolean") return { ...nothing, ...readSwitch(flag, name) };
  if (negated) {
    const problem = `${shown} is no switch: only flags without a value can be negated; --${name} takes a value`;
    return { ...nothing, problem };
  }
  const tookNext = inline === null && next !== undefined && !looksLikeFlag(next, flags);
  const value = inline ?? (tookNext ? next : "");
  if (value === "" || value === undefined) {
    const advice =
      next?.startsWith("--") && inline === null ? ` (write ${shown}=${next} if that is the value)` : "";
    return {
      value: null,
      problem: `${shown} is given without its value${advice}; ${wantedOf(arg)} is wanted`,
      tookNext,
    };
  }
  const wrong = valueProblem(arg, value);
  return { value, problem: wrong === null ? null : `${shown}: ${wrong}`, tookNext };
}

function readSwitch(
  { shown, negated, inline }: WrittenFlag,
  name: string,
): Pick<ReadValue, "value" | "problem"> {
  const value = inline === null ? !negated : switchValue(inline);
  if (value !== null && !(negated && inline !== null)) return { value: String(value), problem: null };
  return {
    value: null,
    problem: `${shown} is a switch: '${inline}' is given; --${name} or --no-${name} is wanted`,
  };
}

function switchValue(text: string): boolean | null {
  if (text === "true") return true;
  return text === "false" ? false : null;
}

function unknownFlag(shown: string, names: readonly string[]): string {
  const guess = nearest(shown.replace(/^--?(no-)?/, ""), [...names, "help"]);
  return `there is no flag ${shown}${guess === null ? "" : `; did you mean --${guess}?`}`;
}

function placePositionals(args: ArgsDef, words: readonly string[], given: Map<string, string[]>): string[] {
  const positionals = Object.entries(args).filter(([, arg]) => arg.type === "positional");
  let used = 0;
  for (const [name, arg] of positionals) {
    if (isMultiple(arg)) {
      given.set(name, words.slice(used));
      used = words.length;
    } else if (used < words.length) {
      given.set(name, [words[used] ?? ""]);
      used += 1;
    }
  }
  return words
    .slice(used)
    .map((word) => `there is no place for '${word}': ${expectedWords(positionals.length)}`);
}

function expectedWords(count: number): string {
  if (count === 0)
    return "only flags are taken here (a file goes behind its flag, a switch is set by --flag=false)";
  return `at most ${count} argument${count === 1 ? " is" : "s are"} taken`;
}

function missing(args: ArgsDef, given: ReadonlyMap<string, readonly string[]>): string[] {
  const problems: string[] = [];
  for (const [name, arg] of Object.entries(args)) {
    if ((given.get(name)?.length ?? 0) > 0 || arg.default !== undefined) continue;
    if (arg.type === "positional" && arg.required !== false) {
      problems.push(`${name.toUpperCase()} is missing: ${arg.description ?? "it is wanted"}`);
    } else if (arg.type !== "positional" && arg.required === true)
      problems.push(`--${name} is missing; it is always wanted`);
  }
  return problems;
}

function normalize(
  args: ArgsDef,
  given: ReadonlyMap<string, readonly string[]>,
  words: readonly string[],
): Pick<CheckedLine, "rawArgs" | "lists"> {
  const rawArgs: string[] = [];
  const lists = new Map<string, readonly string[]>();
  for (const [name, arg] of Object.entries(args)) {
    const values = given.get(name) ?? [];
    if (isMultiple(arg)) lists.set(name, values);
    const value = values.at(-1);
    if (arg.type === "positional" || value === undefined) continue;
    if (arg.type === "boolean") rawArgs.push(value === "true" ? `--${name}` : `--no-${name}`);
    else rawArgs.push(`--${name}=${value}`);
  }
  if (words.length > 0) rawArgs.push("--", ...words);
  return { rawArgs, lists };
}
