// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are what is tested.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KEYS } from "../../src/config/keys.ts";
import { type CliOptions, runCli, withFolder } from "../support/cli.ts";

setDefaultTimeout(60_000);

const KEY = "sk-test-1234567890abcdef";

interface Shown {
  // biome-ignore lint/suspicious/noExplicitAny: the test names the fields it reads.
  readonly config: any;
  readonly sources: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

async function shown(args: readonly string[], options: CliOptions = {}): Promise<Shown> {
  const { exitCode, stdout, stderr } = await runCli(["config", "--json", ...args], options);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe("the order of sources", () => {
  test("defaults < file < environment < flags, each with its place", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "p.yaml");
      writeFileSync(file, "num_runs: 11\nmax_iterations: 11\nmodel:\n  name: file\n  temperature: 1\n");
      const { config, sources } = await shown(["--config", file, "--max-iterations", "13"], {
        env: { PERFAGENT_MAX_ITERATIONS: "12", PERFAGENT_MODEL_NAME: "environment" },
      });
      expect(config.max_iterations).toBe(13);
      expect(config.model.name).toBe("environment");
      expect(config.model.temperature).toBe(1);
      expect(config.runtime.num_runs).toBe(11);
      expect(config.runtime.trim_ratio).toBe(0.1);
      expect(sources).toMatchObject({
        max_iterations: "--max-iterations",
        "model.name": "PERFAGENT_MODEL_NAME",
        "model.temperature": `${file}:5`,
        "runtime.num_runs": `${file}:1`,
        "runtime.trim_ratio": "default",
      });
    });
  });

  test("a flag that is not given never overrides the file", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "p.yaml");
      writeFileSync(file, "optimization:\n  target: integral\nlogging:\n  log_level: ERROR\n");
      const { config } = await shown(["--config", file]);
      expect(config.optimization.target).toBe("integral");
      expect(config.logging.log_level).toBe("ERROR");
    });
  });

  test("PERFAGENT_CONFIG names the file where --config does not", async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, "a.yaml"), "num_runs: 1");
      writeFileSync(join(folder, "b.yaml"), "num_runs: 2");
      const env = { PERFAGENT_CONFIG: join(folder, "a.yaml") };
      expect((await shown([], { env })).config.runtime.num_runs).toBe(1);
      expect((await shown(["--config", join(folder, "b.yaml")], { env })).config.runtime.num_runs).toBe(2);
    });
  });

  test("a missing PERFAGENT_CONFIG is an error that names the variable", async () => {
    const { exitCode, stderr } = await runCli(["config"], { env: { PERFAGENT_CONFIG: "no.yaml" } });
    expect(stderr).toBe(
      "error: Cannot read the configuration (PERFAGENT_CONFIG) from 'no.yaml': there is no such file or directory\n",
    );
    expect(exitCode).toBe(2);
  });

  test("--config - reads standard input", async () => {
    expect((await shown(["--config", "-"], { stdin: "num_runs: 3" })).config.runtime.num_runs).toBe(3);
  });
});

describe(".env", () => {
  test("beside the file and in the current directory, weaker than the real environment", async () => {
    await withFolder(async (folder) => {
      mkdirSync(join(folder, "conf"));
      mkdirSync(join(folder, "here"));
      writeFileSync(join(folder, "conf/p.yaml"), "model:\n  name: ${NAME}\n  api_base: http://${HOST:-h}/\n");
      writeFileSync(join(folder, "conf/.env"), "NAME=beside\n");
      writeFileSync(join(folder, "here/.env"), "NAME=here\nHOST=example\nPERFAGENT_NUM_RUNS=7\n");
      const options = { cwd: join(folder, "here") };
      const args = ["--config", "../conf/p.yaml"];
      const { config, sources } = await shown(args, options);
      expect(config.model.name).toBe("beside");
      expect(config.model.api_base).toBe("http://example/");
      expect(config.runtime.num_runs).toBe(7);
      expect(sources["runtime.num_runs"]).toBe("PERFAGENT_NUM_RUNS in .env");
      expect((await shown(args, { ...options, env: { NAME: "real" } })).config.model.name).toBe("real");
    });
  });

  test("may name the configuration file", async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, ".env"), "PERFAGENT_CONFIG=p.yaml\n");
      writeFileSync(join(folder, "p.yaml"), "num_runs: 8\n");
      expect((await shown([], { cwd: folder })).config.runtime.num_runs).toBe(8);
    });
  });

  test("a bad line is a warning with its number, never with its text", async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, ".env"), `A=1\n${KEY}\n`);
      const { warnings } = await shown([], { cwd: folder });
      expect(warnings).toEqual([".env:2: this is no NAME=value line and is ignored"]);
    });
  });
});

