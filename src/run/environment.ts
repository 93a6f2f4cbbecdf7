/** The machine that a run's numbers were taken on, for the record. */
import { cpus, hostname, release, type } from "node:os";
import type { JournalOwner, RunEnvironment } from "../events.ts";
import type { Language, Sandbox } from "../types.ts";

/** @throws PerfagentError `backend` when the language's toolchain is missing. */
export async function describeEnvironment(sandbox: Sandbox, language: Language): Promise<RunEnvironment> {
  const processors = cpus();
  return {
    cpu: `${processors[0]?.model.trim() ?? "unknown"} (${processors.length})`,
    kernel: `${type()} ${release()}`,
    toolchain: await sandbox.toolchain(language),
    isolation: sandbox.info.isolation,
    measurement: sandbox.info.measurement,
  };
}

/** This process, as a journal names its writer. */
export function journalOwner(): JournalOwner {
  return { pid: process.pid, host: hostname() };
}
