/** Doctor's look at the machine: isolation, measurement, cores, folders. */
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { physicalCores } from "../../sandbox/local/machine.ts";
import type { TierAttempt } from "../../sandbox/local/tiers.ts";
import type { SandboxInfo } from "../../types.ts";
import type { Check } from "./check.ts";

/**
 * What stands between programs and this machine, and how they are measured.
 *
 * @param attempts Every tier tried, the best first.
 */
export function checkIsolation(info: SandboxInfo, attempts: readonly TierAttempt[]): Check[] {
  const section = "Isolation and measurement";
  const tier = TIERS[info.isolation] ?? { status: "degraded", detail: "", advice: "" };
  const exact = info.measurement === "launcher";
  const better = attempts.slice(
    0,
    attempts.findIndex((attempt) => attempt.tier === info.isolation),
  );
  const obstacles = better.flatMap(({ tier: name, obstacle }) =>
    obstacle === null ? [] : [`${name}: ${obstacle}`],
  );
  const advice = [
    tier.advice,
    ...(obstacles.length === 0 ? [] : [`Not possible now: ${obstacles.join("; ")}`]),
  ];
  return [
    {
      section,
      name: "isolation",
      status: tier.status,
      detail: `${info.isolation}: ${tier.detail}`,
      advice: advice.filter((text) => text !== "").join(". "),
    },
    {
      section,
      name: "measurement",
      status: exact ? "ok" : "degraded",
      detail: exact
        ? "launcher: time, CPU and memory are taken inside the box, around the program itself"
        : `${info.measurement}: taken from outside the box, coarser for programs of a few milliseconds`,
      advice: exact
        ? ""
        : "Install a C compiler (Debian/Ubuntu: apt install gcc; macOS: xcode-select --install)",
    },
  ];
}

/** Cores, pinning, and what is known to make times unsteady. */
export function checkCores(): Check[] {
  const section = "Cores";
  const groups = physicalCores();
  const usable = groups.flat().length;
  const pins = process.platform === "linux";
  const checks: Check[] = [
    {
      section,
      name: "cores",
      status: groups.length > 1 ? "ok" : "degraded",
      detail: `${usable} usable on ${groups.length} physical`,
      advice:
        groups.length > 1
          ? ""
          : "With a second core, timed programs have one that perfagent itself does not use",
    },
    {
      section,
      name: "pinning",
      status: pins ? "ok" : "degraded",
      detail: pins
        ? "timed programs are pinned to one core"
        : "this platform does not pin programs to a core",
      advice: "",
    },
  ];
  const quota = cpuQuota();
  if (quota !== null && quota < usable) {
    checks.push({
      section,
      name: "quota",
      status: "degraded",
      detail: `this container gets ${quota} of ${usable} cores; programs are stopped when it is used up`,
      advice: "Give the container whole cores instead of a share (docker: --cpuset-cpus instead of --cpus)",
    });
  }
  const governor = readIfThere("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").trim();
  if (governor === "powersave" || governor === "ondemand" || governor === "conservative") {
    checks.push({
      section,
      name: "frequency",
      status: "degraded",
      detail: `the processor's frequency follows its load (governor ${governor})`,
      advice: "For steadier times: cpupower frequency-set -g performance",
    });
  }
  return checks;
}

/** Folders that perfagent writes to; none is made. */
export function checkPlaces(places: Readonly<Record<string, string>>): Check[] {
  return Object.entries(places).map(([name, path]) => {
    const base = { section: "Folders", name };
    const existing = nearestExisting(path);
    if (!isWritable(existing)) {
      return {
        ...base,
        status: "missing",
        detail: `'${path}' cannot be written`,
        advice: `Make '${existing}' writable, or choose another folder`,
      };
    }
    const stats = statfsSync(existing);
    const freeBytes = stats.bavail * stats.bsize;
    const enough = freeBytes >= ENOUGH_BYTES;
    return {
      ...base,
      status: enough ? "ok" : "degraded",
      detail: `'${path}', ${(freeBytes / 1e9).toFixed(1)} GB free`,
      advice: enough ? "" : "Make room: builds, inputs and outputs of programs need up to 1 GB",
    };
  });
}

// --- internal ---

/** Builds (512 MiB at most) and the inputs and outputs of what runs. */
const ENOUGH_BYTES = 1e9;

const TIERS: Readonly<Record<string, Pick<Check, "status" | "detail" | "advice">>> = {
  L1: { status: "ok", detail: "bubblewrap and a control group (version 2)", advice: "" },
  L2: { status: "ok", detail: "bubblewrap and control groups (version 1)", advice: "" },
  L3: {
    status: "ok",
    detail: "bubblewrap; memory limits are held by watching",
    advice:
      "Exact memory limits (L1) need a control group of one's own: systemd-run --user --scope -p Delegate=yes perfagent …",
  },
  L4: {
    status: "degraded",
    detail: "namespaces made by perfagent itself",
    advice: "Install bubblewrap for L3 (Debian/Ubuntu: apt install bubblewrap)",
  },
  L5: {
    status: "missing",
    detail: "none: programs can read and change what you can",
    advice:
      "Install bubblewrap (Debian/Ubuntu: apt install bubblewrap); other systems: use --backend with a service",
  },
};

/** Cores' worth of time that a control group allows; null without a quota. */
function cpuQuota(): number | null {
  const [quota, period] = readIfThere("/sys/fs/cgroup/cpu.max").trim().split(" ");
  if (quota !== undefined && period !== undefined && quota !== "max") return Number(quota) / Number(period);
  const older = Number(readIfThere("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"));
  const olderPeriod = Number(readIfThere("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
  return older > 0 && olderPeriod > 0 ? older / olderPeriod : null;
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function nearestExisting(path: string): string {
  let folder = resolve(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
