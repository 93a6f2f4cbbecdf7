/** What `perfagent eval --json` prints. Pure. */
import type { Evaluation, Language, MetricStatistics, TestResult } from "../../types.ts";

/** The JSON document of one evaluation; what was not measured is null. */
export function evaluationDocument(
  instanceId: string,
  language: Language,
  evaluation: Evaluation,
): Readonly<Record<string, unknown>> {
  const { runtime = null, memory = null, integral = null, cpu_time = null } = evaluation.metrics;
  return {
    instance_id: instanceId,
    language,
    passed: evaluation.passed,
    pass_rate: evaluation.passRate,
    runtime,
    memory,
    integral,
    cpu_time,
    runs: evaluation.runs,
    statistics: Object.fromEntries(
      Object.entries(evaluation.statistics).map(([metric, statistics]) => [
        metric,
        statisticsDocument(statistics),
      ]),
    ),
    isolation: evaluation.isolation,
    measurement: evaluation.measurement,
    build: evaluation.build,
    ...(isOwn(evaluation) ? { metrics: evaluation.metrics } : {}),
    ...(evaluation.feedback === "" ? {} : { feedback: evaluation.feedback }),
    ...(evaluation.flaky.length === 0 ? {} : { flaky: evaluation.flaky }),
    tests: evaluation.tests.map(testDocument),
  };
}

// --- internal ---

const NAMED_METRICS: ReadonlySet<string> = new Set(["runtime", "memory", "integral", "cpu_time"]);

/** An evaluator of the user's own has metrics of its own. */
function isOwn({ metrics }: Evaluation): boolean {
  return Object.keys(metrics).some((name) => !NAMED_METRICS.has(name));
}

function statisticsDocument(statistics: MetricStatistics) {
  return {
    n: statistics.n,
    original_n: statistics.originalN,
    mean: statistics.mean,
    std: statistics.std,
    min: statistics.min,
    max: statistics.max,
    ci95: statistics.ci95,
    trimmed_mean: statistics.trimmedMean,
  };
}

function testDocument(test: TestResult) {
  return {
    index: test.index,
    status: test.status,
    exit_code: test.exitCode,
    signal: test.signal,
    wall_ns: test.wallNs,
    cpu_us: test.cpuUs,
    peak_bytes: test.peakBytes,
    integral_byte_s: test.integralByteS,
    stdout: test.stdout,
    stderr: test.stderr,
    ...(test.stdoutTruncated ? { stdout_truncated: true } : {}),
    ...(test.stderrTruncated ? { stderr_truncated: true } : {}),
    ...(test.message === "" ? {} : { message: test.message }),
  };
}
