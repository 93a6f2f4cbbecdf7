/** From executions to test results: statuses, judged output, and the digests that spare judging the same bytes twice. */

import { LANGUAGES } from "../languages.ts";
import { sha256 } from "../lib/hash.ts";
import type { ExecResult, ExecStatus, Language, TestCase, TestResult, TestStatus } from "../types.ts";
import type { Checker, Question } from "./checker.ts";
import { cleanOutput, decodeOutput, shownOutput } from "./output.ts";

/** A judged execution. */
export interface JudgedTest {
  readonly result: TestResult;
  /** SHA-256 of the bytes printed; null unless the test passed. */
  readonly digest: string | null;
  /** Bytes printed. */
  readonly stdoutBytes: number;
}

/** An execution that waits for its judgement, its bytes already let go. */
export interface UnjudgedTest extends JudgedTest {
  /** What the checker is asked; null when the execution's end decides. */
  readonly question: Question | null;
}

/**
 * Reads how an execution ended and keeps what judging needs.
 *
 * @param passedDigest Digest of an output that passed this test before; the same bytes pass again.
 */
export function readExecution(
  language: Language,
  index: number,
  test: TestCase,
  execution: ExecResult,
  passedDigest: string | null,
): UnjudgedTest {
  const stdout = shownOutput(execution.stdout, execution.stdoutTruncated);
  const stderr = shownOutput(execution.stderr, execution.stderrTruncated);
  const status = testStatus(language, execution.status, stderr.text);
  const digest = status === "passed" ? sha256(execution.stdout) : null;
  const known = digest !== null && digest === passedDigest;
  return {
    result: {
      index,
      status,
      exitCode: execution.exitCode,
      signal: execution.signal,
      wallNs: execution.wallNs,
      cpuUs: execution.cpuUs,
      peakBytes: execution.peakBytes,
      integralByteS: execution.integralByteS,
      stdout: stdout.text,
      stderr: stderr.text,
      stdoutTruncated: stdout.truncated,
      stderrTruncated: stderr.truncated,
      message: execution.message,
    },
    digest,
    stdoutBytes: execution.stdout.length,
    question:
      status === "passed" && !known
        ? { expected: cleanOutput(test.output), output: cleanOutput(decodeOutput(execution.stdout)) }
        : null,
  };
}

/**
 * Asks the checker about the tests that have a question.
 * @throws PerfagentError as `Checker.judge` does.
 */
export async function judgeTests(
  checker: Checker,
  tests: readonly UnjudgedTest[],
  signal: AbortSignal,
): Promise<JudgedTest[]> {
  const questions = tests.flatMap(({ question }) => (question === null ? [] : [question]));
  const judgements = await checker.judge(questions, signal);
  let next = 0;
  return tests.map(({ result, digest, stdoutBytes, question }) => {
    const judgement = question === null ? undefined : judgements[next++];
    if (judgement === undefined || judgement.verdict === "right") return { result, digest, stdoutBytes };
    const status = judgement.verdict === "wrong" ? "wrong_answer" : "checker_error";
    return { result: { ...result, status, message: judgement.message }, digest: null, stdoutBytes };
  });
}

// --- internal ---

function testStatus(language: Language, status: ExecStatus, stderr: string): TestStatus {
  if (status === "exited") return "passed";
  // A runtime that was refused memory says so before it ends, whatever exit code or signal it chooses.
  if (status === "runtime_error" && LANGUAGES[language].outOfMemory.test(stderr)) return "memory_limit";
  return status;
}
