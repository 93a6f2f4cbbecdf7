import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { COMMANDS } from "../../src/commands/line/table.ts";
import { VERSION } from "../../src/version.ts";
import { CLI_COMMAND, runCli, spawnCli, withFolder } from "../support/cli.ts";

/** Far above what a process needs, also on a busy machine. */
setDefaultTimeout(60_000);

/** A stack frame of ours: "    at name (…)". */
const STACK = /^\s+at .+/m;

interface Refusal {
  readonly args: readonly string[];
  /** What standard error must hold. */
  readonly says: readonly string[];
}

const USAGE_ERRORS: readonly Refusal[] = [
  { args: ["config", "--max-iteration", "3"], says: ["--max-iteration;", "did you mean --max-iterations?"] },
  {
    args: ["config", "--max_iterations", "3"],
    says: ["--max_iterations;", "did you mean --max-iterations?"],
  },
  { args: ["config", "--maxIterations=3"], says: ["did you mean --max-iterations?"] },
  { args: ["config", "--modle", "x"], says: ["did you mean --model?"] },
  { args: ["config", "--xyzzy"], says: ["there is no flag --xyzzy"] },
  { args: ["config", "-q"], says: ["there is no flag -q"] },
  { args: ["config", "--toString"], says: ["there is no flag --toString"] },
  { args: ["config", "--__proto__=1"], says: ["there is no flag --__proto__"] },
  {
    args: ["config", "--max-iterations", "abc"],
    says: ["--max-iterations", "'abc'", "a whole number of at least 0"],
  },
  { args: ["config", "--max-iterations", "1.5"], says: ["--max-iterations", "1.5", "a whole number"] },
  { args: ["config", "--max-iterations", "-1"], says: ["--max-iterations", "-1", "at least 0"] },
  { args: ["config", "--max-iterations=-1"], says: ["--max-iterations", "-1", "at least 0"] },
  { args: ["config", "--max-iterations", "1e999"], says: ["--max-iterations", "a whole number"] },
  { args: ["config", "--max-iterations", "0x10"], says: ["'0x10'"] },
  { args: ["config", "--max-iterations", "٣"], says: ["'٣'"] },
  { args: ["config", "--llm-temp", "3"], says: ["--llm-temp", "from 0 to 2"] },
  { args: ["config", "--num-runs", "0"], says: ["--num-runs", "from 1 to 1000"] },
  { args: ["config", "--time-limit", "0"], says: ["--time-limit", "above 0 (s)"] },
  { args: ["config", "--max-iterations"], says: ["--max-iterations is given without its value"] },
  { args: ["config", "--max-iterations="], says: ["--max-iterations is given without its value"] },
  { args: ["config", "--model", "--json"], says: ["--model is given without its value", "--model=--json"] },
  { args: ["config", "--model", ""], says: ["--model is given without its value"] },
  { args: ["config", "--model", "a", "--model", "b"], says: ["--model is given 2 times"] },
  { args: ["config", "--model=a", "--model=a"], says: ["--model is given 2 times"] },
  { args: ["config", "--json", "--json"], says: ["--json is given 2 times"] },
  { args: ["config", "--model", "a", "--llm-model", "b"], says: ["--llm-model", "disagrees with --model"] },
  { args: ["config", "--log-level", "debug"], says: ["'debug'", "DEBUG, INFO, WARNING, ERROR"] },
  { args: ["config", "--opt-target", "speed"], says: ["'speed'", "runtime, memory, integral"] },
  { args: ["config", "--mode", "patch"], says: ["'patch'", "diff, direct"] },
  {
    args: ["config", "--language", "cobol"],
    says: ["'cobol'", "python3, cpp, java, javascript, golang, ruby"],
  },
  { args: ["config", "extra"], says: ["there is no place for 'extra'"] },
  { args: ["config", "--", "--json"], says: ["there is no place for '--json'"] },
  { args: ["config", "-"], says: ["there is no place for '-'"] },
  { args: ["config", "--json", "false"], says: ["there is no place for 'false'"] },
  { args: ["config", "--json=maybe"], says: ["--json is a switch", "'maybe'"] },
  { args: ["config", "--no-model"], says: ["--no-model is no switch"] },
  { args: ["config", "--no-xyzzy"], says: ["there is no flag --no-xyzzy"] },
  { args: ["config", "--json", "--no-json"], says: ["--json is given 2 times"] },
  { args: ["config", "--schema", "--example"], says: ["--schema and --example exclude each other"] },
  { args: ["config", "--set", "max_iterations"], says: ["key=value is wanted"] },
  { args: ["config", "--set", "max_iteration=3"], says: ["did you mean 'max_iterations'?"] },
  { args: ["config", "--set", "model.nmae=x"], says: ["did you mean 'model.name'?"] },
  { args: ["config", "--set", "num_runs=x"], says: ["'x'", "a whole number from 1 to 1000"] },
  { args: ["config", "--set", "toString=x"], says: ["there is no such key"] },
  { args: ["config", "--set", "num_runs=3", "--num-runs", "4"], says: ["disagrees with --num-runs"] },
  { args: ["completions"], says: ["SHELL is missing"] },
  { args: ["completions", "tcsh"], says: ["'tcsh'", "bash, zsh, fish"] },
  { args: ["completions", "bash", "zsh"], says: ["there is no place for 'zsh'"] },
  {
    args: ["completions", "bash", "--max-iterations", "3"],
    says: ["--max-iterations is a flag of", "'perfagent config'"],
  },
  { args: ["toString"], says: ["there is no command 'toString'"] },
  { args: ["constructor"], says: ["there is no command 'constructor'"] },
  { args: ["__proto__"], says: ["there is no command '__proto__'"] },
  { args: ["confg"], says: ["did you mean 'config'?"] },
  { args: ["help", "confg"], says: ["did you mean 'config'?"] },
  { args: ["", "x"], says: ["there is no command ''"] },
  { args: ["--instanse", "x"], says: ["did you mean --instance?"] },
  { args: ["--json"], says: ["a command is wanted before --json"] },
  { args: ["-"], says: ["a command is wanted"] },
  { args: ["--"], says: ["a command is wanted"] },
];

