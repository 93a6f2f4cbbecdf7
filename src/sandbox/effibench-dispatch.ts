/** Sends groups of tasks to services and sees to it that each task ends exactly once, whatever the services do. */
import { messageOf, PerfagentError } from "../errors.ts";
import { pause } from "../lib/pause.ts";
import type { ExecResult, Logger } from "../types.ts";
import type { Backend, Backends } from "./effibench-backends.ts";
import { CallError, call } from "./effibench-http.ts";
import { createPoller, type PollEvent, type Poller } from "./effibench-poller.ts";
import type { Task } from "./effibench-task.ts";
import type { ServiceTiming } from "./effibench-timing.ts";
import {
  BatchAnswerSchema,
  CancelAnswerSchema,
  type SubmissionAnswer,
  type SubmissionRequest,
} from "./wire.ts";

/** Tasks that go to one service as one batch. */
export interface Group {
  readonly tasks: readonly Task[];
  /**
   * The results are only comparable together: when one is lost, all are run again, and none is given out before all are
   * there. Otherwise only what was lost is run again.
   */
  readonly whole: boolean;
}

export interface Dispatch {
  /** Sends a group; its tasks are settled in time. */
  run(group: Group): void;
  /** Resolves when the services have been told to stop the given-up ones among these tasks, or did not listen. */
  stopped(tasks: readonly Task[]): Promise<void>;
}

export interface DispatchParts {
  readonly backends: Backends;
  readonly timing: ServiceTiming;
  readonly logger: Logger;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
}

