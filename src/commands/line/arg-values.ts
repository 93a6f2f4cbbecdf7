import type { ArgDef } from "citty";
import { isDecimal } from "../../lib/decimal.ts";
import { type NumberBounds, optionsOf } from "./shared.ts";

/** Why an argument does not take a value, or null when it does. */
export function valueProblem(arg: ArgDef, value: string): string | null {
  const options = optionsOf(arg);
  const bounds = boundsOf(arg);
  const fits =
    (options.length === 0 || options.includes(value)) &&
    (bounds === null || (isDecimal(value) && within(Number(value), bounds)));
  return fits ? null : `'${value}' is given; ${wantedOf(arg)} is wanted`;
}

/** What an argument takes, in words. */
export function wantedOf(arg: ArgDef): string {
  const options = optionsOf(arg);
  if (options.length > 0) return `one of ${options.join(", ")}`;
  if ("wanted" in arg) return String(arg.wanted);
  const bounds = boundsOf(arg);
  if (bounds === null) return arg.valueHint === undefined ? "a value" : `a value (${arg.valueHint})`;
  const kind = bounds.integer === true ? "a whole number" : "a number";
  if (bounds.min !== undefined && bounds.max !== undefined)
    return `${kind} from ${bounds.min} to ${bounds.max}`;
  if (bounds.min !== undefined) return `${kind} of at least ${bounds.min}`;
  return bounds.max === undefined ? kind : `${kind} of at most ${bounds.max}`;
}

// --- internal ---

function boundsOf(arg: ArgDef): NumberBounds | null {
  return "number" in arg ? (arg.number as NumberBounds) : null;
}

function within(value: number, { min, max, integer }: NumberBounds): boolean {
  return (
    Number.isFinite(value) &&
    (integer !== true || Number.isSafeInteger(value)) &&
    (min === undefined || value >= min) &&
    (max === undefined || value <= max)
  );
}