describe("refused files", () => {
  const FILES: readonly (readonly [string, string, string])[] = [
    ["not YAML", "a: [1", "p.yaml:1: is not valid YAML"],
    [
      "an unknown key",
      "\nmodel:\n  nmae: x",
      "p.yaml:3: model.nmae: there is no such key; did you mean 'model.name'?",
    ],
    ["a wrong type", "max_iterations: many", "p.yaml:1: max_iterations: 'many' is given; a whole number"],
    [
      "an unset variable",
      "model:\n  api_key: ${NO_SUCH_KEY}",
      "p.yaml:2: model.api_key: the variable NO_SUCH_KEY is not set",
    ],
    [
      "spellings that disagree",
      "num_runs: 1\nruntime:\n  num_runs: 2",
      "p.yaml:3: runtime.num_runs: disagrees with num_runs at p.yaml:1",
    ],
    ["two documents", "a: 1\n---\nb: 1", "p.yaml:2: holds a second YAML document"],
    ["a duplicate key", "num_runs: 1\nnum_runs: 1", "p.yaml:2: num_runs: is given twice"],
    ["bytes that are no text", "\xff\xfe", "it is not UTF-8 text"],
  ];
  for (const [name, text, says] of FILES) {
    test(name, async () => {
      await withFolder(async (folder) => {
        writeFileSync(join(folder, "p.yaml"), text, name.startsWith("bytes") ? "latin1" : "utf8");
        const { exitCode, stdout, stderr } = await runCli(["config", "--config", "p.yaml"], { cwd: folder });
        expect(stderr).toContain(says);
        expect(stdout).toBe("");
        expect(exitCode).toBe(2);
      });
    });
  }

  for (const [path, says] of [
    ["none.yaml", "'none.yaml': there is no such file or directory"],
    [".", "'.': it is a directory; a file is wanted"],
    ["/dev/zero", "'/dev/zero': it is larger than"],
  ] as const) {
    test(`--config ${path}`, async () => {
      const { exitCode, stderr } = await runCli(["config", "--config", path]);
      expect(stderr).toContain(says);
      expect(exitCode).toBe(2);
    });
  }

  test("all problems of file, environment and flags together", async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, "p.yaml"), "num_runs: x\nmodle: {}\n");
      const { stderr } = await runCli(["config", "--config", "p.yaml", "--seed", "-1", "--set", "xyzzy=1"], {
        cwd: folder,
        env: { PERFAGENT_TIME_LIMIT: "soon" },
      });
      expect(stderr).toMatchInlineSnapshot(`
        "error: Cannot use the configuration:
          p.yaml:1: num_runs: 'x' is given; a whole number from 1 to 1000 is wanted
          p.yaml:2: modle: there is no such key; did you mean 'model'?
          PERFAGENT_TIME_LIMIT: 'soon' is given; a number above 0 (s), or null is wanted
          --set xyzzy: there is no such key
          --seed: -1 is given; a whole number from 0 to 4294967295, or null is wanted
        hint: 'perfagent config --example' shows every key with its meaning
        "
      `);
    });
  });
});

describe("secrets", () => {
  test("no key reaches any output, wherever it stands", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "p.yaml");
      const places: readonly (readonly [string, readonly string[], Record<string, string>])[] = [
        [`model:\n  api_key: ${KEY}`, [], {}],
        ["model:\n  api_key: ${OPENAI_API_KEY}", [], { OPENAI_API_KEY: KEY }],
        ["model:\n  api_key: ${ODD}", [], { ODD: KEY }],
        ["", ["--llm-api-key", KEY], {}],
        ["", ["--set", `model.api_key=${KEY}`], {}],
        ["", [], { PERFAGENT_API_KEY: KEY }],
        [`model:\n  headers:\n    Authorization: Bearer ${KEY}`, [], {}],
        [`model:\n  extra_body:\n    api_key: ${KEY}`, [], {}],
        [`model:\n  api_base: http://user:${KEY}@host/`, [], {}],
        ["prompts:\n  system_template: the key is ${OPENAI_API_KEY}", [], { OPENAI_API_KEY: KEY }],
        // In wrong places, where it can only reach an error message:
        [`model:\n  api_key: [${KEY}]`, [], {}],
        [`model:\n  api_kee: ${KEY}`, [], {}],
        [`max_iterations: ${KEY}`, [], {}],
        [`model:\n  api_key: '${KEY}`, [], {}],
        ["num_runs: ${OPENAI_API_KEY}", [], { OPENAI_API_KEY: KEY }],
        ["", ["--llm-api-keys", KEY], {}],
        ["", [`--llm-api-keys=${KEY}`], {}],
        ["", ["--llm-api-key", KEY, "--bogus"], {}],
        ["", ["--set", `model.api_kee=${KEY}`], {}],
        ["", ["--set", `model.api_key=${KEY}`, "--llm-api-key", "another-key-12345"], {}],
      ];
      for (const [text, args, env] of places) {
        writeFileSync(file, text);
        for (const json of [[], ["--json"]]) {
          const result = await runCli(["config", "--config", file, ...json, ...args], { env });
          expect(result.stdout + result.stderr).not.toContain(KEY);
          expect(result.stdout + result.stderr).not.toContain("another-key");
        }
      }
    });
  });

  test("a key that is set shows as ***", async () => {
    const { config } = await shown(["--llm-api-key", KEY, "--set", 'model.headers={"X-Title":"perfagent"}']);
    expect(config.model.api_key).toBe("***");
    expect(config.model.headers).toEqual({ "X-Title": "***" });
    expect((await shown([])).config.model.api_key).toBeNull();
  });
});

