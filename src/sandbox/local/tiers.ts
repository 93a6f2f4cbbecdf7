/** Finds the best isolation that works here, by trying. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { messageOf, PerfagentError } from "../../errors.ts";
import type { Logger } from "../../types.ts";
import { baseSystem } from "./base-system.ts";
import { runCanary } from "./canary.ts";
import { type Cgroups, findCgroups } from "./cgroups.ts";
import { type Host, MOST_PROCESSES, TIERS, type Tier } from "./isolation.ts";
import { findLauncher } from "./launcher-file.ts";
import type { Boxes } from "./types.ts";

/** A tier with what it needs. */
export interface TierChoice {
  readonly tier: Tier;
  readonly host: Host;
  /** Path of the launcher; null means the portable path. */
  readonly launcher: string | null;
  readonly cgroups: Cgroups | null;
}

export interface TierOptions {
  readonly allowUnsafe: boolean;
  readonly cacheDir: string;
  readonly tmpDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly tier?: Tier;
  readonly measurement?: "launcher" | "portable";
}

/** Boxes of a choice, while they are open. */
export interface OpenBoxes {
  readonly boxes: Boxes;
  close(): Promise<void>;
}

/** One tier tried, for a person to read. */
export interface TierAttempt {
  readonly tier: Tier;
  /** Why it cannot be used; null when it can. */
  readonly obstacle: string | null;
}

/**
 * Opens boxes of the best tier that works; what worked is remembered until the machine is started again.
 * @throws PerfagentError `backend` when none works that is allowed.
 */
export async function openBestTier<Opened extends OpenBoxes>(
  options: TierOptions,
  open: (choice: TierChoice) => Opened,
): Promise<{ choice: TierChoice; opened: Opened }> {
  const host = findHost(options.env);
  const launcher = await launcherFor(options);
  const attempts: TierAttempt[] = [];
  const proven = readProven(options, launcher);
  for (const tier of candidates(options)) {
    const found = prepare(tier, host, launcher);
    if (typeof found === "string") {
      attempts.push({ tier, obstacle: found });
      continue;
    }
    const opened = open(found);
    const obstacle =
      tier === "L5" || proven.tiers.includes(tier) ? null : await tryOut(opened.boxes, options.tmpDir);
    if (obstacle === null) {
      if (tier !== "L5" && !proven.tiers.includes(tier))
        writeProven(options, { ...proven, tiers: [...proven.tiers, tier] });
      return { choice: found, opened };
    }
    attempts.push({ tier, obstacle });
    await opened.close();
  }
  throw refusal(attempts);
}

/** Tries every tier anew. */
export async function surveyTiers(
  options: TierOptions,
  open: (choice: TierChoice) => OpenBoxes,
): Promise<TierAttempt[]> {
  const host = findHost(options.env);
  const launcher = await launcherFor(options);
  const attempts: TierAttempt[] = [];
  for (const tier of TIERS) {
    const found = prepare(tier, host, launcher);
    if (typeof found === "string") {
      attempts.push({ tier, obstacle: found });
      continue;
    }
    if (tier === "L5") {
      attempts.push({ tier, obstacle: null });
      continue;
    }
    const opened = open(found);
    attempts.push({ tier, obstacle: await tryOut(opened.boxes, options.tmpDir) });
    await opened.close();
  }
  return attempts;
}

/** What the machine and user bring. */
export function findHost(env: TierOptions["env"]): Host {
  return {
    bwrap: Bun.which("bwrap", { PATH: env.PATH ?? "" }),
    unshare: Bun.which("unshare", { PATH: env.PATH ?? "" }),
    base: baseSystem(),
    root: process.geteuid?.() === 0,
    countsProcesses: kernelAtLeast(COUNTS_PER_NAMESPACE),
  };
}

// --- internal ---

/** Since Linux 5.14 a user's processes are counted per user namespace. */
const COUNTS_PER_NAMESPACE = [5, 14] as const;

const INSTALL_HINT =
  "Install bubblewrap (Debian/Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap) or allow user namespaces " +
  "(sysctl user.max_user_namespaces); --unsafe-no-sandbox runs programs without isolation.";

