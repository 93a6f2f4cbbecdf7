/** `llm_io.log`: one JSON object for each call of a model. Keys never get into it. */
import { appendFileSync } from "node:fs";
import { PerfagentError, systemReason } from "../errors.ts";
import type { Completion, Logger } from "../types.ts";

export interface IoLogOptions {
  readonly path: string;
  /** Hides endpoints, organisation ids and everything in `hide`. */
  readonly sanitize: boolean;
  /** Further texts that a sanitized log must not hold. */
  readonly hide: readonly string[];
}

/** One attempt of a call. */
export interface AttemptRecord {
  /** Pause before it. */
  readonly waitedMs: number;
  readonly durationMs: number;
  /** HTTP requests; more than one when parameters were adapted. */
  readonly requests: number;
  /** HTTP status of a failure that had one. */
  readonly status: number | null;
  /** Null for the attempt that succeeded. */
  readonly error: string | null;
}

export interface CallRecord {
  readonly at: string;
  /** Who asked, such as an instance's name. */
  readonly owner: string;
  readonly model: string;
  /** Null for a model without an address. */
  readonly endpoint: string | null;
  /** What was sent, messages included. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Null when the call failed. */
  readonly completion: Completion | null;
  readonly error: string | null;
  /** Time in the queue for a place within the limits. */
  readonly queuedMs: number;
  readonly firstWordsMs: number | null;
  readonly totalMs: number;
  readonly attempts: readonly AttemptRecord[];
}

export interface IoLog {
  /** Writes one line. A failure is a warning, once: a reply that was paid for must not be lost for its log. */
  write(record: CallRecord): void;
}

/**
 * Opens the log for appending.
 * @param redact Makes keys disappear from a text.
 * @param endpointUrl Where the model lives; hidden in a sanitized log. Null for a model without one.
 * @throws PerfagentError `output` when the file cannot be written.
 */
export function openIoLog(
  options: IoLogOptions,
  redact: (text: string) => string,
  endpointUrl: URL | null,
  logger: Logger,
): IoLog {
  try {
    appendFileSync(options.path, "");
  } catch (error) {
    throw new PerfagentError("output", `Cannot write '${options.path}': ${systemReason(error)}`);
  }
  const clean = options.sanitize ? sanitizer(endpointUrl, options.hide) : (text: string) => text;
  let hasFailed = false;
  return {
    write(record) {
      const line = clean(redact(JSON.stringify(documentOf(record))));
      try {
        appendFileSync(options.path, `${line}\n`);
      } catch (error) {
        if (!hasFailed) logger.warn(`Cannot write '${options.path}': ${systemReason(error)}`);
        hasFailed = true;
      }
    },
  };
}

// --- internal ---

/** Ids of organisations and projects as services print them in their errors. */
const ORGANISATION = /\b(?:org|proj|organization|project)[-_][A-Za-z0-9]{6,}\b/g;

function documentOf(record: CallRecord): Readonly<Record<string, unknown>> {
  const { completion } = record;
  return {
    time: record.at,
    instance: record.owner,
    model: record.model,
    endpoint: record.endpoint,
    request: record.request,
    reply:
      completion === null
        ? null
        : {
            model: completion.model,
            text: completion.text,
            reasoning: completion.reasoning,
            finish_reason: completion.finishReason,
          },
    usage:
      completion === null
        ? null
        : {
            prompt_tokens: completion.usage.promptTokens,
            cached_tokens: completion.usage.cachedTokens,
            completion_tokens: completion.usage.completionTokens,
            reasoning_tokens: completion.usage.reasoningTokens,
            cost_usd: completion.usage.costUsd,
          },
    timing: {
      queued_ms: Math.round(record.queuedMs),
      first_words_ms: record.firstWordsMs === null ? null : Math.round(record.firstWordsMs),
      total_ms: Math.round(record.totalMs),
    },
    attempts: record.attempts.map((attempt) => ({
      waited_ms: Math.round(attempt.waitedMs),
      duration_ms: Math.round(attempt.durationMs),
      requests: attempt.requests,
      status: attempt.status,
      error: attempt.error,
    })),
    error: record.error,
  };
}

/** Works on the text of the line: what is hidden may stand in a message, an error or a header. */
function sanitizer(endpointUrl: URL | null, hide: readonly string[]): (text: string) => string {
  const endpoint = endpointUrl === null ? [] : [endpointUrl.href, endpointUrl.origin, endpointUrl.host];
  const replacements: (readonly [string, string])[] = [
    ...endpoint.map((text) => [text, "<endpoint>"] as const),
    ...hide
      .filter((text) => text !== "")
      .map((text) => [JSON.stringify(text).slice(1, -1), "<hidden>"] as const),
  ];
  return (text) => {
    let clean = text;
    for (const [from, to] of replacements) clean = clean.replaceAll(from, to);
    return clean.replace(ORGANISATION, "<organisation>");
  };
}
