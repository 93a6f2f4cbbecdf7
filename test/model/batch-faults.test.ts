import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../src/lib/random.ts";
import { runCli, withFolder } from "../support/cli.ts";
import {
  type Behaviour,
  endAfter,
  resetAfter,
  resetAtOnce,
  respond,
  startLlmServer,
  stream,
  USAGE,
  whole,
} from "../support/llm-server.ts";

const RUNS = 200;
const ROUNDS = 2;
/** Enough for most of the runs, not for all. */
const MAX_TOKENS = Math.floor(RUNS * ROUNDS * USAGE.total_tokens * 0.6);

const FAULTS: readonly Behaviour[] = [
  respond(429),
  respond(429, "", { "retry-after": "0.02" }),
  respond(500),
  respond(503, "<html><title>Down</title></html>"),
  respond(529),
  respond(401),
  respond(403),
  resetAtOnce,
  resetAfter("half"),
  endAfter("half"),
  whole("{broken"),
  whole({ choices: [] }),
];

test("200 runs with random faults: none hangs or loses a reply, no budget is passed, every exit code is right", async () => {
  const random = createRandom(7);
  const sent: string[] = [];
  const server = startLlmServer(() => {
    if (random() < 0.6) return FAULTS[Math.floor(random() * FAULTS.length)] ?? resetAtOnce;
    // Nothing that could be evaluated: what is tested is the way of the replies.
    const text = `reply ${sent.length}`;
    const answer = stream({ text, done: random() < 0.8, comments: random() < 0.5 });
    return async (exchange) => {
      sent.push(text);
      await answer(exchange);
    };
  });
  try {
    await withFolder(async (folder) => {
      const instances = join(folder, "instances");
      mkdirSync(instances);
      const names = Array.from({ length: RUNS }, (_, index) => `task-${index}`);
      for (const name of names)
        writeFileSync(join(instances, `${name}.json`), JSON.stringify(instanceNamed(name)));
      const limits = [
        "--max-iterations",
        String(ROUNDS),
        "--max-workers",
        "8",
        "--max-total-tokens",
        String(MAX_TOKENS),
      ];
      const retries = ["--llm-max-retries", "2", "--llm-retry-delay", "0.01", "--llm-retry-jitter", "0.01"];
      const { exitCode, stdout } = await runCli(
        [
          "batch",
          "--instances-dir",
          instances,
          "--base-dir",
          "out",
          "--model",
          "m",
          "--output",
          "-",
          ...limits,
          ...retries,
        ].concat("--llm-api-base", server.baseUrl),
        { cwd: folder, timeoutMs: 240_000 },
      );
      const { instances: summary } = JSON.parse(stdout);
      const journals = names.map((name) => journalOf(join(folder, "out", name, `${name}.journal.jsonl`)));

      const recorded = journals.flatMap((journal) => journal.replies);
      expect(recorded.toSorted()).toEqual(sent.toSorted());
      expect(sent.length).toBeGreaterThan(RUNS / 4);
      // A call whose stream broke counts as well, by an estimate that is larger than the server's own numbers.
      expect(sent.length * USAGE.total_tokens).toBeLessThan(MAX_TOKENS + USAGE.total_tokens);

      const codes = names.map((name, index) => {
        const error = summary[name].error?.code ?? null;
        const { stopReason, replies } = journals[index] ?? { stopReason: null, replies: [] };
        if (replies.length > 0) expect({ name, error }).toEqual({ name, error: null });
        else if (stopReason === "model_failed") expect({ name, error }).toEqual({ name, error: "model" });
        else expect({ name, error }).toEqual({ name, error: "budget" });
        return error;
      });
      // The highest of the codes: 6 for a budget that was used up before a result, 5 for a model that never answered.
      expect(new Set(codes)).toEqual(new Set([null, "model", "budget"]));
      expect(exitCode).toBe(6);
    });
  } finally {
    server.stop();
  }
}, 300_000);

function instanceNamed(name: string): Readonly<Record<string, unknown>> {
  return {
    id: name,
    title: name,
    description: "Print the sum of the numbers of one line.",
    type: "io",
    generated_tests: [{ input: "1 2\n", output: "3\n" }],
  };
}

/** What one run's journal says; empty where the run did not begin. */
function journalOf(path: string): {
  readonly replies: readonly string[];
  readonly stopReason: string | null;
} {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { replies: [], stopReason: null };
  }
  const events = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return {
    replies: events.flatMap((event) => (event.type === "reply" ? [event.completion.text] : [])),
    stopReason: events.findLast((event) => event.type === "run_ended")?.stopReason ?? null,
  };
}
