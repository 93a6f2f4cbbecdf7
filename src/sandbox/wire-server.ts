/** The protocol as the service speaks it: requests to work, outcomes to answers. */
import { constants } from "node:os";
import { LANGUAGES } from "../languages.ts";
import type { Build, ExecResult, Language, Limits, ProgramSource, RunOptions } from "../types.ts";
import {
  type AnswerExtension,
  EXECUTION_ERROR,
  EXIT_OOM,
  EXIT_TIMEOUT,
  KIB,
  languageOfSandboxId,
  MIB,
  type SubmissionAnswer,
  type SubmissionRequest,
  WIRE_MB_S,
  type WireStatus,
} from "./wire.ts";

/** What the service allows at the most, whatever a request asks for. */
export interface ServiceCaps {
  readonly languages: readonly Language[];
  readonly limits: Limits;
}

/** A request, understood: what to build, what to feed it, what it may use. */
export interface Work {
  readonly source: ProgramSource;
  readonly stdin: string | Uint8Array;
  readonly limits: Limits;
  readonly purpose: RunOptions["purpose"];
  readonly buildOnly: boolean;
  /** The answer carries perfagent's extension. */
  readonly extended: boolean;
}

/** What became of a piece of work. */
export interface Outcome {
  /** Null when the program could not be built because of a failure of ours. */
  readonly build: Build | null;
  /** Null when nothing was run. */
  readonly exec: ExecResult | null;
  /** Why there is neither; empty otherwise. */
  readonly message: string;
}

/** The work of a request within the service's caps, or the sentence that refuses it (HTTP 400). */
export function workOf(request: SubmissionRequest, caps: ServiceCaps): Work | string {
  const language = languageOfSandboxId(request.language);
  if (request.code.trim() === "") return "No code provided.";
  if (language === null || !caps.languages.includes(language)) {
    const allowed = caps.languages.map((one) => LANGUAGES[one].sandboxId).join(", ");
    return `Language '${request.language}' is not allowed here; allowed: ${allowed}.`;
  }
  const { perfagent } = request;
  return {
    source: { language, code: request.code },
    stdin: stdinOf(request),
    limits: {
      wallMs: capped(perfagent?.wall_ms ?? (request.time_limit ?? 0) * 1000, caps.limits.wallMs),
      memoryBytes: capped(
        perfagent?.memory_bytes ?? (request.memory_limit ?? 0) * MIB,
        caps.limits.memoryBytes,
      ),
      outputBytes: capped(perfagent?.output_bytes ?? 0, caps.limits.outputBytes),
    },
    // The protocol's numbers are published: each of its submissions is timed.
    purpose: perfagent?.purpose ?? "time",
    buildOnly: perfagent?.build_only ?? false,
    extended: perfagent !== undefined,
  };
}

/** The answer for a submission that has not ended. */
export function pendingAnswer(id: number, status: WireStatus): SubmissionAnswer {
  return {
    submission_id: id,
    status,
    text: null,
    exit_code: null,
    runtime: null,
    memory: null,
    integral: null,
  };
}

/** The answer for a submission that was cancelled, whatever it did until then. */
export function cancelledAnswer(id: number): SubmissionAnswer {
  return { ...failedAnswer(id, "cancelled", 1), text: "" };
}

/** The answer for a submission that has ended. */
export function answerOf(id: number, work: Work, outcome: Outcome): SubmissionAnswer {
  const answer = officialAnswer(id, work, outcome);
  return work.extended ? { ...answer, perfagent: extensionOf(outcome, answer.text ?? "") } : answer;
}

// --- internal ---

/** Every sandbox makes a newline of empty input, as the protocol wants it. */
function stdinOf({ stdin, perfagent }: SubmissionRequest): string | Uint8Array {
  const base64 = perfagent?.stdin_base64;
  return base64 === undefined ? (stdin ?? "") : new Uint8Array(Buffer.from(base64, "base64"));
}

