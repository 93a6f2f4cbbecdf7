/** The demo as a stranger runs it, against the transcript that the README shows. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runCli, withFolder } from "../support/cli.ts";

/** A minute on a free machine; a busy one may take several times as long. */
setDefaultTimeout(400_000);

const README = join(import.meta.dir, "../../README.md");

test("perfagent demo shows every verdict, a gain of at least 3×, and what the README says", () =>
  withFolder(async (cwd) => {
    const { exitCode, stdout } = await runCli(["demo", "--base-dir", "demo"], { cwd, timeoutMs: 390_000 });
    expect(exitCode).toBe(0);
    const readme = readFileSync(README, "utf8");
    const shown = /<!-- demo:begin -->\n([\s\S]*?)<!-- demo:end -->/.exec(readme)?.[1] ?? "";
    expect(skeleton(shown)).toEqual(skeleton(stdout));

    const results = ["lamps-in-step", "longest-calm"].map((name) =>
      JSON.parse(readFileSync(join(cwd, "demo", name, "result.json"), "utf8")),
    );
    const verdicts = results[0].optimization_history.map((entry: { verdict: string }) => entry.verdict);
    expect(verdicts).toEqual(["edit_failed", "failed_tests", "improved", "not_improved", "unchanged"]);
    expect(results[0].speedup.ratio).toBeGreaterThan(3);
    expect(results.map(({ success }) => success)).toEqual([true, true]);
    expect(results.map(({ held_out: { tests, failed } }) => ({ tests, failed }))).toEqual([
      { tests: 8, failed: 0 },
      { tests: 8, failed: 0 },
    ]);
    for (const name of ["lamps-in-step", "longest-calm"]) {
      expect(existsSync(join(cwd, "demo", `${name}.json`))).toBe(true);
      expect(readdirSync(join(cwd, "demo", name))).toContain(`${name}.traj`);
    }
  }));

/** What stays the same from run to run: the lines without their numbers, paths and the measured reasons. */
function skeleton(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/^ {4}/, ""))
    .map((line) => line.replace(/\S*\/(?=lamps-in-step|longest-calm)/g, "DIR/"))
    .map((line) => line.replace(/(round \d+ {2}[a-z_]+( out)?).*/, "$1"))
    .map((line) => line.replace(/\b(cpu_time|runtime)(?= \(95)/, "TIME"))
    .map((line) => line.replace(/ *[\d.]+(?:e[+-]\d+)?(?![\w-])/g, "#"))
    .filter((line) => line.trim() !== "" && !line.includes("```"));
}
