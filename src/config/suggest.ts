import { nearest } from "../lib/nearest.ts";
import { KEYS, SECTIONS, spellings } from "./keys.ts";

/** Why a key is refused, with the nearest valid one. */
export function unknownKey(name: string): string {
  const guess = likelyKey(name);
  return `there is no such key${guess === null ? "" : `; did you mean '${guess}'?`}`;
}

// --- internal ---

/** The likeliest: a similar name in the same section, the same or a similar name elsewhere, a similar whole spelling. */
function likelyKey(name: string): string | null {
  const dot = name.lastIndexOf(".");
  const last = name.slice(dot + 1);
  const section = name.slice(0, Math.max(0, dot));
  const knownSection = SECTIONS.has(section) ? section : nearest(section, SECTIONS);
  const inside = KEYS.filter(
    (key) => knownSection !== null && key.path.slice(0, -1).join(".") === knownSection,
  );
  const sibling = nearest(last, inside.map(lastName));
  if (sibling !== null && knownSection !== null) return `${knownSection}.${sibling}`;
  const whole = nearest(name, [...SECTIONS, ...spellings()]);
  const elsewhere = KEYS.find((key) => lastName(key) === last)?.name;
  return elsewhere ?? whole ?? likelyElsewhere(last);
}

function likelyElsewhere(last: string): string | null {
  const guess = nearest(last, KEYS.map(lastName));
  return KEYS.find((key) => lastName(key) === guess)?.name ?? null;
}

function lastName({ path }: { readonly path: readonly string[] }): string {
  return path.at(-1) ?? "";
}
