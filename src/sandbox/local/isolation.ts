/** The tiers of isolation: what each one puts in front of a launcher. Pure. */
import type { BaseEntry } from "./base-system.ts";
import { bubblewrapArgv } from "./bubblewrap.ts";
import type { CgroupFolders } from "./cgroups.ts";
import type { BoxMount } from "./types.ts";

/**
 * L1: bubblewrap and a delegated control group of version 2. L2: bubblewrap and control groups of version 1, as the
 * administrator. L3: bubblewrap, limits held by watching. L4: namespaces of our own making. L5: none.
 */
export type Tier = "L1" | "L2" | "L3" | "L4" | "L5";

/** All tiers, the best first. */
export const TIERS: readonly Tier[] = ["L1", "L2", "L3", "L4", "L5"];

/** What this machine and user bring to a box. */
export interface Host {
  /** Absolute path of bubblewrap; null when there is none. */
  readonly bwrap: string | null;
  /** Absolute path of util-linux's unshare; null when there is none. */
  readonly unshare: string | null;
  readonly base: readonly BaseEntry[];
  /** True when we are the system's administrator, and programs can run as somebody else. */
  readonly root: boolean;
  /** The kernel counts a user's processes per user namespace, so that a limit on them concerns the box alone. */
  readonly countsProcesses: boolean;
}

export interface BoxPlan {
  readonly tier: Tier;
  readonly launcher: string;
  /** Host folder of inputs. */
  readonly inputs: string;
  readonly mounts: readonly BoxMount[];
  /** Host user that programs run as, where we are the administrator. */
  readonly uid: number;
  readonly tmpBytes: number;
  /** The programs' own folder on the host; used by L5 alone. */
  readonly scratch: string;
  readonly cgroup: CgroupFolders | null;
}

/** Most processes and threads of one program: a Java VM has about 30, a fork bomb has the rest. */
export const MOST_PROCESSES = 256;

/** The command that starts a launcher in a box of a tier. */
export function launcherArgv(host: Host, plan: BoxPlan): string[] {
  const arguments_ = ["--processes", String(MOST_PROCESSES)];
  if (plan.tier === "L5") {
    const tmp = ["--tmp", plan.scratch, String(plan.tmpBytes)];
    return [plan.launcher, "--bare", ...arguments_, ...tmp, "--inputs", plan.inputs];
  }
  arguments_.push("--tmp", "/tmp", String(plan.tmpBytes), "--inputs", INPUTS);
  if (host.root) arguments_.push("--uid", String(plan.uid));
  const mounts = [...plan.mounts, { source: plan.inputs, target: INPUTS, writable: false }];
  if (plan.tier === "L4") return [plan.launcher, "--own", ...arguments_, ...ownMounts(host.base, mounts)];
  mounts.push({ source: plan.launcher, target: LAUNCHER, writable: false });
  if (plan.cgroup !== null) {
    const { version, memory, cpu, pids } = plan.cgroup;
    const folders = version === 1 ? [memory, cpu, pids] : [memory];
    const targets = folders.map((_, index) => `/cgroup/${index}`);
    arguments_.push(`--cgroup${version}`, ...targets);
    for (const [index, source] of folders.entries()) {
      mounts.push({ source, target: targets[index] ?? "", writable: true });
    }
  }
  if (host.bwrap === null) throw new Error(`Tier ${plan.tier} needs bubblewrap`);
  const box = bubblewrapArgv({ bwrap: host.bwrap, base: host.base, mounts, root: host.root });
  return [...box, LAUNCHER, ...arguments_];
}

// --- internal ---

/** Where the launcher finds these in its box; it takes them away before the first program runs. */
const INPUTS = "/inputs";
const LAUNCHER = "/launcher";

function ownMounts(base: readonly BaseEntry[], mounts: readonly BoxMount[]): string[] {
  return [
    ...base.flatMap((entry) =>
      entry.kind === "bind" ? ["--ro", entry.path, entry.path] : ["--symlink", entry.target, entry.path],
    ),
    ...mounts.flatMap(({ source, target, writable }) => [writable ? "--rw" : "--ro", source, target]),
  ];
}
