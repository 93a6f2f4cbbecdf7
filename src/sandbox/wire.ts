/**
 * The EffiBench-X sandbox protocol: shapes, names and units, shared by the client (`effibench.ts`) and the service
 * (`server.ts`). Nothing here has an effect.
 *
 * perfagent's own extension travels in one field, `perfagent`, of a request and of its answer. The official service
 * ignores the field in a request, and an official client never sends it, so it never sees it either. It carries what the
 * protocol has no words for: exact limits, bytes that are not text, both streams apart, CPU time, the signal.
 */
import * as v from "valibot";
import { LANGUAGE_IDS, LANGUAGES } from "../languages.ts";
import type { ExecStatus, Language } from "../types.ts";

/** Statuses of a submission, in the protocol's words. The first two say that it has not ended. */
export const WIRE_STATUSES = [
  "waiting",
  "processing",
  "done",
  "timeout",
  "error",
  "cancelled",
  "oom",
] as const;

export type WireStatus = (typeof WIRE_STATUSES)[number];

/** Exit codes by which the official service reports that it ended a program. */
export const EXIT_TIMEOUT = 124;
export const EXIT_OOM = 137;

/** Begins the `text` of a submission that the service itself could not run. */
export const EXECUTION_ERROR = "Execution error: ";

/** What perfagent's client adds to a request; a service that does not know it ignores it. */
const RequestExtension = v.object({
  purpose: v.picklist(["check", "time"]),
  /** Only build the program; nothing is run. */
  build_only: v.optional(v.boolean(), false),
  /** Standard input that is not UTF-8 text; replaces `stdin`. */
  stdin_base64: v.optional(v.string()),
  wall_ms: v.pipe(v.number(), v.minValue(1)),
  memory_bytes: v.pipe(v.number(), v.minValue(1)),
  output_bytes: v.pipe(v.number(), v.minValue(1)),
});

export type RequestExtension = v.InferInput<typeof RequestExtension>;

/** One program to run on one input: the body of `POST /submit`. Null means the same as absent. */
export const SubmissionRequestSchema = v.object({
  code: v.string(),
  /** The service's name of the language ("python", "go"). */
  language: v.string(),
  /** Packages that the official service would install; this one uses what is installed. */
  libraries: v.nullish(v.array(v.string())),
  /** Empty becomes a newline. */
  stdin: v.nullish(v.string()),
  /** Seconds; 0 means no limit of the client's. */
  time_limit: v.nullish(v.number()),
  /** MiB; 0 means no limit of the client's. */
  memory_limit: v.nullish(v.number()),
  perfagent: v.optional(RequestExtension),
});

export type SubmissionRequest = v.InferOutput<typeof SubmissionRequestSchema>;

/** The body of `POST /submit_batch`; its submissions run in order on one worker. */
export const BatchRequestSchema = v.object({ requests: v.array(SubmissionRequestSchema) });

/** The body of `POST /submissions`. */
export const ResultsRequestSchema = v.object({ submission_ids: v.array(v.pipe(v.number(), v.integer())) });

export const SubmitAnswerSchema = v.object({ submission_id: v.pipe(v.number(), v.integer()) });

export const BatchAnswerSchema = v.object({ submission_ids: v.array(v.pipe(v.number(), v.integer())) });

export const HealthAnswerSchema = v.object({
  status: v.string(),
  queue_size: v.pipe(v.number(), v.minValue(0)),
});

export const CancelAnswerSchema = v.object({
  submission_id: v.pipe(v.number(), v.integer()),
  status: v.literal("cancelled"),
});

const EXEC_STATUSES = [
  "exited",
  "timeout",
  "memory_limit",
  "output_limit",
  "runtime_error",
  "sandbox_error",
  "cancelled",
] as const satisfies readonly ExecStatus[];

/** What the service adds to the answer of a request that carried the extension, once it has ended. */
const AnswerExtension = v.object({
  /** Null when only a build was asked for. */
  exec: v.nullable(
    v.object({
      status: v.picklist(EXEC_STATUSES),
      exit_code: v.nullable(v.number()),
      signal: v.nullable(v.string()),
      wall_ns: v.nullable(v.number()),
      cpu_us: v.nullable(v.number()),
      peak_bytes: v.nullable(v.number()),
      integral_byte_s: v.nullable(v.number()),
      /** Null when `text` is standard output, byte for byte. */
      stdout_base64: v.nullable(v.string()),
      stderr_base64: v.string(),
      stdout_truncated: v.boolean(),
      stderr_truncated: v.boolean(),
      message: v.string(),
    }),
  ),
  /** Null when the program was not built because of a failure of the service. */
  build: v.nullable(v.object({ status: v.picklist(["ok", "failed"]), message: v.string() })),
});

export type AnswerExtension = v.InferOutput<typeof AnswerExtension>;

/** One submission as the service knows it: the answer of `GET /submission/{id}`. */
export const SubmissionAnswerSchema = v.object({
  submission_id: v.pipe(v.number(), v.integer()),
  status: v.picklist(WIRE_STATUSES),
  text: v.nullish(v.string()),
  exit_code: v.nullish(v.number()),
  /** Nanoseconds; 0 when it was not measured or the run failed. */
  runtime: v.nullish(v.number()),
  /** KiB. */
  memory: v.nullish(v.number()),
  /** MB·s, with 1 MB = 1000 KiB. */
  integral: v.nullish(v.number()),
  perfagent: v.optional(AnswerExtension),
});

export type SubmissionAnswer = v.InferOutput<typeof SubmissionAnswerSchema>;

export const ResultsAnswerSchema = v.object({ results: v.array(SubmissionAnswerSchema) });

/** The answer of `GET /perfagent`, which only perfagent's own service has: how far its numbers can be trusted. */
export const ServiceInfoSchema = v.object({
  service: v.literal("perfagent"),
  isolation: v.string(),
  measurement: v.string(),
  bytesPerMb: v.optional(v.pipe(v.number(), v.minValue(1))),
  workers: v.pipe(v.number(), v.minValue(1)),
});

export type ServiceInfo = v.InferOutput<typeof ServiceInfoSchema>;

/** The answer of `GET /perfagent/toolchain/{language}`. */
export const ToolchainAnswerSchema = v.object({ toolchain: v.string() });

/** The language that a service's name stands for; null when it is none of the protocol's. */
export function languageOfSandboxId(id: string): Language | null {
  return LANGUAGE_IDS.find((language) => LANGUAGES[language].sandboxId === id) ?? null;
}

/** Bytes of one KiB, the unit of `memory`. */
export const KIB = 1024;

/** Bytes of one MiB, the unit of `memory_limit`: the service multiplies it by 1024 and compares with KiB. */
export const MIB = 1024 * 1024;

/** Byte-seconds of one "MB·s" of the protocol, which divides KiB by 1000. */
export const WIRE_MB_S = 1000 * KIB;

/** True while a submission has not ended. */
export function isPending(status: WireStatus): boolean {
  return status === "waiting" || status === "processing";
}
