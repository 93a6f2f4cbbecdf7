import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CliOptions, runCli, withFolder } from "../support/cli.ts";
import {
  type Behaviour,
  completion,
  endAfter,
  type LlmServer,
  neverAnswer,
  resetAfter,
  resetAtOnce,
  respond,
  stallAfter,
  startLlmServer,
  stream,
  whole,
} from "../support/llm-server.ts";

const EXAMPLES = join(import.meta.dir, "..", "..", "scripts", "examples");
const KEY = "sk-test-AbCdEf1234567890";

/** Far above what a test needs: a guard against hanging only. */
const TIMEOUT_MS = 180_000;

const INSTANCE = {
  id: "1",
  title: "Sum",
  title_slug: "sum",
  description: "Print the sum of the numbers of one line.",
  type: "io",
  generated_tests: [
    { input: "1 2\n", output: "3\n" },
    { input: "4 5 6\n", output: "15\n" },
  ],
};

const SOLUTION = "```python\nprint(sum(map(int, input().split())))\n```";
const solved = stream({ text: SOLUTION });
/** An answer that came and that nothing can be done with: a round without the time of an evaluation. */
const chat = stream({ text: "I would rather not." });

let server: LlmServer | null = null;
afterEach(() => {
  server?.stop();
  server = null;
});

interface Played {
  readonly exitCode: number;
  readonly stderr: string;
  readonly stopReason: string;
  readonly verdicts: readonly string[];
  readonly reasons: readonly string[];
  /** Requests made for each reply that is in the journal. */
  readonly attempts: readonly number[];
  readonly prediction: string;
  /** Everything that was written, by file name. */
  readonly files: Readonly<Record<string, string>>;
}

async function run(args: readonly string[], options: CliOptions = {}): Promise<Played> {
  return withFolder(async (folder) => {
    writeFileSync(join(folder, "sum.json"), JSON.stringify(INSTANCE));
    const base = ["run", "--instance", "sum.json", "--base-dir", "out", "--set", "runtime.num_runs=1"];
    const { exitCode, stdout, stderr } = await runCli([...base, ...args], { cwd: folder, ...options });
    const directory = join(folder, "out", "sum");
    const names = existsSync(directory) ? readdirSync(directory) : [];
    const files: Record<string, string> = { stdout, stderr };
    for (const name of names) files[name] = readFileSync(join(directory, name), "utf8");
    const trajectory = JSON.parse(files["sum.traj"] ?? '{"steps":[]}');
    const rounds = trajectory.steps.filter(
      (step: { action: string }) => step.action === "generate_optimization",
    );
    return {
      exitCode,
      stderr,
      stopReason: trajectory.metadata?.stop_reason ?? "",
      verdicts: rounds.map((step: { output_data: { verdict: string } }) => step.output_data.verdict),
      reasons: rounds.map((step: { output_data: { reason: string } }) => step.output_data.reason),
      attempts: (files["sum.journal.jsonl"] ?? "")
        .split("\n")
        .filter((line) => line.startsWith('{"type":"reply"'))
        .map((line) => JSON.parse(line).completion.attempts),
      prediction: files["sum.pred"] ?? "",
      files,
    };
  });
}

function serve(script: readonly Behaviour[], rounds: number, args: readonly string[] = []): Promise<Played> {
  server = startLlmServer(script);
  const fast = ["--llm-retry-delay", "0.01", "--llm-retry-jitter", "0", "--llm-max-retries", "2"];
  return run([
    "--model",
    "m",
    "--llm-api-base",
    server.baseUrl,
    "--max-iterations",
    String(rounds),
    ...fast,
    ...args,
  ]);
}