export function createDispatch({ backends, timing, logger, closing }: DispatchParts): Dispatch {
  const pollers = new Map<Backend, Poller>();
  const submits = new Map<Task, Promise<unknown>>();
  const cancels = new Set<Promise<void>>();

  function pollerOf(backend: Backend): Poller {
    const known = pollers.get(backend);
    if (known !== undefined) return known;
    const poller = createPoller({
      backend,
      timing,
      queueSize: () => backends.queueSize(backend),
      onDead: (said) => backends.markDead(backend, said),
      signal: closing,
    });
    pollers.set(backend, poller);
    return poller;
  }

  /** Tells a service to stop one submission. It may have forgotten it or be gone: then there is nothing to stop. */
  function cancelAt(backend: Backend, id: number): void {
    const path = `/cancel/${id}`;
    const cancel = call(backend.endpoint, path, CancelAnswerSchema, { body: {}, timeoutMs: CANCEL_MS }).then(
      () => undefined,
      (error) => logger.debug(`${backend.endpoint.url}${path}: ${messageOf(error)}`),
    );
    cancels.add(cancel);
    void cancel.finally(() => cancels.delete(cancel));
  }

  async function runGroup({ tasks, whole }: Group): Promise<void> {
    const over = new AbortController();
    void Promise.allSettled(tasks.map((task) => task.result)).then(() => over.abort());
    let reason = "";
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const open = tasks.filter((task) => !task.done);
      if (open.length === 0 || (whole && open.length < tasks.length)) return;
      const lost = await attemptOn(open, whole, over.signal);
      if (lost === null) return;
      reason = lost;
      logger.debug(`Submitting ${open.length} programs again: ${lost}`);
    }
    throw new PerfagentError("backend", `Cannot get results, after ${MOST_ATTEMPTS} tries: ${reason}`, {
      hint: "Look at the service's own log, or use --backend local.",
    });
  }

  /** Sends tasks once and waits for their ends. Null when nothing is left to do, else why there is. */
  async function attemptOn(open: readonly Task[], whole: boolean, over: AbortSignal): Promise<string | null> {
    const backend = await backends.acquire(over);
    const extended = backend.info !== null;
    const sent = open.flatMap((task) => {
      const request = task.request(extended);
      if (!("status" in request)) return [{ task, request }];
      task.settle(request);
      return [];
    });
    if (sent.length === 0) return null;
    const submit = submitTo(
      backend,
      sent.map(({ request }) => request),
      over,
    );
    for (const { task } of sent) submits.set(task, submit);
    const ids = await submit.finally(() => {
      for (const { task } of sent) submits.delete(task);
    });
    if (typeof ids === "string") return ids;
    return collect(
      backend,
      sent.map(({ task }, index) => ({ task, id: ids[index] ?? -1 })),
      whole,
    );
  }

  /** The ids of a batch; a sentence when the service did not take it and another one may. */
  async function submitTo(
    backend: Backend,
    requests: readonly SubmissionRequest[],
    over: AbortSignal,
  ): Promise<readonly number[] | string> {
    const { endpoint } = backend;
    for (let failures = 0; ; ) {
      try {
        // Not stopped by `over`: a batch that was taken must be known, so that it can be cancelled.
        const answer = await call(endpoint, "/submit_batch", BatchAnswerSchema, {
          body: { requests },
          timeoutMs: timing.requestTimeoutMs,
        });
        if (answer.submission_ids.length === requests.length) return answer.submission_ids;
        throw new CallError("malformed", `gave ${answer.submission_ids.length} ids for ${requests.length}`);
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        const { status } = error;
        if (status === 429) {
          await pause(error.retryAfterMs ?? BUSY_MS, over);
        } else if (status === 400 || status === 413 || status === 422) {
          throw new PerfagentError("backend", `The sandbox service ${endpoint.url} ${error.message}`, {
            hint: "It understood the request and refuses the program; --backend local has its own rules.",
          });
        } else {
          const delayMs = timing.retryDelaysMs[failures];
          failures += 1;
          const hopeless = error.kind === "refused" || (status !== null && status < 500);
          if (hopeless || delayMs === undefined) {
            backends.markDead(backend, error.message);
            return `${endpoint.url} ${error.message}`;
          }
          await pause(delayMs, over);
        }
        if (over.aborted) return `${endpoint.url} ${error.message}`;
      }
    }
  }

  /** Waits for the ends of submissions. Null when each task has its result, else why not. */
  function collect(backend: Backend, places: readonly Place[], whole: boolean): Promise<string | null> {
    const { promise, resolve } = Promise.withResolvers<string | null>();
    const poller = pollerOf(backend);
    const results = new Map<Task, ExecResult>();
    const open = new Map(places.map((place) => [place.task, place]));
    let lost: string | null = null;

    function close(place: Place): void {
      open.delete(place.task);
      place.task.onAbandoned = null;
      if (open.size > 0) return;
      if (whole && lost === null) for (const [task, result] of results) task.settle(result);
      resolve(lost);
    }

    function abandon(place: Place): void {
      poller.unwatch(place.id);
      cancelAt(backend, place.id);
      close(place);
    }

    function lose(place: Place, reason: string, stillThere: boolean): void {
      lost = `${backend.endpoint.url} ${reason}`;
      if (stillThere) cancelAt(backend, place.id);
      close(place);
      if (whole) for (const other of [...open.values()]) abandon(other);
    }

    function take(place: Place, answer: SubmissionAnswer): void {
      if (answer.status === "cancelled") {
        lose(place, "cancelled a submission by itself", false);
        return;
      }
      const result = place.task.read(answer);
      place.task.onAbandoned = null;
      if (whole) results.set(place.task, result);
      else place.task.settle(result);
      close(place);
    }

    function onEnd(place: Place, event: PollEvent): void {
      if (event.kind === "answer") take(place, event.answer);
      else lose(place, event.reason, event.stillThere);
    }

    for (const place of places) {
      // Given up while the submission was on its way.
      if (place.task.done) abandon(place);
      else place.task.onAbandoned = () => abandon(place);
    }
    const watched = [...open.values()].map((place) => ({
      id: place.id,
      onEnd: (event: PollEvent) => onEnd(place, event),
    }));
    if (watched.length > 0) poller.watch(watched, runningMsOf(places, whole, backend, timing));
    return promise;
  }

  return {
    run(group) {
      runGroup(group).catch((error) => {
        const failure =
          error instanceof PerfagentError
            ? error
            : new PerfagentError("bug", `The sandbox client failed: ${messageOf(error)}`, { cause: error });
        for (const task of group.tasks) task.settle(failure);
      });
    },
    async stopped(tasks) {
      const told = Promise.allSettled(tasks.map((task) => submits.get(task)))
        // The ids that came back are cancelled in the turn after that.
        .then(() => pause(0, NEVER))
        .then(() => Promise.allSettled(cancels));
      await Promise.race([told, pause(CANCEL_MS, NEVER)]);
    },
  };
}

// --- internal ---

/** A task and the id under which a service works on it. */
interface Place {
  readonly task: Task;
  readonly id: number;
}

/** How often a group is given to a service before it is given up: a service that restarts now and then is survived. */
const MOST_ATTEMPTS = 6;

/** Before the next try at a service whose queue is full, when it does not say how long. */
const BUSY_MS = 1_000;

/** How long services are given to hear that they shall stop. */
const CANCEL_MS = 5_000;

const NEVER: AbortSignal = new AbortController().signal;

/**
 * How long a running batch may show no change. Services run a batch one by one, so that something changes with each
 * program; only perfagent's own service measures a whole list in one go.
 */
function runningMsOf(
  places: readonly Place[],
  whole: boolean,
  backend: Backend,
  timing: ServiceTiming,
): number {
  const limits = places.map(({ task }) => task.limits.wallMs);
  const atOnce = whole && backend.info !== null;
  return timing.stuckMs + (atOnce ? limits.reduce((sum, ms) => sum + ms, 0) : Math.max(...limits));
}