async function launcherFor(options: TierOptions): Promise<string | null> {
  if (options.measurement === "portable") return null;
  const { cacheDir, logger } = options;
  const launcher = await findLauncher({ cacheDir, path: options.env.PATH ?? "", logger });
  if (launcher !== null || options.measurement !== "launcher") return launcher;
  throw new PerfagentError(
    "backend",
    "Cannot measure with the launcher: it is not built in and no C compiler was found",
  );
}

function candidates(options: TierOptions): Tier[] {
  if (options.tier === undefined) return TIERS.filter((tier) => tier !== "L5" || options.allowUnsafe);
  return options.tier === "L5" && !options.allowUnsafe ? [] : [options.tier];
}

/** A tier with its needs, or why it cannot be had. */
function prepare(tier: Tier, host: Host, launcher: string | null): TierChoice | string {
  if (process.platform !== "linux" && tier !== "L5") return "it needs Linux";
  const choice = { tier, host, launcher, cgroups: null };
  if (tier === "L5") return choice;
  if (tier === "L4") {
    return launcher === null && host.unshare === null
      ? "neither the launcher nor 'unshare' is there"
      : choice;
  }
  if (host.bwrap === null) return "bubblewrap is not installed";
  if (tier === "L3") return choice;
  if (launcher === null) return "it needs the launcher";
  if (tier === "L2" && !host.root) return "it needs to be run by the administrator";
  const cgroups = findCgroups(tier === "L1" ? 2 : 1, MOST_PROCESSES);
  if (cgroups === null) {
    return tier === "L1"
      ? "no control group of version 2 with memory and pids is delegated to us (try 'systemd-run --user --scope')"
      : "no control groups of version 1 with memory, cpuacct and pids are there";
  }
  return { ...choice, cgroups };
}

async function tryOut(boxes: Boxes, tmpDir: string): Promise<string | null> {
  mkdirSync(tmpDir, { recursive: true });
  try {
    const findings = await runCanary(boxes, tmpDir);
    return findings.length === 0 ? null : findings.join("; ");
  } catch (error) {
    return messageOf(error);
  }
}

function refusal(attempts: readonly TierAttempt[]): PerfagentError {
  const found = attempts.map(({ tier, obstacle }) => `${tier}: ${obstacle}`).join("; ");
  return new PerfagentError(
    "backend",
    `Cannot run programs safely: no isolation works here${found === "" ? "" : ` (${found})`}; ` +
      "a tier of L1 to L4 is wanted for programs that nobody has read",
    { hint: INSTALL_HINT },
  );
}

/** Tiers whose canary stayed inside, since the machine was started, with these tools. */
interface Proven {
  readonly key: string;
  readonly tiers: readonly Tier[];
}

function provenFile(options: TierOptions): string {
  return join(options.cacheDir, "isolation.json");
}

function readProven(options: TierOptions, launcher: string | null): Proven {
  const bwrap = Bun.which("bwrap", { PATH: options.env.PATH ?? "" });
  const parts = [
    readIfThere("/proc/sys/kernel/random/boot_id"),
    readIfThere("/proc/self/cgroup"),
    readIfThere("/proc/self/mountinfo"),
    process.geteuid?.(),
    launcher,
    bwrap,
    bwrap === null ? 0 : statSync(bwrap).mtimeMs,
  ];
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  try {
    const known = JSON.parse(readFileSync(provenFile(options), "utf8")) as Proven;
    if (known.key === key && Array.isArray(known.tiers)) return known;
  } catch {
    // Not there, or not readable: the tiers are tried again.
  }
  return { key, tiers: [] };
}

function writeProven(options: TierOptions, proven: Proven): void {
  const file = provenFile(options);
  const fresh = `${file}.${process.pid}`;
  try {
    mkdirSync(options.cacheDir, { recursive: true });
    writeFileSync(fresh, JSON.stringify(proven));
    renameSync(fresh, file);
  } catch (error) {
    options.logger.debug(`Cannot remember the isolation that works: ${messageOf(error)}`);
  }
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function kernelAtLeast([major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = release().split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
