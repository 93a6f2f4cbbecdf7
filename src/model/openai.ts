/** Asks an OpenAI-compatible chat endpoint: one attempt, streamed where the server can. */
import { STATUS_CODES } from "node:http";
import type { Logger, Message } from "../types.ts";
import { adaptRequest } from "./adapt.ts";
import type { Clock } from "./clock.ts";
import type { Endpoint } from "./endpoint.ts";
import { AttemptFailure, type FailureDetails } from "./failure.ts";
import { connectionFailure, post, readText } from "./http.ts";
import { type ModelParameters, NO_ADAPTATION, type RequestBody, requestBody } from "./parameters.ts";
import { rateLimits, retryAfterMs } from "./rate-headers.ts";
import { createReplyAssembler, type ReplyAssembler } from "./reply.ts";
import { seconds, silenceLimitMs } from "./retry.ts";
import { errorOf, readServiceError, type ServiceError } from "./service-error.ts";
import { createSseParser } from "./sse.ts";
import type { AttemptResult, Transport } from "./transport.ts";

export interface ChatOptions {
  readonly endpoint: Endpoint;
  readonly parameters: ModelParameters;
  /** Time for one call; limits how long a connection may be silent. */
  readonly timeoutMs: number;
  /** Makes secrets disappear from a text. */
  readonly redact: (text: string) => string;
  readonly logger: Logger;
  readonly clock: Clock;
}

export function createChatTransport(options: ChatOptions): Transport {
  const { endpoint, parameters, redact, logger, clock } = options;
  let adaptation = NO_ADAPTATION;
  const headers = requestHeaders(endpoint, parameters);
  const bodyFor = (messages: readonly Message[]): RequestBody =>
    requestBody(endpoint.model, messages, parameters, endpoint.maxTokensField, adaptation);

  return {
    endpoint: endpoint.url.origin + endpoint.url.pathname,
    describe: bodyFor,
    async attempt(messages, signal) {
      for (let requests = 1; ; requests++) {
        const body = bodyFor(messages);
        const outcome = await ask(body, headers, options, signal);
        if ("answer" in outcome) return { ...outcome.answer, requests };
        const { error, failure } = outcome;
        const adapted = isAboutRequest(failure) ? adaptRequest(body, error, adaptation) : null;
        if (adapted === null) throw withRequests(failure, requests);
        adaptation = adapted.adaptation;
        logger.warn(`${endpoint.model}: ${redact(error.message)} From now on ${adapted.change}`);
      }
    },
  };

  function withRequests(failure: AttemptFailure, requests: number): AttemptFailure {
    return requests === 1
      ? failure
      : new AttemptFailure(failure.message, { ...detailsOf(failure), requests });
  }

  async function ask(
    body: RequestBody,
    sent: Readonly<Record<string, string>>,
    { timeoutMs }: ChatOptions,
    signal: AbortSignal,
  ): Promise<{ readonly answer: Omit<AttemptResult, "requests"> } | Refusal> {
    const startedMs = clock.nowMs();
    const silence = watchSilence(clock, timeoutMs);
    const reply = createReplyAssembler();
    try {
      const response = await post({
        url: endpoint.url,
        headers: sent,
        body: JSON.stringify(body),
        isLoopback: endpoint.isLoopback,
        signal: AbortSignal.any([signal, silence.signal]),
      });
      silence.heard(false);
      if (!response.ok) return await readRefusal(response, endpoint, clock, () => silence.heard(false));
      const firstWordsMs = await readReply(response, reply, silence, clock);
      const { model, ...answer } = reply.finish();
      return {
        answer: {
          ...answer,
          model: model ?? endpoint.model,
          limits: rateLimits(response.headers, clock.dateMs()),
          firstWordsMs: firstWordsMs === null ? null : firstWordsMs - startedMs,
        },
      };
    } catch (error) {
      if (silence.signal.aborted) throw silence.failure(reply.written());
      throw connectionFailure(error, reply.written());
    } finally {
      silence.stop();
    }
  }
}

// --- internal ---

/** The service refused the request, in its words and in ours. */
interface Refusal {
  readonly error: ServiceError;
  readonly failure: AttemptFailure;
}

/** Longest event and longest reply that is not streamed. */
const MAX_REPLY_BYTES = 16 * 2 ** 20;
/** Of an error's body: its first words say it all. */
const MAX_ERROR_BYTES = 64 * 2 ** 10;
/** How long the token counts may come behind an answer that is whole. */
const AFTERTHOUGHT_MS = 5_000;
/** How long the end of the stream may come behind the token counts; read to its end, a connection can be used again. */
const GOODBYE_MS = 500;

