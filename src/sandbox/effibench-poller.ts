/** Looks after the submissions at one service: one request asks about all of them, until none is left. */
import { messageOf } from "../errors.ts";
import { pause } from "../lib/pause.ts";
import type { Backend } from "./effibench-backends.ts";
import { CallError, call } from "./effibench-http.ts";
import { nextPollMs, type ServiceTiming } from "./effibench-timing.ts";
import { isPending, ResultsAnswerSchema, type SubmissionAnswer } from "./wire.ts";

/**
 * The end of one submission. `lost`: no result will come from there, and `stillThere` says whether the service may yet be
 * working on it, so that it has to be cancelled.
 */
export type PollEvent =
  | { readonly kind: "answer"; readonly answer: SubmissionAnswer }
  | { readonly kind: "lost"; readonly reason: string; readonly stillThere: boolean };

/** One submission to look after. */
export interface Watched {
  readonly id: number;
  /** Called once, unless the submission is given up before. */
  readonly onEnd: (event: PollEvent) => void;
}

export interface Poller {
  /**
   * Looks after a batch.
   * @param runningMs How long the batch may show no change while one of its submissions is running.
   */
  watch(batch: readonly Watched[], runningMs: number): void;
  /** Nobody wants the result any more. */
  unwatch(id: number): void;
}

export interface PollerParts {
  readonly backend: Backend;
  readonly timing: ServiceTiming;
  /** The queue size of the service now; null when it does not answer. */
  readonly queueSize: () => Promise<number | null>;
  /** The service is dead; its submissions have been reported lost. */
  readonly onDead: (said: string) => void;
  /** Aborted when the client closes: the poller stops. */
  readonly signal: AbortSignal;
}

export function createPoller({ backend, timing, queueSize, onDead, signal }: PollerParts): Poller {
  const watched = new Map<number, Entry>();
  let wake: AbortController = new AbortController();
  let running = false;
  let newsAt = 0;

  /** Ends submissions; each is taken out before anybody is told, so nothing is reported twice. */
  function end(entries: readonly Entry[], event: PollEvent): void {
    const ended = entries.filter((entry) => watched.get(entry.id) === entry);
    for (const entry of ended) watched.delete(entry.id);
    for (const entry of ended) entry.onEnd(event);
  }

  function lose(reason: string, stillThere: boolean, entries = [...watched.values()]): void {
    end(entries, { kind: "lost", reason, stillThere });
  }

  /** What one look shows: ends, changes, ids that the service does not know (any more). */
  function read(asked: readonly Entry[], answers: readonly SubmissionAnswer[]): void {
    const now = performance.now();
    const byId = new Map(answers.map((answer) => [answer.submission_id, answer]));
    const newest = asked.reduce((id, entry) => Math.max(id, entry.id), -1);
    if (!byId.has(newest)) {
      // Ids are counted up. Without the newest, a restarted service may already be giving the older ones to others.
      lose("forgot the submission", false, [...asked]);
      return;
    }
    for (const entry of asked) {
      const answer = byId.get(entry.id);
      if (answer === undefined) {
        lose("forgot the submission", false, [entry]);
        continue;
      }
      if (answer.status === entry.status) continue;
      entry.status = answer.status;
      entry.batch.newsAt = now;
      newsAt = now;
      if (!isPending(answer.status)) end([entry], { kind: "answer", answer });
    }
  }

  /** Batches in which nothing has moved for too long. A queue that moves is news for all that wait in it. */
  async function dropStuck(): Promise<void> {
    const entries = [...watched.values()];
    const now = performance.now();
    const runs = new Set(
      entries.filter((entry) => entry.status === "processing").map((entry) => entry.batch),
    );
    for (const batch of runs) {
      if (now - batch.newsAt <= batch.runningMs) continue;
      const stuck = entries.filter((entry) => entry.batch === batch);
      lose(`showed no progress for ${Math.round(batch.runningMs / 1000)} s`, true, stuck);
    }
    const waiting = entries.filter((entry) => !runs.has(entry.batch) && watched.has(entry.id));
    const batches = new Set(waiting.map((entry) => entry.batch));
    for (const batch of batches) {
      if (now - Math.max(batch.newsAt, batch.queueAt) <= timing.queueMs / QUEUE_LOOKS) continue;
      const size = await queueSize();
      if (size !== batch.queueSize && size !== null) batch.newsAt = performance.now();
      batch.queueSize = size;
      batch.queueAt = performance.now();
    }
    const stuck = waiting.filter(({ batch }) => performance.now() - batch.newsAt > timing.queueMs);
    lose(`did not begin within ${Math.round(timing.queueMs / 1000)} s, nor did its queue move`, true, stuck);
  }

  async function look(): Promise<void> {
    const entries = [...watched.values()];
    for (let start = 0; start < entries.length; start += IDS_PER_CALL) {
      const asked = entries.slice(start, start + IDS_PER_CALL);
      const { results } = await call(backend.endpoint, "/submissions", ResultsAnswerSchema, {
        body: { submission_ids: asked.map((entry) => entry.id) },
        timeoutMs: timing.requestTimeoutMs,
        signal,
      });
      read(asked, results);
    }
    await dropStuck();
  }

  async function loop(): Promise<void> {
    let failures = 0;
    while (watched.size > 0 && !signal.aborted) {
      wake = new AbortController();
      const waitMs =
        nextPollMs(performance.now() - newsAt, timing) + (timing.retryDelaysMs[failures - 1] ?? 0);
      await pause(waitMs, AbortSignal.any([signal, wake.signal]));
      if (wake.signal.aborted || signal.aborted) continue;
      try {
        await look();
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        const gone = error instanceof CallError && error.kind === "refused";
        if (!gone && failures <= timing.retryDelaysMs.length) continue;
        // The process behind the address has ended, and its memory with it; or it has stopped to make sense.
        onDead(messageOf(error));
        lose(messageOf(error), false);
      }
    }
    running = false;
  }

  return {
    watch(batch, runningMs) {
      const known = batch.map(({ id }) => watched.get(id)).filter((entry) => entry !== undefined);
      if (known.length > 0) lose("was restarted: it gave an id twice", false);
      newsAt = performance.now();
      const shared: Batch = { runningMs, newsAt, queueSize: null, queueAt: newsAt };
      for (const { id, onEnd } of batch) watched.set(id, { id, onEnd, batch: shared, status: "waiting" });
      wake.abort();
      if (running) return;
      running = true;
      void loop();
    },
    unwatch(id) {
      watched.delete(id);
    },
  };
}

// --- internal ---

interface Batch {
  readonly runningMs: number;
  newsAt: number;
  /** The service's queue size at the last look; null before. */
  queueSize: number | null;
  queueAt: number;
}

interface Entry extends Watched {
  readonly batch: Batch;
  status: SubmissionAnswer["status"];
}

/** How many submissions one request asks about; keeps answers with long outputs at a size a service can give. */
const IDS_PER_CALL = 200;

/** How often the queue is looked at before it counts as standing still. */
const QUEUE_LOOKS = 6;
