import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS, loadCommand } from "../../src/commands/table.ts";
import { runCli, withFolder } from "../support/cli.ts";
import { optionalTest } from "../support/optional.ts";

setDefaultTimeout(60_000);

/** What bash offers after these words; the last one is being typed. */
async function bashOffers(words: readonly string[]): Promise<string[]> {
  return withFolder(async (folder) => {
    const script = join(folder, "perfagent.bash");
    writeFileSync(script, (await runCli(["completions", "bash"])).stdout);
    const line = `. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _perfagent; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = Bun.spawnSync(["bash", "-c", line, "bash", script, ...words], { cwd: folder });
    expect(stderr.toString()).toBe("");
    return stdout
      .toString()
      .split("\n")
      .filter((word) => word !== "");
  });
}

describe("bash", () => {
  test("offers commands", async () => {
    expect(await bashOffers(["perfagent", ""])).toEqual([...Object.keys(COMMANDS), "--help", "--version"]);
    expect(await bashOffers(["perfagent", "comp"])).toEqual(["compare", "completions"]);
  });

  test("offers a command's flags", async () => {
    expect(await bashOffers(["perfagent", "config", "--max-i"])).toEqual(["--max-iterations"]);
    expect(await bashOffers(["perfagent", "config", "--schem"])).toEqual(["--schema"]);
    expect(await bashOffers(["perfagent", "completions", "--schem"])).toEqual([]);
  });

  test("offers allowed values", async () => {
    expect(await bashOffers(["perfagent", "config", "--opt-target", ""])).toEqual([
      "runtime",
      "memory",
      "integral",
    ]);
    expect(await bashOffers(["perfagent", "config", "--log-level", "W"])).toEqual(["WARNING"]);
    expect(await bashOffers(["perfagent", "completions", ""])).toContain("fish");
  });

  test("offers files where a file may stand", async () => {
    expect(await bashOffers(["perfagent", "config", "--config", "perf"])).toEqual(["perfagent.bash"]);
  });
});

for (const shell of ["bash", "zsh", "fish"]) {
  test(`${shell} knows every command and flag`, async () => {
    const { exitCode, stdout, stderr } = await runCli(["completions", shell]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe("");
    for (const [name, entry] of Object.entries(COMMANDS)) {
      expect(stdout).toContain(name);
      const { args } = await loadCommand(entry);
      for (const [flag, arg] of Object.entries(args)) {
        if (arg.type !== "positional")
          expect(stdout).toContain(shell === "fish" ? `-l ${flag}` : `--${flag}`);
      }
    }
  });

  optionalTest(Bun.which(shell) === null ? `${shell} is not installed` : null)(
    `${shell} can read it`,
    async () => {
      await withFolder(async (folder) => {
        const script = join(folder, "script");
        writeFileSync(script, (await runCli(["completions", shell])).stdout);
        const { exitCode, stderr } = Bun.spawnSync([shell, "-n", script]);
        expect(stderr.toString()).toBe("");
        expect(exitCode).toBe(0);
      });
    },
  );
}