const END_OF_STREAM = "[DONE]";

function requestHeaders(endpoint: Endpoint, parameters: ModelParameters): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    accept: "text/event-stream, application/json",
  };
  if (endpoint.key !== null) headers.authorization = `Bearer ${endpoint.key}`;
  for (const [name, value] of Object.entries(parameters.headers)) headers[name.toLowerCase()] = value;
  return headers;
}

// --- Silence ---

interface SilenceWatch {
  /** Aborted when the connection has been silent for too long. */
  readonly signal: AbortSignal;
  /** Something arrived. */
  heard(hasWords: boolean): void;
  /** The answer is whole: from now on there is little to wait for, or nothing when the token counts came too. */
  expectEnd(hasUsage: boolean): void;
  failure(received: string): AttemptFailure;
  stop(): void;
}

function watchSilence(clock: Clock, timeoutMs: number): SilenceWatch {
  const controller = new AbortController();
  let limitMs = silenceLimitMs(timeoutMs, false);
  let lastHeardMs = clock.nowMs();
  // One timer that looks again, rather than a new one for each of thousands of chunks.
  let cancel = clock.watch(limitMs, look);

  function look(): void {
    const leftMs = lastHeardMs + limitMs - clock.nowMs();
    if (leftMs <= 0) controller.abort();
    else cancel = clock.watch(leftMs, look);
  }

  function changeLimit(next: number): void {
    if (next >= limitMs) return;
    limitMs = next;
    cancel();
    look();
  }

  return {
    signal: controller.signal,
    heard(hasWords) {
      lastHeardMs = clock.nowMs();
      if (hasWords) changeLimit(silenceLimitMs(timeoutMs, true));
    },
    expectEnd: (hasUsage) => changeLimit(hasUsage ? GOODBYE_MS : AFTERTHOUGHT_MS),
    failure: (received) =>
      new AttemptFailure(
        received === ""
          ? `it was silent for ${seconds(limitMs)}`
          : `its answer stopped in the middle for ${seconds(limitMs)}`,
        { repeat: "always", received, hint: "Raise model.request_timeout (--llm-timeout) for a slow model" },
      ),
    stop: () => cancel(),
  };
}

// --- Replies ---

/** Reads a whole reply. @returns when its first words came, by the clock. */
async function readReply(
  response: Response,
  reply: ReplyAssembler,
  silence: SilenceWatch,
  clock: Clock,
): Promise<number | null> {
  if (response.body === null) throw malformed("its answer is empty");
  const isStream = response.headers.get("content-type")?.includes("event-stream") ?? false;
  if (isStream) return readStream(response.body, reply, silence, clock);
  const { text, isCut } = await readText(response.body, MAX_REPLY_BYTES, () => silence.heard(false));
  if (isCut) throw tooLong();
  // Some servers stream under another content type.
  if (/^\s*(data|event|id|:)/.test(text)) {
    return readStream(new Response(text).body as ReadableStream<Uint8Array>, reply, silence, clock);
  }
  takeEvent(parseJson(text), reply);
  if (!reply.hasChoices) throw malformed("its answer holds no choice");
  return clock.nowMs();
}

async function readStream(
  body: ReadableStream<Uint8Array>,
  reply: ReplyAssembler,
  silence: SilenceWatch,
  clock: Clock,
): Promise<number | null> {
  const parser = createSseParser(MAX_REPLY_BYTES);
  let firstWordsMs: number | null = null;
  /** @returns whether nothing more is to come. */
  const take = (events: readonly string[]): boolean => {
    for (const event of events) {
      if (event.trim() === END_OF_STREAM) return true;
      takeEvent(parseJson(event), reply);
      if (reply.hasWords) firstWordsMs ??= clock.nowMs();
      if (reply.isFull) return true;
    }
    return false;
  };
  try {
    for await (const chunk of body) {
      const isOver = take(parser.push(chunk));
      silence.heard(reply.hasWords);
      if (isOver) return endOf(reply, firstWordsMs);
      if (reply.isFinished) silence.expectEnd(reply.hasUsage);
    }
    // An event that was cut in two is no event.
    if (take(parser.end().filter(isWhole))) return endOf(reply, firstWordsMs);
  } catch (error) {
    // What follows a whole answer cannot make it less whole.
    if (reply.isFinished) return firstWordsMs;
    if (error instanceof RangeError) throw tooLong();
    throw error;
  }
  if (reply.isFinished) return firstWordsMs;
  if (reply.hasWords) throw broken("its answer stopped in the middle", reply);
  if (reply.hasChoices) throw broken("its answer ended before it began", reply);
  throw malformed("its answer holds no choice");
}