describe("perfagent config", () => {
  test("prints a table with value and source of every key", async () => {
    const { stdout, stderr, exitCode } = await runCli(["config", "--num-runs", "3"]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe("");
    const rows = stdout.trimEnd().split("\n");
    expect(rows).toHaveLength(KEYS.length);
    expect(rows.find((row) => row.startsWith("runtime.num_runs "))).toMatch(
      /^runtime\.num_runs +3 +--num-runs$/,
    );
    expect(rows[0]).toMatch(/^max_iterations +10 +default$/);
  });

  test("reports unknown placeholders and leaves code alone", async () => {
    await withFolder(async (folder) => {
      const template =
        "int main() { return x; } {current_progam} {language} ${{a}} f'{x}' {} { } {name: 1} {xyzzy_word}";
      writeFileSync(join(folder, "p.yaml"), `optimization_template: ${JSON.stringify(template)}\n`);
      const { warnings } = await shown(["--config", "p.yaml"], { cwd: folder });
      expect(warnings.map((warning) => warning.slice(0, 90))).toMatchInlineSnapshot(`
        [
          "p.yaml:1: prompts.optimization_template: {current_progam} is no placeholder and stays as i",
          "p.yaml:1: prompts.optimization_template: {x} is no placeholder and stays as it is; known a",
          "p.yaml:1: prompts.optimization_template: {xyzzy_word} is no placeholder and stays as it is",
        ]
      `);
    });
  });

  test("warns once of each obsolete key and of unknown variables", async () => {
    const { exitCode, stderr } = await runCli(["config", "--config", "-"], {
      stdin: "model:\n  use_llm: true\n",
      env: { PERFAGENT_MODLE: "x" },
    });
    expect(exitCode).toBe(0);
    expect(stderr).toMatchInlineSnapshot(`
      "warning: The variable PERFAGENT_MODLE names no configuration key and is ignored; did you mean PERFAGENT_MODEL?
      warning: standard input:2: model.use_llm no longer means anything: a model is always asked; set max_iterations to 0 to evaluate only
      "
    `);
  });

  test("takes --llm-use of old scripts, with a warning", async () => {
    const { warnings } = await shown(["--llm-use"]);
    expect(warnings).toEqual([
      "--llm-use: model.use_llm no longer means anything: a model is always asked; set max_iterations to 0 to evaluate only",
    ]);
  });

  test("--quiet keeps warnings away", async () => {
    const { stderr } = await runCli(["config", "--quiet"], { env: { PERFAGENT_MODLE: "x" } });
    expect(stderr).toBe("");
  });

  test("--example is a file that gives the defaults", async () => {
    const example = await runCli(["config", "--example"]);
    expect(example.stderr).toBe("");
    const { config, sources, warnings } = await shown(["--config", "-"], { stdin: example.stdout });
    expect(config).toEqual((await shown([])).config);
    expect(warnings).toEqual([]);
    expect(Object.values(sources).every((source) => source.startsWith("standard input:"))).toBe(true);
  });

  test("--schema knows every key in every spelling", async () => {
    const { stdout } = await runCli(["config", "--schema"]);
    const schema = JSON.parse(stdout);
    for (const key of KEYS) {
      const [first = "", second] = key.path;
      const entry =
        second === undefined ? schema.properties[first] : schema.properties[first].properties[second];
      expect(entry.default).toEqual(key.fallback);
      expect(entry.description).toContain(key.text);
      for (const flat of key.flat) expect(schema.properties).toHaveProperty(flat);
    }
  });
});

test("config_example.yaml and the README's table are what the schema says", () => {
  const root = join(import.meta.dir, "../..");
  const check = Bun.spawnSync([process.execPath, join(root, "scripts/gen-config.ts"), "--check"], {
    cwd: root,
  });
  expect(check.stderr.toString()).toBe("");
  expect(check.exitCode).toBe(0);
  expect(readFileSync(join(root, "config_example.yaml"), "utf8")).toContain("max_iterations: 10");
});