test(
  "run goes on after each failure that passes, and records one reply for each round",
  async () => {
    const faults: readonly [string, Behaviour][] = [
      ["429 without Retry-After", respond(429)],
      ["429 with Retry-After", respond(429, "", { "retry-after": "0.1" })],
      ["500", respond(500)],
      ["503", respond(503)],
      ["529", respond(529)],
      ["an HTML error page", respond(502, "<html><title>Bad Gateway</title></html>")],
      ["a reset before the stream", resetAtOnce],
      ["a reset in the middle of the stream", resetAfter("half")],
      ["a stream that ends in the middle", endAfter("half")],
      ["a stall in the middle of the stream", stallAfter("half")],
      ["slow headers", neverAnswer],
      ["invalid JSON", whole("{broken")],
      ["empty choices", whole({ choices: [] })],
      [
        "an unsupported parameter",
        respond(400, { error: { message: "'temperature' is not supported", param: "temperature" } }),
      ],
    ];
    const script = faults.flatMap(([, fault]) => [fault, chat]);
    const played = await serve(script, faults.length, ["--llm-timeout", "10"]);
    expect(played).toMatchObject({ exitCode: 0, stopReason: "max_iterations" });
    expect(faults.map(([name], round) => [name, played.verdicts[round], played.attempts[round]])).toEqual(
      faults.map(([name]) => [name, "edit_failed", 2]),
    );
    expect(server?.requests).toHaveLength(script.length);
  },
  TIMEOUT_MS,
);

