/** The protocol as the client speaks it: jobs to requests, answers to results. */
import { LANGUAGES } from "../languages.ts";
import type { Build, ExecResult, Job, Language, Limits, RunOptions } from "../types.ts";
import { emptyResult, KEPT_BYTES } from "./result.ts";
import {
  EXECUTION_ERROR,
  KIB,
  MIB,
  type SubmissionAnswer,
  type SubmissionRequest,
  WIRE_MB_S,
} from "./wire.ts";

/** Why a job cannot be sent: the protocol carries text only. */
export class NotText extends Error {}

/**
 * The request of one job. Limits are rounded up to the protocol's whole seconds and MiB, and travel exactly in the
 * extension; `resultOf` applies the exact ones where a service knows only the rounded.
 *
 * @throws NotText when the input is not UTF-8 and `extended` is false: an official service could not read it.
 */
export function requestOf(job: Job, purpose: RunOptions["purpose"], extended: boolean): SubmissionRequest {
  const { limits, build } = job;
  const stdin = textOf(job.stdin);
  if (stdin === null && !extended) throw new NotText("the input is not UTF-8 text");
  return {
    code: extended ? build.key : officialCode(build.language, build.key),
    language: LANGUAGES[build.language].sandboxId,
    libraries: [],
    stdin: stdin ?? "",
    time_limit: Math.max(1, Math.ceil(limits.wallMs / 1000)),
    memory_limit: Math.max(1, Math.ceil(limits.memoryBytes / MIB)),
    ...(extended && {
      perfagent: {
        purpose,
        build_only: false,
        wall_ms: limits.wallMs,
        memory_bytes: limits.memoryBytes,
        output_bytes: limits.outputBytes,
        ...(stdin === null && { stdin_base64: Buffer.from(job.stdin).toString("base64") }),
      },
    }),
  };
}

/** The request that asks perfagent's own service for a build and nothing else. */
export function buildRequestOf(language: Language, code: string): SubmissionRequest {
  return {
    code,
    language: LANGUAGES[language].sandboxId,
    libraries: [],
    stdin: "",
    // Nothing is run; the numbers only have to be valid.
    perfagent: { purpose: "check", build_only: true, wall_ms: 1, memory_bytes: 1, output_bytes: 1 },
  };
}

/** The build that an answer to `buildRequestOf` tells of; null when the service could not build at all. */
export function buildOf(answer: SubmissionAnswer, language: Language, code: string): Build | null {
  const build = answer.perfagent?.build;
  if (build === undefined || build === null) return null;
  return build.status === "ok"
    ? { status: "ok", key: code, message: build.message, language }
    : { status: "failed", message: build.message, language };
}

/** The result of an answer whose submission has ended. */
export function resultOf(answer: SubmissionAnswer, language: Language, limits: Limits): ExecResult {
  const { perfagent } = answer;
  if (perfagent === undefined) return officialResult(answer, limits);
  if (perfagent.exec !== null) return extendedResult(answer, perfagent.exec);
  if (perfagent.build?.status === "failed") return compileErrorResult(perfagent.build.message);
  const words = (answer.text ?? "").replace(EXECUTION_ERROR, "");
  return emptyResult("sandbox_error", words || `the service did not run the ${language} program`);
}

/** The result of every test of a program that the service could not compile: the compiler's words as its stderr. */
export function compileErrorResult(message: string): ExecResult {
  return { ...emptyResult("runtime_error"), exitCode: 1, ...streams(new Uint8Array(), encode(message)) };
}

/**
 * The compiler's words when the result of an official service is a compile error, else null. The service reports it as
 * any error, and runs whatever it built before on the inputs that follow: the one answer decides for the program.
 */
export function compilerMessage(answer: SubmissionAnswer, language: Language): string | null {
  const pattern = COMPILER_ERRORS[language];
  if (answer.status !== "error" || answer.perfagent !== undefined || pattern === undefined) return null;
  const text = cleanTerminalText(answer.text ?? "");
  return pattern.test(text) ? text : null;
}

/**
 * Takes out what the official service's terminal put in: escape sequences and carriage returns at line ends, as its own
 * judge does.
 */
export function cleanTerminalText(text: string): string {
  return text.replace(ANSI_SEQUENCES, "").replace(/\r+\n/g, "\n");
}

// --- internal ---

/**
 * An official service starts a Java program by its public class, else as `Main`; its own client renames the class that one
 * of the benchmark's sources wants.
 */
function officialCode(language: Language, code: string): string {
  return language === "java" && code.includes("class Codechef") ? code.replaceAll("Codechef", "Main") : code;
}

