import { expect, test } from "bun:test";
import { studentTQuantile } from "../../src/lib/distributions.ts";
import reference from "../fixtures/statistics/scipy.json";

test("studentTQuantile() agrees with scipy", () => {
  for (const { probability, degrees, quantile } of reference.student) {
    const relative = Math.abs(studentTQuantile(probability, degrees) / quantile - 1);
    expect(relative).toBeLessThan(1e-7);
  }
});
