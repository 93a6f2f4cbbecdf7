// biome-ignore-all lint/suspicious/noTemplateCurlyInString: one file of the tests holds ${NAME}.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCli, withFolder } from "../support/cli.ts";

setDefaultTimeout(60_000);

const KEY = "sk-test-1234567890abcdef";

const INSTANCE = JSON.stringify({
  id: 1,
  title: "Echo",
  title_slug: "echo",
  description: "Print what is read.",
  description_md: "Print what is read.",
  source: "test",
  url: "",
  type: "io",
  starter_code: {},
  solutions: {},
  language: "python3",
  test_case_generator: "",
  evaluator: "",
  generated_tests: [{ input: "1\n", output: "1\n" }],
  test_runners: {},
});

/** The files that every row may name. */
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  "ok.json": INSTANCE,
  "broken.json": "{",
  "no-tests.json": INSTANCE.replace(/"generated_tests":\[.*?\]/, '"generated_tests":[]'),
  "odd-tests.json": INSTANCE.replace(/"generated_tests":\[.*?\]/, '"generated_tests":[1]'),
  "functional.json": INSTANCE.replace('"type":"io"', '"type":"functional"'),
  "empty.py": "",
  "binary.py": new Uint8Array([0, 255, 1]),
  "empty.jsonl": "",
  "answers.jsonl": '{"text":"nothing"}\n',
  "list.yaml": "- 1\n",
  "unknown.yaml": "max_iteration: 3\n",
  "wrong.yaml": "max_iterations: many\n",
  "unset.yaml": "model: {api_key: '${NO_SUCH_VARIABLE}'}\n",
  "apart.yaml": "num_runs: 1\nruntime: {num_runs: 2}\n",
};

interface Row {
  readonly args: readonly string[];
  readonly exit: number;
  readonly says: string;
}

const REPLAY = ["--model", "replay:answers.jsonl"];

const ROWS: readonly Row[] = [
  { args: ["--max-iteration", "3"], exit: 2, says: "did you mean --max-iterations?" },
  { args: ["--max-iterations", "abc"], exit: 2, says: "--max-iterations: 'abc' is given" },
  { args: ["--max-iterations"], exit: 2, says: "--max-iterations is given without its value" },
  { args: ["--max-iterations", "-1"], exit: 2, says: "--max-iterations: -1 is given" },
  { args: ["--instance", "ok.json"], exit: 2, says: "--instance is given 2 times" },
  { args: ["--config", "none.yaml"], exit: 2, says: "'none.yaml': there is no such file" },
  { args: ["--config", "list.yaml"], exit: 2, says: "list.yaml:1: holds no keys" },
  {
    args: ["--config", "unknown.yaml"],
    exit: 2,
    says: "unknown.yaml:1: max_iteration: there is no such key",
  },
  { args: ["--config", "wrong.yaml"], exit: 2, says: "wrong.yaml:1: max_iterations: 'many' is given" },
  { args: ["--config", "unset.yaml"], exit: 2, says: "the variable NO_SUCH_VARIABLE is not set" },
  { args: ["--config", "apart.yaml"], exit: 2, says: "runtime.num_runs: disagrees with num_runs" },
  { args: [...REPLAY, "--initial-code", "empty.py"], exit: 3, says: "'empty.py'" },
  { args: [...REPLAY, "--initial-code", "binary.py"], exit: 3, says: "'binary.py'" },
  { args: [...REPLAY, "--initial-code", "none.py"], exit: 3, says: "'none.py': there is no such file" },
  { args: ["--model", "replay:none.jsonl"], exit: 2, says: "'none.jsonl'" },
  { args: ["--model", "replay:empty.jsonl"], exit: 2, says: "'empty.jsonl'" },
  { args: ["--model", "gpt-4"], exit: 5, says: "OPENAI_API_KEY" },
  { args: [...REPLAY, "--output", "none/result.json"], exit: 7, says: "Cannot write 'none/result.json'" },
  { args: [...REPLAY, "--output", "."], exit: 7, says: "Cannot write '.'" },
  { args: [...REPLAY, "--base-dir", "/dev/null/out"], exit: 7, says: "'/dev/null/out" },
];

const INSTANCES: readonly Row[] = [
  { args: ["none.json"], exit: 3, says: "'none.json': there is no such file" },
  { args: ["broken.json"], exit: 3, says: "'broken.json'" },
  { args: ["."], exit: 3, says: "it is a directory" },
  { args: ["no-tests.json"], exit: 3, says: "generated_tests" },
  { args: ["odd-tests.json"], exit: 3, says: "generated_tests" },
  { args: ["functional.json"], exit: 3, says: "runner" },
];

async function check(args: readonly string[], { exit, says }: Row): Promise<void> {
  await withFolder(async (folder) => {
    for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, name), content);
    mkdirSync(join(folder, "out/ok"), { recursive: true });
    writeFileSync(join(folder, "out/ok/earlier"), "untouched");
    const env = { PERFAGENT_API_KEY: exit === 5 ? "" : KEY };
    const { exitCode, stdout, stderr } = await runCli(args, { cwd: folder, env });
    expect(stderr).toContain(says);
    expect(stderr.match(/^error: /gm)).toHaveLength(1);
    expect(stderr).not.toMatch(/^\s+at .+/m);
    expect(stdout).toBe("");
    expect(exitCode).toBe(exit);
    expect(readFileSync(join(folder, "out/ok/earlier"), "utf8")).toBe("untouched");
    for (const [name, content] of Object.entries(FILES)) {
      expect(Buffer.from(content).equals(readFileSync(join(folder, name)))).toBe(true);
    }
    const written = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    for (const entry of written) {
      expect(readFileSync(join(entry.parentPath, entry.name), "latin1")).not.toContain(KEY);
    }
    expect(stderr).not.toContain(KEY);
  });
}

describe("perfagent run --instance ok.json", () => {
  for (const row of ROWS) {
    const base = row.args.includes("--base-dir") ? [] : ["--base-dir", "out"];
    test(`${row.args.join(" ")} exits ${row.exit}`, async () => {
      await check(["run", "--instance", "ok.json", ...base, ...row.args], row);
    });
  }
});

describe("perfagent run --instance", () => {
  for (const row of INSTANCES) {
    test(`${row.args[0]} exits ${row.exit}`, async () => {
      await check(["run", "--instance", ...row.args, "--base-dir", "out", ...REPLAY], row);
    });
  }
});