describe("run ends in order with exit code 5 after", () => {
  const cases: readonly [string, readonly Behaviour[], number, RegExp][] = [
    [
      "a wrong key",
      [respond(401, { error: { message: "Incorrect API key" } })],
      1,
      /HTTP 401: Incorrect API key/,
    ],
    ["a service that stays down", [respond(503)], 3, /HTTP 503: Service Unavailable \(3 requests in/],
    [
      "a redirect to another host",
      [respond(307, "", { location: "http://example.com/" })],
      1,
      /not sent to another host/,
    ],
    ["a page in place of an answer", [whole("<html></html>")], 3, /HTML page/],
  ];
  for (const [name, script, requests, reason] of cases) {
    test(
      name,
      async () => {
        const played = await serve(script, 3);
        expect(played).toMatchObject({
          exitCode: 5,
          verdicts: ["model_failed"],
          attempts: [],
          stopReason: "model_failed",
        });
        expect(played.reasons[0]).toMatch(reason);
        expect(played.stderr).toMatch(reason);
        expect(server?.requests).toHaveLength(requests);
        expect(Object.keys(played.files)).toContain("result.json");
      },
      TIMEOUT_MS,
    );
  }

  test(
    "no key, before anything is measured, naming the variable",
    async () => {
      const played = await run(["--model", "deepseek-chat"]);
      expect(played.exitCode).toBe(5);
      expect(played.stderr).toContain("DEEPSEEK_API_KEY");
      expect(Object.keys(played.files)).not.toContain("sum.traj");
    },
    TIMEOUT_MS,
  );
});

test(
  "run records what came as an answer, and goes on",
  async () => {
    const answers: readonly [string, Behaviour, string, RegExp][] = [
      ["null content", whole(completion({ content: null })), "model_failed", /empty/],
      ["a refusal", whole(completion({ content: null, refusal: "No." })), "model_failed", /refused/],
      [
        "a tool call",
        whole(completion({ content: null, tool_calls: [{ id: "1" }] }, "tool_calls")),
        "model_failed",
        /tool/,
      ],
      ["a cut answer", stream({ text: "```python\nprint(", finish: "length" }), "edit_failed", /truncated/],
      ["10 MB", stream({ text: "0123456789".repeat(1e6), deltaChars: 1e5 }), "edit_failed", /./],
    ];
    const script = answers.map(([, behaviour]) => behaviour);
    const played = await serve(script, script.length);
    expect(played).toMatchObject({ exitCode: 0, attempts: [1, 1, 1, 1, 1] });
    for (const [round, [name, , verdict, reason]] of answers.entries()) {
      expect([name, played.verdicts[round]]).toEqual([name, verdict]);
      expect(played.reasons[round]).toMatch(reason);
    }
    // The next prompt tells the model that its answer was cut.
    expect(server?.requests[4]?.text).toMatch(/answer was cut/);
  },
  TIMEOUT_MS,
);

test(
  "run keeps the best program when the model fails later",
  async () => {
    const played = await serve([solved, respond(401)], 5);
    expect(played).toMatchObject({
      exitCode: 0,
      verdicts: ["improved", "model_failed"],
      stopReason: "model_failed",
    });
    expect(played.prediction).toContain("print(sum(");
  },
  TIMEOUT_MS,
);

describe("run holds its budget", () => {
  for (const [name, args, exitCode, requests] of [
    ["of tokens", ["--max-total-tokens", "150"], 0, 2],
    ["of money", ["--max-cost", "0.00015", "--set", 'pricing={"m": {"input": 1, "output": 1}}'], 0, 2],
    ["of no tokens at all", ["--max-total-tokens", "0"], 6, 0],
  ] as const) {
    test(
      name,
      async () => {
        const played = await serve([chat], 9, args);
        expect(played).toMatchObject({
          exitCode,
          attempts: Array(requests).fill(1),
          stopReason: "budget_exhausted",
        });
        expect(server?.requests).toHaveLength(requests);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "and refuses a limit of money without a price",
    async () => {
      const played = await serve([chat], 9, ["--max-cost", "1"]);
      expect(played.exitCode).toBe(2);
      expect(played.stderr).toContain("pricing");
    },
    TIMEOUT_MS,
  );
});

test(
  "run writes the key nowhere, and no program that it starts can read it",
  async () => {
    const spy =
      "import os\nprint(sum(map(int, input().split())))\nprint(os.environ, open('/proc/self/environ').read())";
    server = startLlmServer([
      respond(500, { error: { message: `Key ${KEY} is busy` } }),
      stream({ text: `\`\`\`python\n${spy}\n\`\`\`` }),
      respond(401, { error: { message: `Incorrect key ${KEY}` } }),
    ]);
    const args = [
      "--model",
      "m",
      "--llm-api-base",
      server.baseUrl,
      "--llm-retry-delay",
      "0.01",
      "--max-iterations",
      "3",
    ];
    const verbose = ["--llm-log-io", "--log-level", "DEBUG"];
    const played = await run([...args, ...verbose], { env: { PERFAGENT_API_KEY: KEY } });
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(played.verdicts).toEqual(["failed_tests", "model_failed"]);
    expect(Object.keys(played.files)).toContain("llm_io.log");
    for (const [name, content] of Object.entries(played.files))
      expect({ name, found: content.includes(KEY) }).toEqual({ name, found: false });
  },
  TIMEOUT_MS,
);

describe("run asks own clients:", () => {
  test(
    "scripts/examples/my-model.ts",
    async () => {
      server = startLlmServer([respond(200, { message: { content: SOLUTION } })]);
      const extra = JSON.stringify({ url: `${server.baseUrl}/api/chat` });
      const args = ["--model", join(EXAMPLES, "my-model.ts"), "--set", `model.extra_body=${extra}`];
      const played = await run([...args, "--max-iterations", "1"]);
      expect(played).toMatchObject({ exitCode: 0, verdicts: ["improved"], attempts: [1] });
      expect(server.requests[0]?.path).toBe("/v1/api/chat");
    },
    TIMEOUT_MS,
  );

  test(
    "scripts/examples/my-model.sh",
    async () => {
      const args = ["--model", `command:${join(EXAMPLES, "my-model.sh")}`, "--max-iterations", "1"];
      const played = await run(args, { env: { MODEL_CLI: "grep -c numbers" } });
      expect(played).toMatchObject({ exitCode: 0, verdicts: ["edit_failed"], attempts: [1] });
    },
    TIMEOUT_MS,
  );
});
