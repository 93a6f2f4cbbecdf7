import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModel } from "../../src/model/index.ts";
import { type LlmServer, respond, startLlmServer, stream, whole } from "../support/llm-server.ts";
import { MESSAGES, modelOptions, recordingLogger } from "../support/model-options.ts";

const KEY = "sk-test-AbCdEf1234567890";
const HEADER_KEY = "header-secret-0987654321";
const PASSWORD = "pass-word-5555";
const SIGNAL = new AbortController().signal;

const folder = mkdtempSync(join(tmpdir(), "perfagent-secrets-"));
afterAll(() => rmSync(folder, { recursive: true }));
let server: LlmServer | null = null;
afterEach(() => server?.stop());

/** What a careless service says. */
const echo = {
  error: { message: `Bad key ${KEY}, header ${HEADER_KEY}, org-AbCdEf123456 at http://127.0.0.1` },
};

async function playAll(sanitize: boolean) {
  server = startLlmServer([
    respond(500, echo),
    respond(400, { error: { message: `Unsupported 'temperature' for ${KEY}`, param: "temperature" } }),
    stream({ text: `your key is ${KEY}, said hidden-word` }),
    respond(401, echo),
    whole(`<html><title>${KEY}</title></html>`),
    whole({ error: { message: `no ${HEADER_KEY}`, code: 402 } }),
    respond(307, "", { location: `http://user:${PASSWORD}@example.com/?key=${KEY}` }),
  ]);
  const path = join(mkdtempSync(join(folder, "run-")), "llm_io.log");
  const logger = recordingLogger();
  const base = server.baseUrl.replace("://", `://user:${PASSWORD}@`);
  const options = modelOptions(`${base}?api_key=${KEY}`, {
    apiKey: KEY,
    logger,
    parameters: {
      ...modelOptions(null).parameters,
      headers: { "X-Api-Key": HEADER_KEY, "OpenAI-Organization": "org-AbCdEf123456" },
    },
    ioLog: { path, sanitize, hide: ["hidden-word"] },
    retry: { timeoutMs: 600_000, maxRetries: 1, delayMs: 1, backoffFactor: 1, jitterMs: 0 },
  });
  const model = await createModel(options);
  const messages: string[] = [];
  for (let call = 0; call < 4; call++) {
    try {
      const { text } = await model.complete(MESSAGES, SIGNAL);
      expect(text).toContain(KEY);
    } catch (error) {
      messages.push(`${error} ${(error as { hint?: string }).hint} ${Bun.inspect(error)}`);
    }
  }
  return { log: readFileSync(path, "utf8"), logger, messages, server };
}

describe("a key", () => {
  test("is sent, and is in no message, no log and no record", async () => {
    const played = await playAll(false);
    expect(played.server.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(played.server.requests[0]?.headers["x-api-key"]).toBe(HEADER_KEY);
    expect(played.messages).toHaveLength(3);
    const written = [played.log, ...played.logger.lines, ...played.messages].join("\n");
    for (const secret of [KEY, HEADER_KEY, PASSWORD]) expect(written).not.toContain(secret);
    expect(played.messages[0]).toContain("Bad key ***, header ***");
  });

  test("is not sent to another host", async () => {
    const other = startLlmServer([stream()]);
    server = startLlmServer([respond(307, "", { location: `${other.baseUrl}/chat/completions` })]);
    try {
      const model = await createModel(modelOptions(server.baseUrl, { apiKey: KEY }));
      await expect(model.complete(MESSAGES, SIGNAL)).rejects.toThrow(/the key is not sent to another host/);
      expect(other.requests).toHaveLength(0);
    } finally {
      other.stop();
    }
  });
});

describe("llm_io.log", () => {
  test("holds request, reply, usage, timing and attempts of each call, one line each", async () => {
    const { log } = await playAll(false);
    const calls = log
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(calls).toHaveLength(4);
    expect(calls[0]).toMatchObject({
      time: "2026-01-01T00:00:00.000Z",
      instance: "task",
      model: "test-model",
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions$/),
      request: { model: "test-model", messages: MESSAGES, max_tokens: 1000, stream: true },
      reply: { text: "your key is ***, said hidden-word", finish_reason: "stop", reasoning: null },
      usage: { prompt_tokens: 100, completion_tokens: 20, cost_usd: null },
      timing: { queued_ms: 0, first_words_ms: expect.any(Number), total_ms: expect.any(Number) },
      attempts: [
        { status: 500, requests: 1, waited_ms: 0 },
        { status: null, error: null, requests: 2, waited_ms: 1 },
      ],
      error: null,
    });
    expect(calls[1]).toMatchObject({ reply: null, usage: null, error: expect.stringContaining("HTTP 401") });
  });

  test("holds no endpoint, no organisation and nothing configured when it is sanitized", async () => {
    const played = await playAll(true);
    const host = new URL(played.server.baseUrl).host;
    for (const hidden of [host, "org-AbCdEf123456", "hidden-word", KEY])
      expect(played.log).not.toContain(hidden);
    for (const line of played.log.trimEnd().split("\n")) JSON.parse(line);
    expect(played.log).toContain("print(sum(range(10)))");
  });

  test("is refused where it cannot be written", async () => {
    const ioLog = { path: join(folder, "none", "llm_io.log"), sanitize: true, hide: [] };
    const made = createModel(modelOptions("http://127.0.0.1:1/v1", { ioLog }));
    await expect(made).rejects.toMatchObject({ code: "output", exitCode: 7 });
  });
});

test("a service on this machine is asked directly, whatever proxy the environment names", async () => {
  server = startLlmServer([stream()]);
  const before = process.env.HTTP_PROXY;
  process.env.HTTP_PROXY = "http://127.0.0.1:9";
  try {
    const model = await createModel(modelOptions(server.baseUrl));
    expect((await model.complete(MESSAGES, SIGNAL)).text).toBe("the answer");
  } finally {
    if (before === undefined) delete process.env.HTTP_PROXY;
    else process.env.HTTP_PROXY = before;
  }
});
