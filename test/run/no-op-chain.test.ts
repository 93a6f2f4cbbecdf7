import { expect, test } from "bun:test";
import { recompute } from "../../src/evaluate/decision/index.ts";
import { createFakeSandbox } from "../../src/sandbox/fake.ts";
import { fakeProgram, openFakeRun, wholeAnswer } from "../support/fake-run.ts";

/** A quarter of the passes' spread on a busy machine is normal; this is it. */
const JITTER = 0.08;
const CANDIDATES = 20;
const SEEDS = 20;

/** Different programs that cost the same: nothing but noise tells them apart. */
const program = (label: string): string => fakeProgram({ wallMs: 120, cpuMs: 118, jitter: JITTER }, label);

test(`runInstance() claims nothing after ${CANDIDATES} changes that change nothing, in ${SEEDS} of ${SEEDS} seeds`, async () => {
  const claimed: number[] = [];
  let decisions = 0;
  let kept = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const task = openFakeRun();
    try {
      const { result } = await task.run({
        initial: program("initial"),
        answers: Array.from({ length: CANDIDATES }, (_, index) => wholeAnswer(program(`candidate ${index}`))),
        config: { "optimization.seed": seed },
        sandbox: createFakeSandbox({ seed }),
      });
      if (result.success) claimed.push(seed);
      for (const event of task.events()) {
        if (event.type !== "iteration" || event.comparison === null) continue;
        decisions++;
        const { pairs, criterion, verdict, reason } = event.comparison;
        if (verdict === "faster") kept++;
        // The journal alone is enough to repeat every decision.
        expect(criterion === null ? null : recompute(pairs, criterion)?.decision).toMatchObject({
          verdict,
          reason,
        });
      }
    } finally {
      task.remove();
    }
  }
  expect(decisions).toBe(SEEDS * CANDIDATES);
  expect(claimed).toEqual([]);
  expect(kept / decisions).toBeLessThanOrEqual(0.01);
}, 120_000);
