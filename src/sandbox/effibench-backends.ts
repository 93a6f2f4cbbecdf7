/** The services a client knows: which of them live, how loaded they are, which one takes the next work. */
import { interruptedError, PerfagentError } from "../errors.ts";
import { pause } from "../lib/pause.ts";
import type { Logger } from "../types.ts";
import { CallError, call, type Endpoint } from "./effibench-http.ts";
import type { ServiceTiming } from "./effibench-timing.ts";
import { HealthAnswerSchema, type ServiceInfo, ServiceInfoSchema } from "./wire.ts";

/** One service. Read by everybody, changed here only. */
export interface Backend {
  readonly endpoint: Endpoint;
  /** What perfagent's own service says of itself; null for any other service. */
  readonly info: ServiceInfo | null;
  readonly alive: boolean;
}

export interface Backends {
  /** Services that answered when they were last asked. */
  alive(): readonly Backend[];
  /**
   * Takes the least loaded living service and counts one batch more for it. Waits for a service that worked before when
   * none is left.
   * @throws PerfagentError `backend` when all are dead, naming each and what it said; `interrupted` when aborted.
   */
  acquire(signal: AbortSignal): Promise<Backend>;
  /** The queue size of a service now; null when it does not answer. */
  queueSize(backend: Backend): Promise<number | null>;
  /** A service failed: nothing is sent to it until it is checked again. */
  markDead(backend: Backend, said: string): void;
}

/**
 * Asks every service how it is.
 * @throws PerfagentError `backend` when none answers.
 */
export async function createBackends(
  endpoints: readonly Endpoint[],
  timing: ServiceTiming,
  logger: Logger,
): Promise<Backends> {
  const states = endpoints.map(
    (endpoint): State => ({
      endpoint,
      info: null,
      alive: false,
      queueSize: 0,
      assigned: 0,
      checkedAt: Number.NEGATIVE_INFINITY,
      said: "",
      checking: null,
    }),
  );

  /** One check at a time per service; who comes meanwhile shares it. */
  function check(state: State): Promise<void> {
    state.checking ??= checkNow(state).finally(() => {
      state.checking = null;
    });
    return state.checking;
  }

  async function checkNow(state: State): Promise<void> {
    const options = { timeoutMs: timing.healthTimeoutMs };
    try {
      const health = await call(state.endpoint, "/health", HealthAnswerSchema, options);
      state.queueSize = health.queue_size;
      state.assigned = 0;
      if (!state.alive) {
        state.info = await infoOf(state.endpoint, options.timeoutMs);
        if (state.said !== "") logger.info(`The sandbox service ${state.endpoint.url} is back`);
        state.alive = true;
      }
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      bury(state, error.message);
    } finally {
      state.checkedAt = performance.now();
    }
  }

  function bury(state: State, said: string): void {
    if (state.alive) logger.warn(`The sandbox service ${state.endpoint.url} is left out: it ${said}`);
    state.alive = false;
    state.said = said;
    state.checkedAt = performance.now();
  }

  function stateOf(backend: Backend): State {
    const state = states.find((one) => one === backend);
    if (state === undefined) throw new TypeError("a backend of another client");
    return state;
  }

  function living(): State[] {
    return states.filter((state) => state.alive);
  }

  async function waitForLife(signal: AbortSignal): Promise<void> {
    const until = performance.now() + timing.reconnectMs;
    for (;;) {
      await Promise.all(states.map(check));
      if (living().length > 0) return;
      if (performance.now() >= until) throw allDead(states);
      await pause(timing.reconnectEveryMs, signal);
      if (signal.aborted) throw interruptedError();
    }
  }

  await Promise.all(states.map(check));
  if (living().length === 0) throw allDead(states);
  for (const state of states) {
    if (!state.alive) logger.warn(`The sandbox service ${state.endpoint.url} is left out: it ${state.said}`);
  }

  return {
    alive: living,
    async acquire(signal) {
      if (signal.aborted) throw interruptedError();
      const now = performance.now();
      for (const state of states) {
        // Nobody waits for the dead while another works.
        if (!state.alive && now - state.checkedAt >= timing.recheckMs) void check(state);
      }
      await Promise.all(
        living()
          .filter((state) => now - state.checkedAt >= timing.freshMs)
          .map(check),
      );
      if (living().length === 0) await waitForLife(signal);
      const chosen = living().reduce((best, state) => (loadOf(state) < loadOf(best) ? state : best));
      chosen.assigned += 1;
      return chosen;
    },
    async queueSize(backend) {
      const state = stateOf(backend);
      await check(state);
      return state.alive ? state.queueSize : null;
    },
    markDead(backend, said) {
      bury(stateOf(backend), said);
    },
  };
}

// --- internal ---

interface State extends Backend {
  info: ServiceInfo | null;
  alive: boolean;
  queueSize: number;
  /** Batches given since the queue size was read. */
  assigned: number;
  checkedAt: number;
  /** Why it was last found dead; empty if never. */
  said: string;
  checking: Promise<void> | null;
}

function loadOf(state: State): number {
  return state.queueSize + state.assigned;
}

/** Only perfagent's own service has this page; whatever another one answers, it is another one. */
async function infoOf(endpoint: Endpoint, timeoutMs: number): Promise<ServiceInfo | null> {
  try {
    return await call(endpoint, "/perfagent", ServiceInfoSchema, { timeoutMs });
  } catch (error) {
    if (error instanceof CallError && (error.kind === "malformed" || error.kind === "status")) return null;
    throw error;
  }
}

function allDead(states: readonly State[]): PerfagentError {
  const words = states.map((state) => `${state.endpoint.url} ${state.said}`);
  const subject = states.length === 1 ? "Cannot use the sandbox service" : "Cannot use any sandbox service";
  return new PerfagentError("backend", `${subject}: ${words.join("; ")}`, {
    hint: "Start the service (perfagent serve), correct --backend, or use --backend local.",
  });
}
