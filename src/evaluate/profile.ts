/**
 * Where a program's time goes, line by line, from the language's own profiler: best effort, and in words for the model
 * either way.
 */
import { interruptedError, messageOf, PerfagentError } from "../errors.ts";
import { LANGUAGES } from "../languages.ts";
import type { Evaluation, ExecResult, Instance, Language, Limits, Sandbox } from "../types.ts";
import { assembleProgram } from "./assemble.ts";
import { decodeOutput, programInput } from "./output.ts";
import { cppProfiler } from "./profilers/cpp.ts";
import { golangProfiler } from "./profilers/golang.ts";
import { javascriptProfiler } from "./profilers/javascript.ts";
import { type LineProfile, NoProfile, PROFILE_MARKER, type Profiler } from "./profilers/profiler.ts";
import { pythonProfiler } from "./profilers/python.ts";

export interface ProfileOptions {
  readonly instance: Instance;
  readonly language: Language;
  /** The solution, as it was evaluated. */
  readonly code: string;
  /** Of this code: its most expensive test is profiled. */
  readonly evaluation: Evaluation;
  /** Runs programs on this machine: a service's outputs and toolchains are not a profiler's. */
  readonly sandbox: Sandbox;
  readonly signal: AbortSignal;
}

/**
 * Runs a program's most expensive test once under a profiler, in the sandbox.
 *
 * @returns The hottest lines with their text, or a sentence why there is no profile.
 * @throws PerfagentError `interrupted` when aborted.
 */
export async function profileProgram(options: ProfileOptions): Promise<string> {
  const { instance, language, signal } = options;
  const profiler = PROFILERS[language];
  if (profiler === undefined) return none(`there is no profiler for ${LANGUAGES[language].title}`);
  const index = mostExpensive(options.evaluation);
  if (index === null) return none("no test passed");
  try {
    const program = assembleProgram(instance, language, options.code);
    const report = await runHarness(options, profiler, program, instance.tests[index]?.input ?? "");
    return describeProfile(profiler.read(report), profiler.name, index, program);
  } catch (error) {
    if (signal.aborted) throw interruptedError();
    if (error instanceof NoProfile) return none(error.message);
    if (error instanceof PerfagentError && error.code === "backend") return none(error.message);
    if (error instanceof PerfagentError) throw error;
    return none(`${profiler.name}'s report is not understood (${messageOf(error)})`);
  }
}

// --- internal ---

const PROFILERS: Readonly<Partial<Record<Language, Profiler>>> = {
  python3: pythonProfiler,
  javascript: javascriptProfiler,
  cpp: cppProfiler,
  golang: golangProfiler,
};

/** A profiler makes a program several times slower, C++ is compiled on the way, and a report is small. */
const LIMITS: Limits = { wallMs: 120_000, memoryBytes: 4 * 2 ** 30, outputBytes: 256 * 2 ** 20 };

/** Fewer samples than this tell more about chance than about the program. */
const FEWEST_SAMPLES = 20;

const LINES_SHOWN = 8;
const LINE_CHARACTERS = 100;

/** Lines below this share are not what makes a program slow. */
const SMALLEST_SHARE = 0.02;

function none(why: string): string {
  return `No profile is available: ${why}.`;
}

function mostExpensive({ tests }: Evaluation): number | null {
  const cost = (test: (typeof tests)[number]): number => test.cpuUs ?? (test.wallNs ?? 0) / 1000;
  const passed = tests.filter(({ status }) => status === "passed");
  return passed.toSorted((left, right) => cost(right) - cost(left))[0]?.index ?? null;
}

async function runHarness(
  options: ProfileOptions,
  profiler: Profiler,
  program: string,
  input: string,
): Promise<string> {
  const { sandbox, signal } = options;
  const build = await sandbox.build(profiler.harness(program), signal);
  if (build.status === "failed")
    throw new NoProfile(`the profiled program does not build: ${firstLine(build.message)}`);
  const job = { build, stdin: programInput(input), limits: LIMITS };
  const [result] = await sandbox.run([job], { purpose: "check" }, signal);
  if (result === undefined || result.status === "cancelled") throw interruptedError();
  const text = decodeOutput(result.stdout);
  const at = text.lastIndexOf(PROFILE_MARKER);
  if (at < 0)
    throw new NoProfile(`the program ended without a report under ${profiler.name} (${endOf(result)})`);
  return text.slice(at + PROFILE_MARKER.length);
}

function endOf({ status, exitCode, signal, message }: ExecResult): string {
  const detail = signal ?? (exitCode === null ? message : `exit code ${exitCode}`);
  return detail === "" ? status : `${status}, ${detail}`;
}

function describeProfile(
  { lines, samples, notes }: LineProfile,
  name: string,
  index: number,
  program: string,
): string {
  if (samples < FEWEST_SAMPLES) {
    return none(`test ${index}, the longest one, is too short for ${name} (${samples} samples)`);
  }
  const source = program.split("\n");
  const hottest = [...lines]
    .filter(([, count]) => count / samples >= SMALLEST_SHARE)
    .toSorted(([, left], [, right]) => right - left)
    .slice(0, LINES_SHOWN);
  if (hottest.length === 0 && notes.length === 0) return none(`${name} saw no line of the program itself`);
  return [
    `Hottest lines on test ${index} (${name}, ${samples} samples):`,
    ...hottest.map(([line, count]) => {
      const text = (source[line - 1] ?? "").trim();
      const shown = text.length > LINE_CHARACTERS ? `${text.slice(0, LINE_CHARACTERS)}…` : text;
      return `- ${Math.round((count / samples) * 100)} %, line ${line}: ${shown}`;
    }),
    ...(notes.length === 0 ? [] : ["Functions by their own time:", ...notes.map((note) => `- ${note}`)]),
  ].join("\n");
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] ?? "";
}