/** The smaller of both; a wish of 0 or less, or none, is the cap. At least 1, so that no wish means "no limit". */
function capped(wish: number, cap: number): number {
  return wish > 0 ? Math.max(1, Math.min(wish, cap)) : cap;
}

function officialAnswer(id: number, work: Work, { build, exec, message }: Outcome): SubmissionAnswer {
  if (build?.status === "failed") return { ...failedAnswer(id, "error", 1), text: build.message };
  if (exec !== null) return ranAnswer(id, work.limits, exec);
  if (build !== null) return { ...failedAnswer(id, "done", 0), text: build.message };
  return { ...failedAnswer(id, "error", 1), text: `${EXECUTION_ERROR}${message}` };
}

function ranAnswer(id: number, limits: Limits, exec: ExecResult): SubmissionAnswer {
  switch (exec.status) {
    case "exited":
      return {
        submission_id: id,
        status: "done",
        text: decode(exec.stdout),
        exit_code: 0,
        runtime: exec.wallNs,
        memory: scaled(exec.peakBytes, KIB),
        integral: scaled(exec.integralByteS, WIRE_MB_S),
      };
    case "timeout": {
      const words = `Time limit exceeded (${limits.wallMs / 1000} s)\n`;
      return { ...failedAnswer(id, "timeout", EXIT_TIMEOUT), text: words + bothStreams(exec) };
    }
    case "memory_limit": {
      const words = `Memory limit exceeded (${Math.round(limits.memoryBytes / MIB)} MB)\n`;
      return { ...failedAnswer(id, "oom", EXIT_OOM), text: words + bothStreams(exec) };
    }
    case "output_limit": {
      const words = `Output limit exceeded (${limits.outputBytes} bytes)\n`;
      return { ...failedAnswer(id, "error", 1), text: words + bothStreams(exec) };
    }
    case "runtime_error":
      return { ...failedAnswer(id, "error", exitCodeOf(exec)), text: bothStreams(exec) };
    case "cancelled":
      return cancelledAnswer(id);
    case "sandbox_error":
      return { ...failedAnswer(id, "error", 1), text: `${EXECUTION_ERROR}${exec.message}` };
  }
}

/** The protocol gives zeros for a run that failed. */
function failedAnswer(id: number, status: WireStatus, exitCode: number): SubmissionAnswer {
  return { submission_id: id, status, text: "", exit_code: exitCode, runtime: 0, memory: 0, integral: 0 };
}

/** The exit code a shell would give: 128 plus the number of the signal that ended the program. */
function exitCodeOf(exec: ExecResult): number {
  if (exec.signal === null) return exec.exitCode ?? 1;
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return 128 + (numbers[exec.signal] ?? 0);
}

/** A failed program's words, for a person: what it printed, then what it complained. */
function bothStreams(exec: ExecResult): string {
  const stdout = decode(exec.stdout);
  const stderr = decode(exec.stderr);
  return stdout !== "" && stderr !== "" && !stdout.endsWith("\n") ? `${stdout}\n${stderr}` : stdout + stderr;
}

function extensionOf({ build, exec }: Outcome, text: string): AnswerExtension {
  return {
    build: build === null ? null : { status: build.status, message: build.message },
    exec:
      exec === null
        ? null
        : {
            status: exec.status,
            exit_code: exec.exitCode,
            signal: exec.signal,
            wall_ns: exec.wallNs,
            cpu_us: exec.cpuUs,
            peak_bytes: exec.peakBytes,
            integral_byte_s: exec.integralByteS,
            stdout_base64: Buffer.from(text).equals(exec.stdout)
              ? null
              : Buffer.from(exec.stdout).toString("base64"),
            stderr_base64: Buffer.from(exec.stderr).toString("base64"),
            stdout_truncated: exec.stdoutTruncated,
            stderr_truncated: exec.stderrTruncated,
            message: exec.message,
          },
  };
}

function scaled(value: number | null, unit: number): number | null {
  return value === null ? null : value / unit;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