describe("perfagent refuses a wrong command line", () => {
  for (const { args, says } of USAGE_ERRORS) {
    test(`perfagent ${args.map((arg) => (arg === "" ? "''" : arg)).join(" ")}`, async () => {
      const { exitCode, stdout, stderr } = await runCli(args);
      for (const words of says) expect(stderr).toContain(words);
      expect(stderr).toStartWith("error: ");
      expect(stderr).not.toMatch(STACK);
      expect(stdout).toBe("");
      expect(exitCode).toBe(2);
    });
  }

  test("all problems of a line are named at once", async () => {
    const { stderr, exitCode } = await runCli([
      "config",
      "--modle",
      "x",
      "--max-iterations",
      "--no-model",
      "extra",
    ]);
    expect(stderr).toMatchInlineSnapshot(`
      "error: Cannot run 'perfagent config':
        --max-iterations is given without its value (write --max-iterations=--no-model if that is the value); a whole number of at least 0 is wanted
        --no-model is no switch: only flags without a value can be negated; --model takes a value
        there is no flag --modle; did you mean --model?
        there is no place for 'extra': only flags are taken here (a file goes behind its flag, a switch is set by --flag=false)
      hint: See 'perfagent config --help'
      "
    `);
    expect(exitCode).toBe(2);
  });
});

describe("perfagent accepts", () => {
  const ACCEPTED: readonly (readonly [readonly string[], Record<string, unknown>])[] = [
    [["--max-iterations", "3"], { max_iterations: 3 }],
    [["--max-iterations=3"], { max_iterations: 3 }],
    [["--max-iterations", "0"], { max_iterations: 0 }],
    [["--early-stop-no-improve", "0"], { early_stop_no_improve: null }],
    [["--llm-temp", "null"], { "model.temperature": null }],
    [["--llm-temp", ".5"], { "model.temperature": 0.5 }],
    [["--model=--odd--name"], { "model.name": "--odd--name" }],
    [["--model=a=b"], { "model.name": "a=b" }],
    [["--model", "-odd"], { "model.name": "-odd" }],
    [["--model", "a", "--llm-model", "a"], { "model.name": "a" }],
    [["--include-other-metrics"], { "optimization.include_other_metrics_in_summary": true }],
    [["--no-include-other-metrics"], { "optimization.include_other_metrics_in_summary": false }],
    [["--include-other-metrics=false"], { "optimization.include_other_metrics_in_summary": false }],
    [
      ["--no-llm-log-sanitize", "--llm-log-io"],
      { "model.log_sanitize": false, "model.log_inputs_outputs": true },
    ],
    [["--language", "c++"], { "language_cfg.language": "cpp" }],
    [["--language", "go"], { "language_cfg.language": "golang" }],
    [
      ["--set", "model.stream=false", "--set", "num_runs=7"],
      { "model.stream": false, "runtime.num_runs": 7 },
    ],
    [['--set=model.extra_body={"a":{"b":1}}'], { "model.extra_body": { a: { b: 1 } } }],
    [
      ["--set", "language_cfg.supported_languages=go, py"],
      { "language_cfg.supported_languages": ["golang", "python3"] },
    ],
    [["--set", "system_template=a=b"], { "prompts.system_template": "a=b" }],
    [["--num-runs", "7", "--set", "runtime.num_runs=7"], { "runtime.num_runs": 7 }],
  ];
  for (const [args, values] of ACCEPTED) {
    test(args.join(" "), async () => {
      const { exitCode, stdout, stderr } = await runCli(["config", "--json", ...args]);
      expect(stderr).toBe("");
      expect(exitCode).toBe(0);
      const { config } = JSON.parse(stdout);
      for (const [name, value] of Object.entries(values)) {
        expect(name.split(".").reduce((inner, part) => inner[part], config)).toEqual(value);
      }
    });
  }
});

