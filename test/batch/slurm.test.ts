/**
 * Array jobs on a real Slurm. The test starts one of one node in a folder of its own (`scripts/slurm-node.sh`) and stops it
 * again; it needs root and the packages slurm-wlm and munge, which the CI installs:
 *
 *     apt-get install -y --no-install-recommends slurm-wlm munge
 *     bun test test/batch/slurm.test.ts
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLI_COMMAND, runCli, withFolder } from "../support/cli.ts";
import { clientSource, eventsOf, FAKE_BATCH, summaryIn, writeFakeBatch } from "../support/fake-batch.ts";
import { optionalTest } from "../support/optional.ts";

setDefaultTimeout(180_000);

const SCRIPTS = join(import.meta.dir, "../../scripts");
const NODE = join(SCRIPTS, "slurm-node.sh");
const MISSING = missingPart();

let folder = "";

beforeAll(() => {
  if (MISSING !== null) return;
  folder = mkdtempSync(join(tmpdir(), "perfagent-slurm-"));
  // The daemon that signs messages runs as a user of its own.
  chmodSync(folder, 0o755);
  run(NODE, "start", join(folder, "node"));
});
afterAll(() => {
  if (MISSING !== null) return;
  run(NODE, "stop", join(folder, "node"));
  rmSync(folder, { recursive: true, force: true });
});

describe("scripts/slurm.sbatch", () => {
  optionalTest(MISSING)("gives each task of an array its part, and report puts the parts together", () =>
    withFolder(async (cwd) => {
      prepare(cwd, ["a", "b", "c", "d", "e", "f", "g"]);
      const job = submit(cwd, "0-3");
      await untilOver(job);
      const parts = [1, 2, 3, 4].map((index) => summaryIn(cwd, `batch.${index}-of-4.json`));
      expect(parts.map(({ total_instances }) => total_instances)).toEqual([2, 2, 2, 1]);
      expect(parts.map(({ successful }) => successful)).toEqual([2, 2, 2, 1]);
      const { stdout } = await runCli(["report", "out", "--json"], { cwd });
      expect(JSON.parse(stdout).runs).toHaveLength(7);
    }),
  );

  optionalTest(MISSING)("stops in order before the time limit, and goes on from there in the queue", () =>
    withFolder(async (cwd) => {
      prepare(cwd, ["a", "b", "c"]);
      // The first process waits in its second round until it is told to stop; the next one finds the file.
      writeFileSync(
        join(cwd, "client.ts"),
        clientSource(
          `if (round === 2 && !(await Bun.file("again").exists())) { await Bun.write("waiting", ""); await new Promise(() => {}); }`,
        ),
      );
      const job = submit(cwd, "0");
      while (!existsSync(join(cwd, "waiting"))) await Bun.sleep(100);
      writeFileSync(join(cwd, "again"), "");
      run("scancel", "--batch", "--signal=USR1", `${job}_0`);
      while (summaryOrNull(cwd) === null) await Bun.sleep(100);
      expect(summaryOrNull(cwd).totals.failed_by_cause).toMatchObject({ interrupted: expect.any(Number) });
      // A task that is put back waits for a while by Slurm's own rule; the wait is not what is tested.
      while (!states(job).includes("PENDING")) await Bun.sleep(100);
      run("scontrol", "update", `JobId=${job}_0`, "StartTime=now");
      await untilOver(job);
      expect(summaryIn(cwd)).toMatchObject({ total_instances: 3, successful: 3 });
      const replies = eventsOf(cwd, "a").filter((event) => event.type === "reply");
      expect(replies.map((event) => event.type === "reply" && event.iteration)).toEqual([1, 2, 3, 4]);
      expect(eventsOf(cwd, "a").some((event) => event.type === "run_resumed")).toBe(true);
    }),
  );
});

/** The instances, a client, and a command `perfagent` that runs what is tested. */
function prepare(cwd: string, names: readonly string[]): void {
  writeFakeBatch(cwd, names);
  writeFileSync(join(cwd, "client.ts"), clientSource());
  mkdirSync(join(cwd, "bin"));
  const words = CLI_COMMAND.map((word) => `'${word}'`).join(" ");
  writeFileSync(join(cwd, "bin", "perfagent"), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
}

function submit(cwd: string, array: string): string {
  const flags = FAKE_BATCH.slice(1).filter((word) => word !== "--base-dir" && word !== "out");
  const model = ["--model", "./client.ts", "--max-iterations", "4", "--max-workers", "3"];
  return run(
    "sbatch",
    ...["--parsable", `--array=${array}`, "--cpus-per-task=1", "--time=10", `--chdir=${cwd}`],
    `--export=PATH=${join(cwd, "bin")}:${process.env.PATH},HOME=${cwd}`,
    ...[join(SCRIPTS, "slurm.sbatch"), "instances", "out", ...flags, ...model],
  );
}

async function untilOver(job: string): Promise<void> {
  while (states(job) !== "") await Bun.sleep(200);
}

/** States of the job's tasks that are not over. */
function states(job: string): string {
  return run("squeue", "--noheader", "--format=%T", "--states=PENDING,RUNNING,COMPLETING", `--job=${job}`);
}

function summaryOrNull(cwd: string) {
  return existsSync(join(cwd, "out", "batch.json")) ? summaryIn(cwd) : null;
}

function run(...command: readonly string[]): string {
  const done = Bun.spawnSync([...command], {
    env: { ...process.env, SLURM_CONF: join(folder, "node", "slurm.conf") },
  });
  if (done.exitCode !== 0) throw new Error(`${command.join(" ")}: ${done.stderr}`);
  return done.stdout.toString().trim();
}

function missingPart(): string | null {
  if (process.getuid?.() !== 0) return "only root can start a Slurm";
  for (const tool of ["slurmctld", "slurmd", "munged", "sbatch", "runuser"]) {
    if (Bun.which(tool, { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }) === null)
      return `${tool} is not installed`;
  }
  return null;
}
