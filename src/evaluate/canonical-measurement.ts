/** What is known of an instance's human programs once they were measured. */
import type { Language } from "../types.ts";
import type { Costs } from "./score.ts";

/** What the numbers depend on beside the programs; another machine or toolchain measures anew. */
export interface CanonicalCircumstances {
  /** The processor's name. */
  readonly cpu: string;
  readonly kernel: string;
  /** What builds and runs the language, such as "Python 3.11.2". */
  readonly toolchain: string;
  readonly isolation: string;
  readonly measurement: string;
}

/** One measured human program. */
export interface HumanMeasurement extends Costs {
  readonly passed: boolean;
  /** Share of tests, 0 to 1. */
  readonly passRate: number;
}

export interface CanonicalMeasurement extends CanonicalCircumstances {
  readonly instanceId: string;
  readonly language: Language;
  /** The human side of the scores; null where the human program failed here or was not measured. */
  readonly costs: Costs;
  readonly runtimeCanonical: HumanMeasurement;
  readonly memoryCanonical: HumanMeasurement;
  readonly runs: number;
  readonly measuredAt: string;
}
