import jstat from "jstat";

/**
 * Quantile of Student's t distribution. Within 1e-7 of the true value (checked against scipy).
 *
 * @param probability Between 0 and 1, both excluded.
 * @param degreesOfFreedom Above 0.
 */
export function studentTQuantile(probability: number, degreesOfFreedom: number): number {
  return jstat.studentt.inv(probability, degreesOfFreedom);
}
