import type { ArgDef, ArgsDef, PositionalArgDef, StringArgDef } from "citty";
import { PerfagentError } from "../errors.ts";
import { nearest } from "../lib/nearest.ts";

/** Bounds of a flag that takes a number, inclusive. */
export interface NumberBounds {
  readonly min?: number;
  readonly max?: number;
  /** Whether only whole numbers are allowed. Default: false. */
  readonly integer?: boolean;
}

/** What this layer knows of an argument beyond what citty declares. */
export interface StrictArg {
  /** May be given several times (a flag), or takes all that is left (a positional). Its value is a string array. */
  readonly multiple?: true;
  readonly number?: NumberBounds;
  /** Heading of the help text that it is listed under. Default: "Options". */
  readonly group?: string;
}

/** A flag that may be given several times; read it with {@link listOf}. */
export function listArg(definition: Omit<StringArgDef, "type">): StringArgDef & StrictArg {
  return { ...definition, type: "string", multiple: true };
}

/** A positional that takes everything that is left; read it with {@link listOf}. */
export function restArg(definition: Omit<PositionalArgDef, "type">): PositionalArgDef & StrictArg {
  return { ...definition, type: "positional", multiple: true };
}

/** A flag that takes a number within bounds; read it with {@link numberOf}. */
export function numberArg(definition: Omit<StringArgDef, "type"> & NumberBounds): StringArgDef & StrictArg {
  const { min, max, integer, ...rest } = definition;
  const number = {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(integer === undefined ? {} : { integer }),
  };
  return { ...rest, type: "string", number };
}

/** The values of a {@link listArg} or {@link restArg}; empty when it was not given. */
export function listOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" && value !== "" ? [value] : [];
}

/** The value of a {@link numberArg}; null when it was not given. */
export function numberOf(value: unknown): number | null {
  return typeof value === "string" && value !== "" ? Number(value) : null;
}

/** A command line that has passed every check. */
export interface CheckedLine {
  /** `--help` or `-h` was given: nothing else was checked. */
  readonly help: boolean;
  /** The same arguments in the one form that citty reads without surprises: `--flag=value`, positionals after `--`. */
  readonly rawArgs: readonly string[];
  /** Values of flags and positionals that may be given several times. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/**
 * Checks a command's arguments against its declaration. citty itself accepts unknown flags, swallows missing values and
 * keeps the last of repeated flags, so nothing reaches it unchecked.
 *
 * @param command What the user typed, for messages: "perfagent run".
 * @throws PerfagentError `usage` naming every problem.
 */
export function checkLine(command: string, args: ArgsDef, tokens: readonly string[]): CheckedLine {
  const flags = flagTable(args);
  const positionals = Object.entries(args).filter(([, arg]) => arg.type === "positional");
  const problems: string[] = [];
  const unknown: string[] = [];
  const given = new Map<string, string[]>();
  const words: string[] = [];
  const take = (name: string, value: string) => {
    const values = given.get(name) ?? [];
    given.set(name, [...values, value]);
  };

  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? "";
    const next = tokens[i + 1];
    if (token === "--") {
      words.push(...tokens.slice(i + 1));
      break;
    }
    if (token === "--help" || token === "-h") return { help: true, rawArgs: [], lists: new Map() };
    if (!isFlag(token)) {
      words.push(token);
      continue;
    }
    const { shown, name, negated, inline } = readFlag(token, flags);
    if (name === null) {
      unknown.push(shown);
      // The word after an unknown flag is most likely its value; complaining about it too would only confuse.
      if (inline === null && next !== undefined && !isFlag(next)) i += 1;
      continue;
    }
    const arg = args[name] ?? {};
    if (arg.type === "boolean") {
      const value = inline === null ? !negated : switchValue(inline);
      if (value === null || (negated && inline !== null)) {
        problems.push(`${shown} is a switch: '${inline}' is given; ${shown} or --no-${name} is wanted`);
      } else take(name, String(value));
      continue;
    }
    if (negated) {
      problems.push(
        `${shown} is no switch: only flags without a value can be negated; --${name} takes a value`,
      );
      continue;
    }
    const value = inline ?? (next !== undefined && !looksLikeFlag(next, flags) ? next : null);
    if (value === null || value === "") {
      const hint =
        inline === null && next?.startsWith("--") ? ` (write ${shown}=${next} if that is the value)` : "";
      problems.push(`${shown} is given without its value${hint}; ${wantedOf(arg)} is wanted`);
      if (inline === null && value === "") i += 1;
      continue;
    }
    if (inline === null) i += 1;
    const wrong = valueProblem(arg, value);
    if (wrong !== null) problems.push(`${shown}: ${wrong}`);
    take(name, value);
  }

