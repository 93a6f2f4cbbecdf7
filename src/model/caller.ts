/** One call of a model: within budget and limits, repeated while that makes sense, recorded. */
import { interruptedError, messageOf, PerfagentError } from "../errors.ts";
import type { Completion, Logger, Message, Model } from "../types.ts";
import type { Budget, Spending } from "./budget.ts";
import { type Clock, sleep } from "./clock.ts";
import { LONG_ANSWER_TOKENS } from "./estimate.ts";
import { AttemptFailure } from "./failure.ts";
import type { Governor } from "./governor.ts";
import type { AttemptRecord, IoLog } from "./io-log.ts";
import { costOf, type Price, type TokenCounts } from "./pricing.ts";
import { decideRetry, type RetryPolicy, seconds } from "./retry.ts";
import { estimateTokens } from "./tokens.ts";
import { type AttemptResult, type Transport, UNCOUNTED } from "./transport.ts";

export interface CallerOptions {
  readonly name: string;
  /** Who asks, such as an instance's name: limits are shared fairly between owners. */
  readonly owner: string;
  readonly transport: Transport;
  readonly retry: RetryPolicy;
  /** Longest answer in tokens; null when the service's own limit holds. */
  readonly maxOutputTokens: number | null;
  /** The price by the name that the service gave to the model, or by ours. */
  readonly priceFor: (servedModel: string) => Price | null;
  readonly budget: Budget;
  readonly governor: Governor;
  readonly ioLog: IoLog | null;
  /** Makes secrets disappear from a text. */
  readonly redact: (text: string) => string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** In [0, 1): for jitter. */
  readonly random: () => number;
}

/** A model that asks through a transport. Its `complete` throws nothing but `PerfagentError`. */
export function createCaller(options: CallerOptions): Model {
  return {
    name: options.name,
    async complete(messages, signal) {
      if (signal.aborted) throw interruptedError();
      const { budget, clock, maxOutputTokens } = options;
      const promptTokens = countPrompt(messages);
      const answerTokens = maxOutputTokens ?? LONG_ANSWER_TOKENS;
      const most = spendingOf(options, promptTokens, answerTokens, options.name);
      const reservation = await budget.reserve(most, signal);
      const call: Call = {
        messages,
        promptTokens,
        expectedTokens: promptTokens + answerTokens,
        startedMs: clock.nowMs(),
        at: new Date(clock.dateMs()).toISOString(),
        attempts: [],
        spentMs: 0,
        queuedMs: 0,
        used: { tokens: 0, costUsd: 0 },
      };
      try {
        const result = await askUntilAnswered(options, call, signal);
        const completion = completionOf(options, call, result);
        log(options, call, completion, result.firstWordsMs, null);
        return completion;
      } catch (error) {
        const failure = asPerfagentError(error);
        log(options, call, null, null, failure.message);
        throw failure;
      } finally {
        reservation.settle(call.used);
      }
    },
  };
}

// --- internal ---

/** What is known of a call under way. */
interface Call {
  readonly messages: readonly Message[];
  /** Estimate. */
  readonly promptTokens: number;
  /** Estimate of prompt and answer together. */
  readonly expectedTokens: number;
  readonly startedMs: number;
  readonly at: string;
  readonly attempts: AttemptRecord[];
  /** Time of attempts and pauses; the queue for our own limits does not count against the call. */
  spentMs: number;
  queuedMs: number;
  used: Spending;
}

/** Each message costs a few tokens for its role and its ends. */
const TOKENS_PER_MESSAGE = 4;

function countPrompt(messages: readonly Message[]): number {
  return messages.reduce((sum, { content }) => sum + estimateTokens(content) + TOKENS_PER_MESSAGE, 0);
}

async function askUntilAnswered(
  options: CallerOptions,
  call: Call,
  signal: AbortSignal,
): Promise<AttemptResult> {
  const { retry, governor, clock, logger } = options;
  let waitedMs = 0;
  for (let retries = 0; ; retries++) {
    const outcome = await askOnce(options, call, waitedMs, signal);
    if (!(outcome instanceof AttemptFailure)) return outcome;
    const decision = decideRetry(retry, outcome, retries, retry.timeoutMs - call.spentMs, options.random());
    if (decision.action === "stop") throw finalError(options, call, outcome, decision.reason);
    waitedMs = decision.waitMs;
    if (outcome.retryAfterMs !== null) governor.pause(outcome.retryAfterMs);
    logger.warn(
      options.redact(
        `${options.name}: ${outcome.message}; retry ${retries + 1} of ${retry.maxRetries} in ${seconds(waitedMs)}`,
      ),
    );
    await sleep(clock, waitedMs, signal);
    call.spentMs += waitedMs;
  }
}

