import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS, loadCommand } from "../../src/commands/line/table.ts";
import { runCli, withFolder } from "../support/cli.ts";
import { optionalTest } from "../support/optional.ts";

setDefaultTimeout(60_000);

const scripts = new Map<string, Promise<string>>();

/** The completion script of a shell, made once. */
function scriptOf(shell: string): Promise<string> {
  const made = scripts.get(shell) ?? runCli(["completions", shell]).then(({ stdout }) => stdout);
  scripts.set(shell, made);
  return made;
}

/** What bash offers after these words; the last one is being typed. */
async function bashOffers(words: readonly string[]): Promise<string[]> {
  return withFolder(async (folder) => {
    const script = join(folder, "perfagent.bash");
    writeFileSync(script, await scriptOf("bash"));
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

/** Why tests that need a shell cannot run. */
const without = (shell: string) => (Bun.which(shell) === null ? `${shell} is not installed` : null);

/** Runs a line of another shell, with the path of its completion script as `SCRIPT`. */
async function inShell(shell: string, args: readonly string[], line: string): Promise<string> {
  return withFolder(async (folder) => {
    const script = join(folder, "script");
    writeFileSync(script, await scriptOf(shell));
    const env = { PATH: process.env.PATH ?? "", HOME: folder, SCRIPT: script };
    const { stdout, stderr } = Bun.spawnSync([shell, ...args, "-c", line], { cwd: folder, env });
    expect(stderr.toString()).toBe("");
    return stdout.toString();
  });
}

optionalTest(without("fish"))("fish offers commands, flags and allowed values", async () => {
  const ask = (line: string) => inShell("fish", ["--no-config"], `source $SCRIPT; complete -C '${line}'`);
  expect(await ask("perfagent comp")).toMatch(/^compare\t.*\ncompletions\t.*\n$/);
  expect(await ask("perfagent config --max-it")).toMatch(/^--max-iterations\t/);
  expect(await ask("perfagent run_batch --opt-target mem")).toMatch(/^memory\t/);
  expect(await ask("perfagent completions z")).toBe("zsh\n");
});

optionalTest(without("zsh"))("zsh hands every command's flags to its own completion", async () => {
  // The completion system is replaced by what prints its arguments; all else is zsh's own.
  const stub = "compdef() {}; _arguments() { print -rl -- $@ }; _describe() { print -rl -- $commands }";
  const ask = (...words: string[]) =>
    inShell(
      "zsh",
      ["-f"],
      `${stub}; source $SCRIPT; words=(${words.join(" ")}); CURRENT=$#words; _perfagent`,
    );
  for (const name of Object.keys(COMMANDS)) {
    expect(await ask("perfagent", name, "--x")).toContain("--help[This help]\n");
  }
  expect(await ask("perfagent", "x")).toContain("compare:Tell whether");
  expect(await ask("perfagent", "config", "--x")).toContain("]:value:(runtime memory integral)\n");
  expect(await ask("perfagent", "run-batch", "--x")).toContain("\n*--set[");
  expect(await ask("perfagent", "completions", "x")).toBe("--help[This help]\n1:shell:(bash zsh fish)\n");
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

  optionalTest(without(shell))(`${shell} can read it`, async () => {
    await withFolder(async (folder) => {
      const script = join(folder, "script");
      writeFileSync(script, await scriptOf(shell));
      const { exitCode, stderr } = Bun.spawnSync([shell, "-n", script]);
      expect(stderr.toString()).toBe("");
      expect(exitCode).toBe(0);
    });
  });
}
