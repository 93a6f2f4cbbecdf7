/**
 * Which program runs on which core. Every program has one core for itself; timed ones get a whole physical core, and
 * never the one where perfagent itself works, if there is another.
 */

/** What a core is wanted for. */
export type CorePurpose = "check" | "time";

export interface CoreLease {
  readonly purpose: CorePurpose;
  /** The program's core; null where programs cannot be pinned. */
  readonly core: number | null;
  /** Where the launcher looks from meanwhile; null for anywhere. */
  readonly homeCore: number | null;
  release(): void;
}

export interface Cores {
  /**
   * Waits for a core.
   * @throws The signal's reason when it is aborted first.
   */
  lease(purpose: CorePurpose, signal: AbortSignal): Promise<CoreLease>;
}

/** Logical cores that share one physical core. */
export type PhysicalCore = readonly number[];

export interface CoresOptions {
  readonly physical: readonly PhysicalCore[];
  /** Most programs at once. */
  readonly maxWorkers: number;
  /** Called with the cores that timed programs have at the moment: perfagent's own threads leave them. */
  readonly onTimedCores: (cores: readonly number[]) => void;
}

/** Makes the schedule of a process. */
export function createCores(options: CoresOptions): Cores {
  const busy = new Set<number>();
  const timed = new Set<number>();
  const waiting: Waiting[] = [];
  // With several cores, some are for perfagent and the launchers, and for checks when those leave them room.
  const ownCount = options.physical.length > 1 ? Math.ceil(options.physical.length / CORES_PER_HOME) : 0;
  const own = options.physical.slice(0, ownCount).flat();
  const forTiming = options.physical.slice(ownCount);
  let running = 0;
  let served = 0;

  const isFree = (core: number): boolean => !busy.has(core);
  const wanted = (purpose: CorePurpose, timingWaits: boolean): readonly number[] | null => {
    if (running >= options.maxWorkers) return null;
    if (purpose === "time") return forTiming.find((cores) => cores.every(isFree)) ?? null;
    // While a timed program waits for a core to become free, others do not take it away again.
    const allowed = timingWaits && own.length > 0 ? own : options.physical.flat();
    const core = allowed.findLast(isFree);
    return core === undefined ? null : [core];
  };
  const serve = (): void => {
    let timingWaits = false;
    for (let index = 0; index < waiting.length; ) {
      const next = waiting[index];
      const cores = next === undefined ? null : wanted(next.purpose, timingWaits);
      if (next === undefined || cores === null) {
        timingWaits ||= next?.purpose === "time";
        index += 1;
        continue;
      }
      waiting.splice(index, 1);
      next.grant(take(next.purpose, cores));
    }
  };
  const take = (purpose: CorePurpose, cores: readonly number[]): CoreLease => {
    running += 1;
    for (const core of cores) busy.add(core);
    if (purpose === "time") {
      for (const core of cores) timed.add(core);
      options.onTimedCores([...timed]);
    }
    let held = true;
    const core = cores[0] ?? null;
    return {
      purpose,
      core,
      homeCore: own[served++ % own.length] ?? core,
      release() {
        if (!held) return;
        held = false;
        running -= 1;
        for (const each of cores) {
          busy.delete(each);
          timed.delete(each);
        }
        if (purpose === "time") options.onTimedCores([...timed]);
        serve();
      },
    };
  };

  return {
    lease(purpose, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const onAbort = (): void => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason);
          serve();
        };
        const entry: Waiting = {
          purpose,
          grant(lease) {
            signal.removeEventListener("abort", onAbort);
            resolve(lease);
          },
        };
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.push(entry);
        serve();
      });
    },
  };
}

// --- internal ---

/** A launcher takes 1 to 2 % of a core to watch its program: this many share one with ease. */
const CORES_PER_HOME = 16;

interface Waiting {
  readonly purpose: CorePurpose;
  grant(lease: CoreLease): void;
}
