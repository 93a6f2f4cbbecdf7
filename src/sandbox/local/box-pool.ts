/** Boxes with launchers, kept for the next program with the same mounts. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { CgroupFolders, Cgroups } from "./cgroups.ts";
import { hostPaths } from "./host-paths.ts";
import { type Host, launcherArgv, type Tier } from "./isolation.ts";
import { type LauncherBox, startLauncherBox } from "./launcher-box.ts";
import type { LaunchAnswer, LaunchRequest } from "./protocol.ts";
import type { BoxMount } from "./types.ts";

export interface BoxPoolOptions {
  readonly tier: Tier;
  readonly host: Host;
  readonly launcher: string;
  /** Host folder of inputs, shown to every box. */
  readonly inputs: string;
  readonly tmpDir: string;
  readonly cgroups: Cgroups | null;
  /** Idle boxes that are kept. */
  readonly keep: number;
}

/** What makes two boxes the same. */
export interface BoxShape {
  readonly mounts: readonly BoxMount[];
  readonly tmpBytes: number;
}

/** A box that one caller has for itself. */
export interface BorrowedBox {
  launch(request: Omit<LaunchRequest, "id">): Promise<LaunchAnswer>;
  /** Kills it with everything in it. */
  kill(): Promise<void>;
  /** Gives it back; a dead box is not kept. */
  giveBack(): void;
}

export interface BoxPool {
  borrow(shape: BoxShape): Promise<BorrowedBox>;
  /** Kills all boxes, borrowed ones too, and removes what they left. */
  close(): Promise<void>;
}

export function createBoxPool(options: BoxPoolOptions): BoxPool {
  const idle: PooledBox[] = [];
  const all = new Set<PooledBox>();
  let serial = 0;
  let closed = false;

  const discard = async (pooled: PooledBox): Promise<void> => {
    if (!all.delete(pooled)) return;
    await pooled.box.kill();
    if (pooled.scratch !== "") rmSync(pooled.scratch, { recursive: true, force: true });
    if (pooled.cgroup !== null) await options.cgroups?.remove(pooled.cgroup);
  };
  const start = async (shape: BoxShape, key: string): Promise<PooledBox> => {
    const scratch = options.tier === "L5" ? makeScratch(options.tmpDir) : "";
    const cgroup = options.cgroups?.make() ?? null;
    const { host, launcher, inputs, tier } = options;
    const uid = FIRST_UID + (process.pid % UID_BLOCKS) * UIDS_PER_PROCESS + (serial++ % UIDS_PER_PROCESS);
    try {
      const argv = launcherArgv(host, { tier, launcher, inputs, uid, scratch, cgroup, ...shape });
      const box = await startLauncherBox(argv);
      const pooled = { box, key, scratch, cgroup };
      all.add(pooled);
      return pooled;
    } catch (error) {
      if (cgroup !== null) await options.cgroups?.remove(cgroup);
      throw error;
    }
  };

  return {
    async borrow(shape) {
      const key = JSON.stringify(shape);
      const index = idle.findLastIndex((pooled) => pooled.key === key && pooled.box.alive);
      const pooled = (index === -1 ? undefined : idle.splice(index, 1)[0]) ?? (await start(shape, key));
      const { scratch } = pooled;
      if (closed) await discard(pooled);
      return {
        launch: (request) =>
          pooled.box.launch(scratch === "" ? request : onHost(request, shape.mounts, scratch)),
        kill: () => discard(pooled),
        giveBack() {
          if (!all.has(pooled)) return;
          idle.push(pooled);
          const surplus = pooled.box.alive ? idle.length - options.keep : idle.length;
          for (const old of idle.splice(0, Math.max(0, surplus))) void discard(old);
        },
      };
    },
    async close() {
      closed = true;
      await Promise.all([...all].map(discard));
    },
  };
}

// --- internal ---

/**
 * Users that programs run as, where we are the administrator: far above those of people and services, and another one for
 * each box, since the kernel counts processes per user.
 */
const FIRST_UID = 1_600_000_000;
const UIDS_PER_PROCESS = 1000;
const UID_BLOCKS = 100_000;

interface PooledBox {
  readonly box: LauncherBox;
  readonly key: string;
  readonly scratch: string;
  readonly cgroup: CgroupFolders | null;
}

function makeScratch(tmpDir: string): string {
  mkdirSync(tmpDir, { recursive: true });
  return mkdtempSync(join(tmpDir, "scratch-"));
}

function onHost(
  request: Omit<LaunchRequest, "id">,
  mounts: readonly BoxMount[],
  scratch: string,
): Omit<LaunchRequest, "id"> {
  const translate = hostPaths(mounts, scratch);
  return {
    ...request,
    cwd: translate(request.cwd),
    argv: request.argv.map(translate),
    env: Object.fromEntries(Object.entries(request.env).map(([name, value]) => [name, translate(value)])),
  };
}