  for (const [name, values] of given) {
    if (values.length > 1 && !isMultiple(args[name]))
      problems.push(`--${name} is given ${values.length} times; once is wanted`);
  }
  for (const shown of unknown) problems.push(unknownFlag(shown, Object.keys(flags.byName)));
  problems.push(...placePositionals(positionals, words, given), ...missing(args, given));
  if (problems.length > 0) throw usageError(command, problems);
  return normalize(args, given, words);
}

/** The error for one or several problems of a command line. */
export function usageError(command: string, problems: readonly string[]): PerfagentError {
  const [first = ""] = problems;
  const message =
    problems.length === 1
      ? `Cannot run '${command}': ${first}`
      : `Cannot run '${command}':\n${problems.map((line) => `  ${line}`).join("\n")}`;
  return new PerfagentError("usage", message, { hint: `See '${command} --help'` });
}

/** Names of all flags of a declaration, without dashes. */
export function flagNames(args: ArgsDef): string[] {
  return Object.entries(args)
    .filter(([, arg]) => arg.type !== "positional")
    .map(([name]) => name);
}

/** Allowed values of an argument that has a fixed set of them. */
export function optionsOf(arg: ArgDef): readonly string[] {
  return "options" in arg && Array.isArray(arg.options) ? arg.options : [];
}

export function isMultiple(arg: ArgDef | undefined): boolean {
  return arg !== undefined && "multiple" in arg && arg.multiple === true;
}

// --- internal ---

interface FlagTable {
  /** Declared name → itself; a null-prototype object, so that `--toString` is not found. */
  readonly byName: Readonly<Record<string, string>>;
  /** One-letter alias → declared name. */
  readonly byAlias: Readonly<Record<string, string>>;
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

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
  return token.startsWith("-") && token !== "-" && !DECIMAL.test(token);
}

/** A token that cannot be the value of the flag before it. Other words with one dash may be values. */
function looksLikeFlag(token: string, flags: FlagTable): boolean {
  return (
    token.startsWith("--") ||
    token === "-h" ||
    (/^-[A-Za-z]$/.test(token) && flags.byAlias[token.slice(1)] !== undefined)
  );
}

function readFlag(token: string, flags: FlagTable) {
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

function switchValue(text: string): boolean | null {
  if (text === "true") return true;
  return text === "false" ? false : null;
}

function boundsOf(arg: ArgDef): NumberBounds | null {
  return "number" in arg ? (arg.number as NumberBounds) : null;
}

function valueProblem(arg: ArgDef, value: string): string | null {
  const options = optionsOf(arg);
  const bounds = boundsOf(arg);
  const fits =
    (options.length === 0 || options.includes(value)) &&
    (bounds === null || (DECIMAL.test(value) && within(Number(value), bounds)));
  return fits ? null : `'${value}' is given; ${wantedOf(arg)} is wanted`;
}

function within(value: number, { min, max, integer }: NumberBounds): boolean {
  return (
    Number.isFinite(value) &&
    (integer !== true || Number.isSafeInteger(value)) &&
    (min === undefined || value >= min) &&
    (max === undefined || value <= max)
  );
}

function wantedOf(arg: ArgDef): string {
  const options = optionsOf(arg);
  if (options.length > 0) return `one of ${options.join(", ")}`;
  const bounds = boundsOf(arg);
  if (bounds === null) return arg.valueHint === undefined ? "a value" : `a value (${arg.valueHint})`;
  const kind = bounds.integer === true ? "a whole number" : "a number";
  if (bounds.min !== undefined && bounds.max !== undefined)
    return `${kind} from ${bounds.min} to ${bounds.max}`;
  if (bounds.min !== undefined) return `${kind} of at least ${bounds.min}`;
  return bounds.max === undefined ? kind : `${kind} of at most ${bounds.max}`;
}

function unknownFlag(shown: string, names: readonly string[]): string {
  const guess = nearest(shown.replace(/^--?(no-)?/, ""), [...names, "help"]);
  return `there is no flag ${shown}${guess === null ? "" : `; did you mean --${guess}?`}`;
}

function placePositionals(
  positionals: readonly (readonly [string, ArgDef])[],
  words: readonly string[],
  given: Map<string, string[]>,
): string[] {
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
): CheckedLine {
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
  return { help: false, rawArgs, lists };
}
