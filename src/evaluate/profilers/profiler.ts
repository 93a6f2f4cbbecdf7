import type { ProgramSource } from "../../types.ts";

/** Where a program's time went, by one profiler. */
export interface LineProfile {
  /** Source line (from 1) → samples. */
  readonly lines: ReadonlyMap<number, number>;
  /** Samples in all, also those outside of the program's own lines. */
  readonly samples: number;
  /** Further findings, one sentence each. */
  readonly notes: readonly string[];
}

/** One language's way to a profile: a program that runs the given one under a profiler and prints what it found. */
export interface Profiler {
  /** For the reader: "cProfile". */
  readonly name: string;
  /** The program that profiles, in whatever language. Its standard output ends with {@link PROFILE_MARKER} and a report. */
  harness(code: string): ProgramSource;
  /** @throws Error when the report is not understood. */
  read(report: string): LineProfile;
}

/** Stands between what the profiled program printed and the report. */
export const PROFILE_MARKER = "\n@@ profile of this program @@\n";

/** A report that says why there is no profile. */
export class NoProfile extends Error {}

/** Text as base64: the same in every language's string literals. */
export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
