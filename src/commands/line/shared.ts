import type { ArgDef, ArgsDef, PositionalArgDef, StringArgDef } from "citty";
import { PerfagentError } from "../../errors.ts";

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
  /** What is allowed, in words, where the value is checked later. */
  readonly wanted?: string;
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

/** The error for one or several problems of a command line. */
export function usageError(command: string, problems: readonly string[], advice = ""): PerfagentError {
  const [first = ""] = problems;
  const what = `Cannot run '${command}'`;
  const message =
    problems.length === 1
      ? `${what}: ${first}`
      : `${what}:\n${problems.map((line) => `  ${line}`).join("\n")}`;
  return new PerfagentError("usage", message, { hint: `${advice}See '${command} --help'` });
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
