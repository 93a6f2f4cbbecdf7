/**
 * Held-out tests: the winner of a search meets inputs that neither it nor the model ever saw. A program that is fast
 * because it contains the given tests' answers fails here.
 *
 * What counts as right: the generator's own output, judged by the instance's checker. Where the initial program, which
 * passes the given tests, disagrees with the generator, one of the two is wrong and nobody here can say which; agreeing
 * with either is then enough.
 */
import { PerfagentError } from "../errors.ts";
import type { Evaluation, Instance, TestCase, TestResult } from "../types.ts";
import { generateTests } from "./generate-tests.ts";
import { createEvaluator, type EvaluatorOptions } from "./index.ts";

export interface HeldOutOptions extends EvaluatorOptions {
  /** A program that is trusted because it was given and passes the given tests: the initial one. Null without one. */
  readonly reference: string | null;
  /** New tests wanted. */
  readonly count: number;
  /** Fresh, so that nobody can know the inputs; recorded, so that they can be made again. */
  readonly seed: number;
}

/** What became of one program. */
export interface HeldOutCheck {
  /** New tests tried; 0 when none could be made. */
  readonly tests: number;
  /** Tests on which the program agrees neither with the generator nor with the reference. */
  readonly failed: number;
  readonly seed: number;
  /** Why the program fails, why nothing could be checked, or why less than wanted; empty otherwise. */
  readonly message: string;
  /** On the new tests; null when there are none. */
  readonly evaluation: Evaluation | null;
}

export interface HeldOut {
  /**
   * Checks a program that passes the given tests. The new tests are made once, at the first check.
   * @throws PerfagentError `interrupted` when aborted, `backend` when the sandbox or the checker fails.
   */
  check(code: string, signal: AbortSignal): Promise<HeldOutCheck>;
}

/** Makes the check of one run; nothing runs before the first program is checked. */
export function createHeldOut(options: HeldOutOptions): HeldOut {
  const { instance, seed, count } = options;
  const sandbox = options.checkerSandbox ?? options.sandbox;
  let material: Material | null = null;

  async function prepare(signal: AbortSignal): Promise<Material> {
    const { tests, message } = await generateTests({ instance, sandbox, count, seed, signal });
    const referenceOutputs = tests.length === 0 ? new Map() : await disputedOutputs(options, tests, signal);
    return { tests, message, referenceOutputs };
  }

  return {
    async check(code, signal) {
      material ??= await prepare(signal);
      const { tests, message } = material;
      const nothing = { tests: 0, failed: 0, seed, evaluation: null };
      if (tests.length === 0) return { ...nothing, message: `no held-out tests: ${message}` };
      const { evaluation, failing } = await tryProgram(options, code, material, signal);
      const reason = failing.length === 0 ? message : reasonOf(instance, code, failing, tests.length, seed);
      return { tests: tests.length, failed: failing.length, seed, message: reason, evaluation };
    },
  };
}

// --- internal ---

interface Material {
  readonly tests: readonly TestCase[];
  /** Why there are fewer tests than wanted; empty otherwise. */
  readonly message: string;
  /** Test index → what the reference printed there although the checker does not accept it. */
  readonly referenceOutputs: ReadonlyMap<number, string>;
}

async function disputedOutputs(
  options: HeldOutOptions,
  tests: readonly TestCase[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  if (options.reference === null) return new Map();
  const evaluation = await evaluateOn(options, tests, options.reference, signal);
  const disputed = evaluation.tests.filter((test) => test.status === "wrong_answer" && !test.stdoutTruncated);
  return new Map(disputed.map(({ index, stdout }) => [index, stdout]));
}

async function tryProgram(
  options: HeldOutOptions,
  code: string,
  { tests, referenceOutputs }: Material,
  signal: AbortSignal,
): Promise<{ evaluation: Evaluation; failing: readonly TestResult[] }> {
  const evaluation = await evaluateOn(options, tests, code, signal);
  const failing = evaluation.tests.filter(({ status }) => status !== "passed");
  const disputed = failing.filter(
    ({ index, status }) => status === "wrong_answer" && referenceOutputs.has(index),
  );
  if (disputed.length === 0) return { evaluation, failing };
  const again = disputed.map(({ index }) => ({
    input: tests[index]?.input ?? "",
    output: referenceOutputs.get(index) ?? "",
  }));
  const second = await evaluateOn(options, again, code, signal);
  const agreed = new Set(
    disputed.flatMap(({ index }, position) => (passedAt(second, position) ? [index] : [])),
  );
  return { evaluation, failing: failing.filter(({ index }) => !agreed.has(index)) };
}

function passedAt(evaluation: Evaluation, index: number): boolean {
  return evaluation.tests[index]?.status === "passed";
}

async function evaluateOn(
  options: HeldOutOptions,
  tests: readonly TestCase[],
  code: string,
  signal: AbortSignal,
): Promise<Evaluation> {
  const evaluator = await createEvaluator({ ...options, instance: { ...options.instance, tests } });
  try {
    const evaluation = await evaluator.evaluate(code, { timedPasses: 0 }, signal);
    const ours = evaluation.tests.find(({ status }) => status === "sandbox_error");
    if (ours === undefined) return evaluation;
    throw new PerfagentError(
      "backend",
      `Cannot run the held-out tests: the sandbox failed (${ours.message})`,
      {
        hint: "Run 'perfagent doctor' to see what works on this machine",
      },
    );
  } finally {
    await evaluator.close();
  }
}

function reasonOf(
  instance: Instance,
  code: string,
  failing: readonly TestResult[],
  total: number,
  seed: number,
): string {
  const [first] = failing;
  const what = `it passes all given tests, but fails ${failing.length} of ${total} new ones (seed ${seed}`;
  const detail = first === undefined ? ")" : `; first: ${first.status.replaceAll("_", " ")})`;
  return containsTests(instance, code)
    ? `${what}${detail}: its source holds the given tests themselves`
    : `${what}${detail}`;
}

/** A text shorter than this is found in any program by chance. */
const TELLING_CHARACTERS = 4;

/** True when most of the given tests' inputs or expected outputs, those long enough to tell, stand in the source. */
function containsTests(instance: Instance, code: string): boolean {
  return [instance.tests.map(({ output }) => output), instance.tests.map(({ input }) => input)].some(
    (texts) => {
      const telling = [...new Set(texts.map((text) => text.trim()))].filter(
        (text) => text.length >= TELLING_CHARACTERS,
      );
      const found = telling.filter(
        (text) => code.includes(text) || code.includes(JSON.stringify(text).slice(1, -1)),
      );
      return telling.length >= 3 && found.length > telling.length / 2;
    },
  );
}