/** ECMA-48 escapes: two-character ones, and control sequences with parameters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with the control character ESC
const ANSI_SEQUENCES = /\x1b(?:[@-Z\\-_]|\[[0-?]*[ -/]*[@-~])/g;

/** How the compilers of the official images begin an error about the file that the service writes. */
const COMPILER_ERRORS: Readonly<Partial<Record<Language, RegExp>>> = {
  cpp: /^(?:\S*\/)?code\.cpp:\d+:(?:\d+:)? (?:fatal )?error: |^collect2: error: ld returned/m,
  java: /^(?:\S*\/)?\w+\.java:\d+: error: /m,
  golang: /^# command-line-arguments$|^(?:\S*\/)?main\.go:\d+:\d+: /m,
};

function officialResult(answer: SubmissionAnswer, limits: Limits): ExecResult {
  const text = cleanTerminalText(answer.text ?? "");
  const exitCode = answer.exit_code ?? null;
  switch (answer.status) {
    case "timeout":
      return { ...emptyResult("timeout"), ...streams(new Uint8Array(), encode(text)) };
    case "oom":
      return { ...emptyResult("memory_limit"), ...streams(new Uint8Array(), encode(text)) };
    case "cancelled":
      return emptyResult("cancelled");
    case "error":
      if (text.startsWith(EXECUTION_ERROR) && exitCode === 1) {
        return emptyResult("sandbox_error", text.slice(EXECUTION_ERROR.length));
      }
      return { ...emptyResult("runtime_error"), exitCode, ...streams(new Uint8Array(), encode(text)) };
    default:
      return officialDone(answer, encode(text), exitCode ?? 0, limits);
  }
}

/** A program that ended by itself. What it did beyond the exact limits is found here: the service knew rounded ones. */
function officialDone(
  answer: SubmissionAnswer,
  stdout: Uint8Array,
  exitCode: number,
  limits: Limits,
): ExecResult {
  const numbers = {
    wallNs: measured(answer.runtime, 1),
    cpuUs: null,
    peakBytes: measured(answer.memory, KIB),
    integralByteS: measured(answer.integral, WIRE_MB_S),
  };
  if (stdout.length > limits.outputBytes) {
    return {
      ...emptyResult("output_limit"),
      ...streams(stdout.subarray(0, KEPT_BYTES)),
      stdoutTruncated: true,
    };
  }
  if (exitCode !== 0) return { ...emptyResult("runtime_error"), exitCode, ...streams(stdout), ...numbers };
  if ((numbers.peakBytes ?? 0) > limits.memoryBytes) {
    return { ...emptyResult("memory_limit"), ...streams(stdout), ...numbers };
  }
  if ((numbers.wallNs ?? 0) > limits.wallMs * 1e6) {
    return { ...emptyResult("timeout"), ...streams(stdout), ...numbers };
  }
  return { ...emptyResult("exited"), exitCode: 0, ...streams(stdout), ...numbers };
}

/** The service gives 0 where it did not measure; no program takes no time and no memory. */
function measured(value: number | null | undefined, unit: number): number | null {
  return value === null || value === undefined || !(value > 0) ? null : value * unit;
}

function extendedResult(
  answer: SubmissionAnswer,
  exec: NonNullable<NonNullable<SubmissionAnswer["perfagent"]>["exec"]>,
): ExecResult {
  const stdout = exec.stdout_base64 === null ? encode(answer.text ?? "") : decode(exec.stdout_base64);
  return {
    status: exec.status,
    exitCode: exec.exit_code,
    signal: exec.signal,
    wallNs: exec.wall_ns,
    cpuUs: exec.cpu_us,
    peakBytes: exec.peak_bytes,
    integralByteS: exec.integral_byte_s,
    stdout,
    stderr: decode(exec.stderr_base64),
    stdoutTruncated: exec.stdout_truncated,
    stderrTruncated: exec.stderr_truncated,
    message: exec.message,
  };
}

function streams(
  stdout: Uint8Array,
  stderr: Uint8Array = new Uint8Array(),
): Pick<ExecResult, "stdout" | "stderr" | "stderrTruncated"> {
  const stderrTruncated = stderr.length > KEPT_BYTES;
  return { stdout, stderr: stderrTruncated ? stderr.subarray(0, KEPT_BYTES) : stderr, stderrTruncated };
}

function textOf(bytes: string | Uint8Array): string | null {
  if (typeof bytes === "string") return bytes;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // Not UTF-8: the caller decides what that means.
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}
