/** The times by which the client lives. Each is there so that nothing is endless and nothing is hammered. */
export interface ServiceTiming {
  /** Until a health check has its whole answer. */
  readonly healthTimeoutMs: number;
  /** Until a submission or a poll has its whole answer. */
  readonly requestTimeoutMs: number;
  /** How old a queue size may be when a service is chosen by it. */
  readonly freshMs: number;
  /** How long a service that failed is left alone while others work. */
  readonly recheckMs: number;
  /** How long a service that worked before is waited for when no other is left, as when it is being restarted. */
  readonly reconnectMs: number;
  /** Between looks at services that are being waited for. */
  readonly reconnectEveryMs: number;
  /** Waits before the second and each further try of a call that failed; then the service counts as dead. */
  readonly retryDelaysMs: readonly number[];
  /** Before the first look at a submission. */
  readonly firstPollMs: number;
  /** Between looks, at the most. */
  readonly longestPollMs: number;
  /**
   * How long a running submission may show no change beyond its own time limit, before it counts as stuck: start-up,
   * compilation and judging are in it.
   */
  readonly stuckMs: number;
  /** How long submissions may wait while neither they nor the service's queue move. */
  readonly queueMs: number;
}

export const DEFAULT_TIMING: ServiceTiming = {
  healthTimeoutMs: 5_000,
  requestTimeoutMs: 120_000,
  freshMs: 1_000,
  recheckMs: 60_000,
  reconnectMs: 30_000,
  reconnectEveryMs: 1_000,
  retryDelaysMs: [100, 500, 2_000],
  firstPollMs: 50,
  longestPollMs: 2_000,
  stuckMs: 60_000,
  queueMs: 180_000,
};

/** Share of the time already waited that the next wait takes: results come at most so much later than they could. */
const POLL_SHARE = 0.1;

/**
 * The wait before the next look, from the time since something last changed: submissions that end quickly are seen
 * quickly, long ones are asked about seldom.
 */
export function nextPollMs(quietMs: number, timing: ServiceTiming): number {
  return Math.min(timing.longestPollMs, Math.max(timing.firstPollMs, quietMs * POLL_SHARE));
}

/** What a program may take beside its own time limit when a whole list is given one deadline: start-up and compiling. */
const JOB_OVERHEAD_MS = 2_000;

/** The deadline of a list of jobs that one worker may have to do one after another, behind other people's. */
export function deadlineMsOf(wallLimitsMs: readonly number[], timing: ServiceTiming): number {
  const work = wallLimitsMs.reduce((sum, wallMs) => sum + wallMs + JOB_OVERHEAD_MS, 0);
  return work + timing.queueMs + timing.stuckMs;
}

/** Most submissions in one batch of a correctness pass: what a lost batch costs stays small. */
const LONGEST_BATCH = 25;

/** Cuts a list into batches: as many as can run at once, none longer than `LONGEST_BATCH`, sizes differing by one. */
export function batchesOf<T>(items: readonly T[], slots: number): T[][] {
  const count = Math.max(Math.min(items.length, slots), Math.ceil(items.length / LONGEST_BATCH));
  return Array.from({ length: count }, (_, index) =>
    items.slice(Math.floor((index * items.length) / count), Math.floor(((index + 1) * items.length) / count)),
  );
}
