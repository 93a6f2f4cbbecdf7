/** Measured human solutions on disk, one file per measurement, named by the hash of all that it depends on. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { atomicWriteSync } from "../lib/atomic-write.ts";
import type { CanonicalMeasurement } from "./canonical-measurement.ts";

/** A cached measurement; null when there is none or its file cannot be used, which only costs measuring again. */
export function readCached(cacheDir: string, key: string): CanonicalMeasurement | null {
  return readEntry(entryPath(cacheDir, key));
}

/** Keeps a measurement. A folder that cannot be written to is no failure: the cache only saves time. */
export function writeCached(cacheDir: string, key: string, measurement: CanonicalMeasurement): void {
  try {
    mkdirSync(folder(cacheDir), { recursive: true });
    atomicWriteSync(entryPath(cacheDir, key), `${JSON.stringify(measurement, null, 2)}\n`);
  } catch {
    // A read-only or full cache.
  }
}

/** All measurements in a cache, in no order that means anything. */
export function listCached(cacheDir: string): CanonicalMeasurement[] {
  let names: string[];
  try {
    names = readdirSync(folder(cacheDir));
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => readEntry(join(folder(cacheDir), name)) ?? []);
}

// --- internal ---

const cost = v.nullable(v.pipe(v.number(), v.finite()));
const costs = { runtime: cost, memory: cost, integral: cost };
const human = v.object({ ...costs, passed: v.boolean(), passRate: v.number() });
const entrySchema = v.object({
  instanceId: v.string(),
  language: v.picklist(["python3", "cpp", "java", "javascript", "golang", "ruby"]),
  costs: v.object(costs),
  runtimeCanonical: human,
  memoryCanonical: human,
  runs: v.number(),
  cpu: v.string(),
  kernel: v.string(),
  toolchain: v.string(),
  isolation: v.string(),
  measurement: v.string(),
  measuredAt: v.string(),
});

function folder(cacheDir: string): string {
  return join(cacheDir, "canonical");
}

function entryPath(cacheDir: string, key: string): string {
  return join(folder(cacheDir), `${key}.json`);
}

function readEntry(path: string): CanonicalMeasurement | null {
  try {
    const parsed = v.safeParse(entrySchema, JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}
