/** Runs commands in boxes with launchers, on the cores that the schedule gives them. */
import { messageOf } from "../../errors.ts";
import type { ExecResult } from "../../types.ts";
import { emptyResult } from "../result.ts";
import type { BorrowedBox, BoxPool, BoxShape } from "./box-pool.ts";
import type { CoreLease, Cores } from "./cores.ts";
import { resultOfAnswer } from "./exec-result.ts";
import type { HeldInput, Inputs } from "./inputs.ts";
import type { LaunchRequest } from "./protocol.ts";
import {
  type Boxes,
  type BoxRequest,
  boxEnvironment,
  DEFAULT_FILE_BYTES,
  DEFAULT_TMP_BYTES,
} from "./types.ts";

export interface LauncherBoxesOptions {
  readonly pool: BoxPool;
  readonly inputs: Inputs;
  readonly cores: Cores;
}

export function createLauncherBoxes(options: LauncherBoxesOptions): Boxes {
  return {
    execute: async (request, signal) => {
      const [result] = await inLease(options, "check", [request], signal);
      return result ?? emptyResult("cancelled");
    },
    executeInOrder: (requests, signal) => inLease(options, "time", requests, signal),
  };
}

// --- internal ---

/** Commands sent to a launcher before the first has answered: it then never waits for us between two programs. */
const PIPELINE = 64;

/** A box that dies under a program is replaced once: whatever killed it, the program did not get its chance. */
const ATTEMPTS = 2;

/** Where we may: what else the machine does is not part of a program's time. */
const TIMED_NICE = -10;

async function inLease(
  options: LauncherBoxesOptions,
  purpose: "check" | "time",
  requests: readonly BoxRequest[],
  signal: AbortSignal,
): Promise<ExecResult[]> {
  const cancelled = requests.map(() => emptyResult("cancelled"));
  if (signal.aborted) return cancelled;
  let lease: CoreLease;
  try {
    lease = await options.cores.lease(purpose, signal);
  } catch (error) {
    if (signal.aborted) return cancelled;
    throw error;
  }
  try {
    const results: ExecResult[] = [];
    while (results.length < requests.length) {
      const batch = nextBatch(requests, results.length);
      results.push(...(await runBatch(options, lease, batch, signal)));
    }
    return results;
  } finally {
    lease.release();
  }
}

/** The commands from `start` on that run in the same box. */
function nextBatch(requests: readonly BoxRequest[], start: number): BoxRequest[] {
  const batch: BoxRequest[] = [];
  const shape = JSON.stringify(shapeOf(requests[start]));
  for (let index = start; batch.length < PIPELINE; index += 1) {
    const request = requests[index];
    if (request === undefined || JSON.stringify(shapeOf(request)) !== shape) break;
    batch.push(request);
  }
  return batch;
}

function shapeOf(request: BoxRequest | undefined): BoxShape {
  return { mounts: request?.mounts ?? [], tmpBytes: request?.limits.tmpBytes ?? DEFAULT_TMP_BYTES };
}

async function runBatch(
  options: LauncherBoxesOptions,
  lease: CoreLease,
  batch: readonly BoxRequest[],
  signal: AbortSignal,
): Promise<ExecResult[]> {
  const held = await Promise.all(batch.map(({ stdin }) => options.inputs.hold(stdin)));
  try {
    const results: ExecResult[] = [];
    for (let attempt = 1; results.length < batch.length; ) {
      if (signal.aborted) {
        results.push(emptyResult("cancelled"));
        continue;
      }
      const before = results.length;
      const error = await attemptBatch(options, lease, batch, held, results, signal);
      if (error === null || signal.aborted) continue;
      attempt = results.length > before ? 1 : attempt + 1;
      if (attempt > ATTEMPTS) results.push(emptyResult("sandbox_error", error));
    }
    return results;
  } finally {
    for (const input of held) input.release();
  }
}

/** Runs what of the batch has no result yet. Returns why the box died, or null. */
async function attemptBatch(
  options: LauncherBoxesOptions,
  lease: CoreLease,
  batch: readonly BoxRequest[],
  held: readonly HeldInput[],
  results: ExecResult[],
  signal: AbortSignal,
): Promise<string | null> {
  let box: BorrowedBox;
  try {
    box = await options.pool.borrow(shapeOf(batch[0]));
  } catch (error) {
    return messageOf(error);
  }
  const onAbort = (): void => void box.kill();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) await box.kill();
  try {
    const start = results.length;
    const answers = batch.slice(start).map((request, index) => {
      const answer = box.launch(launchRequest(request, held[start + index]?.name ?? "", lease));
      // Those behind the one that is awaited must not count as unhandled when the box dies.
      answer.catch(() => undefined);
      return answer;
    });
    for (const answer of answers) results.push(resultOfAnswer(await answer));
    box.giveBack();
    return null;
  } catch (error) {
    await box.kill();
    return messageOf(error);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function launchRequest(request: BoxRequest, input: string, lease: CoreLease): Omit<LaunchRequest, "id"> {
  const { limits } = request;
  const wallNs = limits.wallMs * 1e6;
  return {
    core: lease.core,
    homeCore: lease.homeCore,
    nice: lease.purpose === "time" ? TIMED_NICE : 0,
    wallNs,
    // On one core CPU time cannot pass wall time, except where programs are not pinned.
    cpuNs: lease.core === null ? wallNs * navigator.hardwareConcurrency : wallNs,
    memoryBytes: limits.memoryBytes,
    outputBytes: limits.outputBytes,
    fileBytes: limits.fileBytes ?? DEFAULT_FILE_BYTES,
    input,
    cwd: request.cwd ?? "/tmp",
    argv: request.argv,
    env: boxEnvironment(request.env),
  };
}
