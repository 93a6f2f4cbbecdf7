/** A stream of numbers in [0, 1). */
export type Random = () => number;

/**
 * A seeded stream of uniform numbers (sfc32 by Chris Doty-Humphrey: passes PractRand; not for secrets). The same seed
 * gives the same stream on every machine.
 *
 * @param seed Any finite number; its integer part modulo 2⁵³ counts.
 */
export function createRandom(seed: number): Random {
  const whole = Math.abs(Math.trunc(seed)) % 2 ** 53;
  let a = whole | 0;
  let b = Math.floor(whole / 2 ** 32) | 0;
  let c = seed < 0 ? 1 : 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // Its author's warm-up: after twelve rounds seeds that differ in one bit give unrelated streams.
  for (let round = 0; round < 12; round++) next();
  return next;
}

/**
 * A seed for one part of a whole that has its own, so that parts neither share nor shift each other's numbers.
 *
 * @param label Names the part, such as "confirmation" or "candidate 3".
 * @returns An integer from 0 to 2³² − 1.
 */
export function deriveSeed(seed: number, label: string): number {
  // FNV-1a over the text: one line, and stable across versions of the runtime.
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${seed}/${label}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

/** A seed that nobody could foresee: an integer from 0 to 2³² − 1. */
export function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