describe("perfagent helps", () => {
  for (const args of [[], ["--help"], ["-h"], ["help"]]) {
    test(`perfagent ${args.join(" ")}`, async () => {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect(exitCode).toBe(0);
      expect(stderr).toBe("");
      for (const name of Object.keys(COMMANDS)) expect(stdout).toContain(`\n  ${name} `);
      expect(stdout).not.toContain("\u001b");
    });
  }

  for (const args of [
    ["config", "--help"],
    ["help", "config"],
    ["--help", "config"],
    ["config", "--bogus", "-h"],
  ]) {
    test(`perfagent ${args.join(" ")}`, async () => {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect(exitCode).toBe(0);
      expect(stderr).toBe("");
      expect(stdout).toContain("Usage: perfagent config [flags]");
      expect(stdout).toContain("--max-iterations N");
      expect(stdout).toContain("Examples:");
    });
  }

  for (const flag of ["--version", "-v"]) {
    test(`perfagent ${flag}`, async () => {
      expect(await runCli([flag])).toEqual({ exitCode: 0, stdout: `${VERSION}\n`, stderr: "" });
    });
  }

  test("after --, --help is no flag", async () => {
    expect((await runCli(["config", "--", "--help"])).exitCode).toBe(2);
  });

  test("every command prints help with an example", async () => {
    for (const name of Object.keys(COMMANDS)) {
      const { exitCode, stdout } = await runCli([name, "--help"]);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples:\n.*perfagent ${name}`));
    }
  });
});

describe("a line without a command", () => {
  test("--instance means run", async () => {
    const { stderr } = await runCli(["--bogus", "--instance=x.json"]);
    expect(stderr).toContain("Cannot run 'perfagent run'");
  });

  test("--instances-dir means batch", async () => {
    const { stderr } = await runCli(["--bogus", "--instances-dir", "x"]);
    expect(stderr).toContain("Cannot run 'perfagent batch'");
  });

  for (const alias of ["run-batch", "run_batch"]) {
    test(`${alias} means batch`, async () => {
      expect((await runCli([alias, "--bogus"])).stderr).toContain("Cannot run 'perfagent batch'");
    });
  }

  test("--instance after -- means nothing", async () => {
    expect((await runCli(["--", "--instance", "x"])).stderr).toContain("a command is wanted");
  });
});

/** The command as words of a shell. */
const COMMAND_LINE = CLI_COMMAND.map((word) => `'${word}'`).join(" ");

function shell(line: string) {
  return Bun.spawnSync(["bash", "-c", line], { cwd: "/", env: { PATH: process.env.PATH ?? "" } });
}

describe("standard output", () => {
  test("a reader that goes away ends the process without a message", async () => {
    const { stdout, stderr } = shell(`${COMMAND_LINE} config --schema | true; echo "\${PIPESTATUS[0]}"`);
    expect(stderr.toString()).toBe("");
    expect(stdout.toString()).toBe("0\n");
  });

  test("a full disk is exit 7", async () => {
    const { exitCode, stderr } = shell(`${COMMAND_LINE} config --schema > /dev/full`);
    expect(exitCode).toBe(7);
    expect(stderr.toString()).toBe("error: Cannot write to standard output: the disk is full\n");
  });
});

for (const name of ["SIGINT", "SIGTERM"] as const) {
  test(`${name} while a file is awaited is exit 130`, async () => {
    await withFolder(async (folder) => {
      expect(Bun.spawnSync(["mkfifo", join(folder, "pipe")]).exitCode).toBe(0);
      const child = spawnCli(["config", "--config", "pipe"], folder);
      // Opening the pipe for writing returns when perfagent reads it: from here on it waits.
      const writer = await open(join(folder, "pipe"), "w");
      child.kill(name);
      expect(await child.exited).toBe(130);
      expect(await new Response(child.stderr).text()).toBe("error: Interrupted before it was finished\n");
      await writer.close();
    });
  });
}