function isWhole(event: string): boolean {
  try {
    return event.trim() === END_OF_STREAM || JSON.parse(event) !== null;
  } catch {
    return false;
  }
}

function endOf(reply: ReplyAssembler, firstWordsMs: number | null): number | null {
  if (reply.hasChoices) return firstWordsMs;
  throw malformed("its answer holds no choice");
}

/** Takes one event in, or throws the error that it is. */
function takeEvent(event: unknown, reply: ReplyAssembler): void {
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    throw malformed("its answer is no JSON object");
  }
  const chunk = event as Readonly<Record<string, unknown>>;
  if (chunk.error !== undefined && chunk.error !== null) throw failureOfEvent(chunk, reply);
  reply.add(chunk);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const isPage = /^\s*</.test(text);
    const found = isPage ? readServiceError(text).message : "something that is not JSON";
    throw malformed(`it answers with ${found}`, isPage ? BASE_HINT : "");
  }
}

/** A gateway that has begun to answer with HTTP 200 can report a failure only inside the answer. */
function failureOfEvent(chunk: Readonly<Record<string, unknown>>, reply: ReplyAssembler): AttemptFailure {
  const error = errorOf(chunk);
  const repeat =
    error.status === null ? (isQuota(error) ? "never" : "always") : repeatOf(error.status, error);
  return new AttemptFailure(`it reports an error in its answer: ${error.message}`, {
    repeat,
    received: reply.written(),
    retryAfterMs: error.retryAfterMs,
    ...(error.status === null ? {} : { status: error.status }),
  });
}

function malformed(message: string, hint = ""): AttemptFailure {
  return new AttemptFailure(message, { repeat: "few", hint });
}

function broken(message: string, reply: ReplyAssembler): AttemptFailure {
  return new AttemptFailure(message, { repeat: "always", received: reply.written() });
}

function tooLong(): AttemptFailure {
  return new AttemptFailure(`its answer is longer than ${MAX_REPLY_BYTES / 2 ** 20} MiB`, {
    repeat: "never",
    hint: "Limit it with model.max_output_tokens (--llm-max-output)",
  });
}

const BASE_HINT = "Check model.api_base (--llm-api-base): it usually ends in /v1";

// --- Refusals ---

async function readRefusal(
  response: Response,
  endpoint: Endpoint,
  clock: Clock,
  onBytes: () => void,
): Promise<Refusal> {
  const { status, headers } = response;
  const error = readServiceError((await readText(response.body, MAX_ERROR_BYTES, onBytes)).text);
  const title = STATUS_CODES[status] ?? "";
  const words = error.message === "" ? title : error.message;
  const details: FailureDetails = {
    repeat: repeatOf(status, error),
    status,
    retryAfterMs: retryAfterMs(headers, clock.dateMs()) ?? error.retryAfterMs,
    limits: rateLimits(headers, clock.dateMs()),
    hint: hintOf(status, error, endpoint),
  };
  return { error, failure: new AttemptFailure(`HTTP ${status}${words === "" ? "" : `: ${words}`}`, details) };
}

/** The request itself is at fault, as far as the status tells. */
function isAboutRequest({ status }: AttemptFailure): boolean {
  return status === 400 || status === 422;
}

const TEMPORARY: ReadonlySet<number> = new Set([408, 409, 425, 429]);

function repeatOf(status: number, error: ServiceError): "always" | "never" {
  if (isQuota(error)) return "never";
  return status >= 500 || TEMPORARY.has(status) ? "always" : "never";
}

/** Money that is used up does not come back by waiting, although it is reported like a rate limit. */
function isQuota({ code }: ServiceError): boolean {
  return /insufficient_quota|insufficient_balance|billing|credit/i.test(code);
}

function hintOf(status: number, error: ServiceError, endpoint: Endpoint): string {
  if (status === 401 || status === 403) return `Check the key in ${endpoint.keyPlace}`;
  if (status === 402 || isQuota(error)) return "Check the account's balance and limits";
  if (status === 404 || status === 405) return `Check the model's name '${endpoint.model}'. ${BASE_HINT}`;
  if (
    status === 413 ||
    /context.length|too many tokens|maximum context/i.test(`${error.code} ${error.message}`)
  ) {
    return "Lower model.max_input_tokens";
  }
  if (status === 429) return "Lower model.requests_per_minute or model.tokens_per_minute, or try later";
  return status >= 500 ? "Try later, or choose another model" : "";
}

function detailsOf(failure: AttemptFailure): FailureDetails {
  const { repeat, status, retryAfterMs: waitMs, limits, hint, received } = failure;
  return { repeat, retryAfterMs: waitMs, limits, hint, received, ...(status === null ? {} : { status }) };
}