/** One attempt, within the limits that all share. @throws PerfagentError `interrupted` when aborted. */
async function askOnce(
  options: CallerOptions,
  call: Call,
  waitedMs: number,
  signal: AbortSignal,
): Promise<AttemptResult | AttemptFailure> {
  const { governor, clock, transport, retry } = options;
  const queuedFromMs = clock.nowMs();
  const lease = await governor.acquire(options.owner, call.expectedTokens, signal);
  const startedMs = clock.nowMs();
  call.queuedMs += startedMs - queuedFromMs;
  const deadline = new AbortController();
  const cancelDeadline = clock.watch(retry.timeoutMs - call.spentMs, () => deadline.abort());
  let usedTokens: number | null = null;
  try {
    const result = await transport.attempt(call.messages, AbortSignal.any([signal, deadline.signal]));
    usedTokens = book(options, call, result.tokens, result.text + (result.reasoning ?? ""), result.model);
    governorLearns(options, result);
    record(call, waitedMs, clock.nowMs() - startedMs, result.requests, null);
    return result;
  } catch (error) {
    if (!(error instanceof AttemptFailure || signal.aborted || deadline.signal.aborted)) throw error;
    const received = error instanceof AttemptFailure ? error.received : "";
    // Words that arrived were generated: a budget that did not count them would not be one.
    usedTokens = received === "" ? 0 : book(options, call, UNCOUNTED, received, options.name);
    if (signal.aborted) throw interruptedError();
    const failure =
      error instanceof AttemptFailure && !deadline.signal.aborted ? error : tooLate(retry.timeoutMs);
    governorLearns(options, failure);
    record(call, waitedMs, clock.nowMs() - startedMs, failure.requests, failure);
    return failure;
  } finally {
    cancelDeadline();
    lease.release(usedTokens);
  }
}

function governorLearns({ governor }: CallerOptions, { limits }: AttemptResult | AttemptFailure): void {
  if (limits !== null) governor.learn(limits);
}

function record(
  call: Call,
  waitedMs: number,
  durationMs: number,
  requests: number,
  failure: AttemptFailure | null,
): void {
  call.spentMs += durationMs;
  call.attempts.push({
    waitedMs,
    durationMs,
    requests,
    status: failure?.status ?? null,
    error: failure?.message ?? null,
  });
}

function tooLate(timeoutMs: number): AttemptFailure {
  return new AttemptFailure(`no whole answer came within ${seconds(timeoutMs)}`, {
    repeat: "never",
    hint: "Raise model.request_timeout (--llm-timeout)",
  });
}

/** Adds what an attempt used: as the service counted, else as estimated. */
function book(
  options: CallerOptions,
  call: Call,
  tokens: TokenCounts,
  written: string,
  servedModel: string,
): number {
  const promptTokens = tokens.promptTokens ?? call.promptTokens;
  const completionTokens = tokens.completionTokens ?? estimateTokens(written);
  const estimate = spendingOf(options, promptTokens, completionTokens, servedModel);
  const exact = costOf(tokens, options.priceFor(servedModel));
  call.used = {
    tokens: call.used.tokens + estimate.tokens,
    costUsd: call.used.costUsd + (exact ?? estimate.costUsd),
  };
  return estimate.tokens;
}

function spendingOf(
  { priceFor }: CallerOptions,
  promptTokens: number,
  completionTokens: number,
  servedModel: string,
): Spending {
  const price = priceFor(servedModel);
  return {
    tokens: promptTokens + completionTokens,
    costUsd: costOf({ ...UNCOUNTED, promptTokens, completionTokens }, price) ?? 0,
  };
}

function completionOf(options: CallerOptions, call: Call, result: AttemptResult): Completion {
  const { text, reasoning, finishReason, model, tokens } = result;
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = tokens;
  return {
    text,
    reasoning,
    finishReason,
    usage: {
      calls: 1,
      promptTokens,
      cachedTokens,
      completionTokens,
      reasoningTokens,
      costUsd: costOf(tokens, options.priceFor(model)),
    },
    model,
    attempts: requestsOf(call),
    durationMs: options.clock.nowMs() - call.startedMs,
  };
}

function requestsOf(call: Call): number {
  return call.attempts.reduce((sum, { requests }) => sum + requests, 0);
}

function finalError(
  options: CallerOptions,
  call: Call,
  failure: AttemptFailure,
  reason: string,
): PerfagentError {
  const requests = requestsOf(call);
  const { endpoint } = options.transport;
  const place = endpoint === null ? "" : ` at ${new URL(endpoint).origin}`;
  const effort = requests > 1 ? ` (${requests} requests in ${seconds(call.spentMs)})` : "";
  const why = reason === "" ? "" : `; ${reason}`;
  const message = `Cannot get an answer from '${options.name}'${place}: ${failure.message}${effort}${why}`;
  return new PerfagentError("model", options.redact(message), { hint: failure.hint });
}

function asPerfagentError(error: unknown): PerfagentError {
  if (error instanceof PerfagentError) return error;
  return new PerfagentError("bug", `The model's client failed: ${messageOf(error)}`, { cause: error });
}

function log(
  options: CallerOptions,
  call: Call,
  completion: Completion | null,
  firstWordsMs: number | null,
  error: string | null,
): void {
  options.ioLog?.write({
    at: call.at,
    owner: options.owner,
    model: options.name,
    endpoint: options.transport.endpoint,
    request: options.transport.describe(call.messages),
    completion,
    error,
    queuedMs: call.queuedMs,
    firstWordsMs,
    totalMs: options.clock.nowMs() - call.startedMs,
    attempts: call.attempts,
  });
}
