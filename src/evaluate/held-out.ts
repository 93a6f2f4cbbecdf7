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
  /** Programs to try, the best one first; each passes the given tests. The first one that holds ends the check. */
  readonly programs: readonly string[];
  /** A program that is trusted because it was given and passes the given tests: the initial one. Null without one. */
  readonly reference: string | null;
  /** New tests wanted. */
  readonly count: number;
  /** Fresh, so that nobody can know the inputs; recorded, so that they can be made again. */
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** What became of one program. */
export interface HeldOutProgram {
  readonly code: string;
  /** Tests on which it agrees neither with the generator nor with the reference. */
  readonly failed: number;
  /** One sentence for a person; empty when it holds. */
  readonly reason: string;
  /** On the new tests, whose `index` counts {@link HeldOutReport.tests}. */
  readonly evaluation: Evaluation;
}

export interface HeldOutReport {
  /** The new tests; empty when nothing could be checked. */
  readonly tests: readonly TestCase[];
  readonly seed: number;
  /** The programs tried, in order; the last one holds, unless none does. */
  readonly programs: readonly HeldOutProgram[];
  /** Index of the first program that holds; null when none does or nothing could be checked. */
  readonly holding: number | null;
  /** Why nothing, or less than wanted, could be checked; empty otherwise. */
  readonly message: string;
}

/**
 * Makes new tests and finds the best program that passes them.
 *
 * @throws PerfagentError `interrupted` when aborted, `backend` when the sandbox or the checker fails.
 */
export async function checkHeldOut(options: HeldOutOptions): Promise<HeldOutReport> {
  const { instance, seed, count, signal } = options;
  const sandbox = options.checkerSandbox ?? options.sandbox;
  const generated = await generateTests({ instance, sandbox, count, seed, signal });
  const nothing = { tests: [], seed, programs: [], holding: null };
  if (generated.tests.length === 0) {
    return { ...nothing, message: `No held-out tests: ${generated.message}` };
  }
  const { tests } = generated;
  const referenceOutputs = await outputsOf(options, tests);
  const programs: HeldOutProgram[] = [];
  for (const code of options.programs) {
    const program = await tryProgram(options, code, tests, referenceOutputs);
    programs.push(program);
    if (program.failed === 0)
      return { tests, seed, programs, holding: programs.length - 1, message: generated.message };
  }
  return { tests, seed, programs, holding: null, message: generated.message };
}

// --- internal ---

/** Test index → what the reference printed there although the checker does not accept it. */
type ReferenceOutputs = ReadonlyMap<number, string>;

async function outputsOf(options: HeldOutOptions, tests: readonly TestCase[]): Promise<ReferenceOutputs> {
  const { reference } = options;
  if (reference === null) return new Map();
  const evaluation = await evaluateOn(options, tests, reference);
  const disputed = evaluation.tests.filter((test) => test.status === "wrong_answer" && !test.stdoutTruncated);
  return new Map(disputed.map(({ index, stdout }) => [index, stdout]));
}

async function tryProgram(
  options: HeldOutOptions,
  code: string,
  tests: readonly TestCase[],
  referenceOutputs: ReferenceOutputs,
): Promise<HeldOutProgram> {
  const evaluation = await evaluateOn(options, tests, code);
  let failing = evaluation.tests.filter(({ status }) => status !== "passed");
  const disputed = failing.filter(
    ({ index, status }) => status === "wrong_answer" && referenceOutputs.has(index),
  );
  if (disputed.length > 0) {
    const again = disputed.map(({ index }) => ({
      input: tests[index]?.input ?? "",
      output: referenceOutputs.get(index) ?? "",
    }));
    const second = await evaluateOn(options, again, code);
    const agreed = new Set(
      disputed.flatMap(({ index }, position) => (passedAt(second, position) ? [index] : [])),
    );
    failing = failing.filter(({ index }) => !agreed.has(index));
  }
  const reason =
    failing.length === 0 ? "" : reasonOf(options.instance, code, failing, tests.length, options.seed);
  return { code, failed: failing.length, reason, evaluation };
}

function passedAt(evaluation: Evaluation, index: number): boolean {
  return evaluation.tests[index]?.status === "passed";
}

async function evaluateOn(
  options: HeldOutOptions,
  tests: readonly TestCase[],
  code: string,
): Promise<Evaluation> {
  const evaluator = await createEvaluator({ ...options, instance: { ...options.instance, tests } });
  try {
    const evaluation = await evaluator.evaluate(code, { timedPasses: 0 }, options.signal);
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
  return containsAnswers(instance, code)
    ? `${what}${detail}: its source contains the given tests' expected outputs`
    : `${what}${detail}`;
}

/** An expected output shorter than this is found in any program by chance. */
const TELLING_CHARACTERS = 4;

/** True when most of the expected outputs that are long enough to tell stand in the program's source. */
function containsAnswers(instance: Instance, code: string): boolean {
  const outputs = new Set(instance.tests.map(({ output }) => output.trim()));
  const telling = [...outputs].filter((output) => output.length >= TELLING_CHARACTERS);
  const escaped = (output: string): string => JSON.stringify(output).slice(1, -1);
  const found = telling.filter((output) => code.includes(output) || code.includes(escaped(output)));
  return telling.length >= 3 && found.length > telling.length / 2;
}
