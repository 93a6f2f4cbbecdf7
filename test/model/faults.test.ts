import { afterEach, describe, expect, test } from "bun:test";
import { PerfagentError } from "../../src/errors.ts";
import { createModel, type ModelOptions } from "../../src/model/index.ts";
import type { Completion } from "../../src/types.ts";
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
import { MESSAGES, modelOptions } from "../support/model-options.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";

let server: LlmServer | null = null;
afterEach(() => {
  server?.stop();
  server = null;
});

interface Played {
  readonly server: LlmServer;
  readonly clock: VirtualClock;
  readonly completion: Completion | null;
  readonly error: PerfagentError | null;
}

/** Asks once. While nothing happens, time goes on in steps of a second, so that stalls are noticed. */
async function play(script: readonly Behaviour[], changes: Partial<ModelOptions> = {}): Promise<Played> {
  const started = startLlmServer(script);
  server = started;
  const options = modelOptions(started.baseUrl, changes);
  const model = await createModel(options);
  const work = model.complete(MESSAGES, new AbortController().signal).then(
    (answer) => ({ completion: answer, error: null }),
    (error: unknown) => {
      if (!(error instanceof PerfagentError)) throw error;
      return { completion: null, error };
    },
  );
  const ticker = setInterval(() => {
    if (isQuiet) options.clock.advance(5000);
  }, 5);
  try {
    return { server: started, clock: options.clock, ...(await work) };
  } finally {
    clearInterval(ticker);
    isQuiet = false;
  }
}

/** A server has fallen silent: only now may time go on. */
let isQuiet = false;
function thenQuiet(behaviour: Behaviour): Behaviour {
  return async (exchange) => {
    await behaviour(exchange);
    await Bun.sleep(30);
    isQuiet = true;
  };
}

/** The same, without the end of the stream. */
function leftOpen(behaviour: Behaviour): Behaviour {
  const isEnd = (bytes: string | Uint8Array): boolean => bytes === "0\r\n\r\n";
  return (exchange) =>
    behaviour({ ...exchange, write: (bytes) => (isEnd(bytes) ? Promise.resolve() : exchange.write(bytes)) });
}

const good = stream({ text: "good" });

describe("complete() goes on after", () => {
  const busy = { error: { message: "busy", type: "server_error" } };
  const cases: readonly [string, readonly Behaviour[], readonly number[]][] = [
    ["429 without Retry-After", [respond(429, busy), good], [2000]],
    ["429 with Retry-After in seconds", [respond(429, busy, { "retry-after": "7" }), good], [7000]],
    [
      "429 with Retry-After as a date",
      [respond(429, busy, { "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }), good],
      [30_000],
    ],
    ["429 with retry-after-ms", [respond(429, busy, { "retry-after-ms": "250" }), good], [250]],
    [
      "429 with an exhausted rate limit",
      [
        respond(429, busy, {
          "x-ratelimit-remaining-requests": "0",
          "x-ratelimit-reset-requests": "1m30.5s",
        }),
        good,
      ],
      [90_500],
    ],
    ["408", [respond(408), good], [2000]],
    ["409", [respond(409), good], [2000]],
    ["425", [respond(425), good], [2000]],
    [
      "500, 503 and 529 with growing pauses",
      [respond(500, busy), respond(503), respond(529), good],
      [2000, 4000, 8000],
    ],
    ["503 with Retry-After", [respond(503, "", { "retry-after": "3" }), good], [3000]],
    ["an HTML error page", [respond(502, "<html><title>Bad Gateway</title></html>"), good], [2000]],
    ["a reset before the reply", [resetAtOnce, good], [2000]],
    ["a reset in the middle of the stream", [resetAfter("half an ans"), good], [2000]],
    ["a stream that ends in the middle", [endAfter("half an ans"), good], [2000]],
    [
      "a stream that ends in the middle of an event",
      [
        whole('data: {"choices":[{"delta":{"content":"ha"}}]}\n\ndata: {"cho', {
          "content-type": "text/event-stream",
        }),
        good,
      ],
      [2000],
    ],
    ["invalid JSON", [whole("{broken"), good], [2000]],
    [
      "an event that is no JSON",
      [whole("data: {broken\n\n", { "content-type": "text/event-stream" }), good],
      [2000],
    ],
    ["empty choices", [whole({ choices: [] }), good], [2000]],
    ["an empty stream", [whole("data: [DONE]\n\n", { "content-type": "text/event-stream" }), good], [2000]],
    [
      "an error inside a stream",
      [
        whole('data: {"error":{"message":"overloaded","code":529}}\n\n', {
          "content-type": "text/event-stream",
        }),
        good,
      ],
      [2000],
    ],
  ];
  for (const [name, script, waits] of cases) {
    test(name, async () => {
      const played = await play(script);
      expect(played.error).toBeNull();
      expect(played.completion?.text).toBe("good");
      expect(played.clock.waited).toEqual([...waits]);
      expect(played.server.requests).toHaveLength(script.length);
      expect(played.completion?.attempts).toBe(script.length);
    });
  }

  // Half of the call's time for the first words, a minute for the next ones; the steps are 5 s long.
  for (const [name, bad, silenceMs] of [
    ["a stall in the middle of the stream", stallAfter("half an ans"), 60_000],
    ["a stall behind the headers", stallAfter(""), 300_000],
    ["slow headers", neverAnswer, 300_000],
  ] as const) {
    test(name, async () => {
      const played = await play([thenQuiet(bad), good]);
      expect(played.completion?.text).toBe("good");
      expect(played.server.requests).toHaveLength(2);
      expect(played.clock.waited).toEqual([2000]);
      expect(played.completion?.durationMs).toBeGreaterThanOrEqual(silenceMs);
      expect(played.completion?.durationMs).toBeLessThan(silenceMs + 100_000);
    });
  }
});

test("complete() tells all that share a service what it hears of its limits", async () => {
  const heard: unknown[] = [];
  const { governor } = modelOptions(null);
  const listening: ModelOptions["governor"] = {
    ...governor,
    pause: (ms) => void heard.push(ms),
    learn: (limits) => void heard.push(limits),
  };
  const limits = { "x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "2s" };
  await play([respond(429, "", { "retry-after": "30" }), stream({ headers: limits })], {
    governor: listening,
  });
  expect(heard).toEqual([30_000, { requests: { remaining: 9, resetMs: 2000 }, tokens: null }]);
});

describe("complete() gives up", () => {
  const cases: readonly [string, readonly Behaviour[], number, RegExp, RegExp][] = [
    [
      "a wrong key at once",
      [respond(401, { error: { message: "Incorrect API key provided" } })],
      1,
      /HTTP 401: Incorrect API key provided$/,
      /Check the key in model.api_key/,
    ],
    ["403 at once", [respond(403)], 1, /HTTP 403: Forbidden$/, /key/],
    ["404 at once", [respond(404, "no such page")], 1, /HTTP 404: no such page$/, /\/v1/],
    ["402 at once", [respond(402)], 1, /HTTP 402: Payment Required$/, /balance/],
    [
      "used-up money at once, although it looks like a rate limit",
      [respond(429, { error: { message: "You exceeded your quota", code: "insufficient_quota" } })],
      1,
      /HTTP 429: You exceeded your quota$/,
      /balance/,
    ],
    [
      "a request that is wrong at once",
      [respond(400, { error: { message: "bad request" } })],
      1,
      /HTTP 400: bad request$/,
      /^$/,
    ],
    [
      "a service that stays busy after all retries",
      [respond(503, "<html><head><title>Maintenance</title></head></html>")],
      4,
      /HTTP 503: an HTML page, 'Maintenance' \(4 requests in 14 s\)$/,
      /later/,
    ],
    [
      "at once when the service asks to come back after the call's time",
      [respond(429, "", { "retry-after": "3600" })],
      1,
      /HTTP 429: Too Many Requests; the service asks to come back in 60 min, and 10 min of the call's 10 min are left$/,
      /requests_per_minute/,
    ],
    [
      "a page in place of an answer after two more requests",
      [whole("<html></html>")],
      3,
      /an HTML page/,
      /\/v1/,
    ],
    [
      "answers without a choice after two more requests",
      [whole({ choices: [] })],
      3,
      /holds no choice/,
      /^$/,
    ],
    [
      "another host's redirect at once",
      [respond(307, "", { location: "http://example.com/v1/chat/completions" })],
      1,
      /redirects to http:\/\/example.com/,
      /api_base/,
    ],
    [
      "a reply that is too long at once",
      [whole(`{"x":"${"a".repeat(17 * 2 ** 20)}"}`)],
      1,
      /longer than 16 MiB/,
      /max_output_tokens/,
    ],
  ];
  for (const [name, script, requests, message, hint] of cases) {
    test(name, async () => {
      const played = await play(script);
      expect(played.error?.code).toBe("model");
      expect(played.error?.exitCode).toBe(5);
      expect(played.error?.message).toMatch(message);
      expect(played.error?.hint).toMatch(hint);
      expect(played.server.requests).toHaveLength(requests);
    });
  }

  test("a server that never answers when its time is over, after two attempts", async () => {
    const played = await play([thenQuiet(neverAnswer)]);
    expect(played.error?.message).toMatch(/within 10 min|silent for 5 min/);
    expect(played.server.requests).toHaveLength(2);
  });

  test("a port that nobody listens on", async () => {
    const options = modelOptions("http://127.0.0.1:9/v1");
    const model = await createModel(options);
    const failure = model.complete(MESSAGES, new AbortController().signal);
    await expect(failure).rejects.toThrow(
      /at http:\/\/127.0.0.1:9: nothing accepts connections there \(3 requests/,
    );
    expect(options.clock.waited).toEqual([2000, 4000]);
  });

  test("after exactly maxRetries retries", async () => {
    const retry = { timeoutMs: 600_000, maxRetries: 0, delayMs: 1, backoffFactor: 1, jitterMs: 0 };
    expect((await play([respond(500), good], { retry })).server.requests).toHaveLength(1);
  });
});

describe("complete() takes", () => {
  const cases: readonly [string, Behaviour, Partial<Completion>][] = [
    [
      "bytes one by one with CRLF, comments and words of several bytes",
      stream({ text: "héllo 你好 🚀", chunkBytes: 1, lineEnd: "\r\n", comments: true }),
      { text: "héllo 你好 🚀", finishReason: "stop" },
    ],
    ["a stream without [DONE]", stream({ done: false }), { text: "the answer", finishReason: "stop" }],
    [
      "a stream without finish_reason but with [DONE]",
      stream({ finish: null }),
      { text: "the answer", finishReason: "unknown" },
    ],
    ["a stream under another content type", stream({ contentType: "text/plain" }), { text: "the answer" }],
    ["an answer that is cut", stream({ finish: "length" }), { text: "the answer", finishReason: "length" }],
    [
      "reasoning in a field of its own",
      stream({ reasoning: "hmm" }),
      { text: "the answer", reasoning: "hmm" },
    ],
    [
      "reasoning inside the text",
      stream({ text: "<think>hmm</think>\nyes" }),
      { text: "yes", reasoning: "hmm" },
    ],
    [
      "a whole reply from a server that does not stream",
      whole(completion({ content: "plain" })),
      { text: "plain" },
    ],
    ["null content", whole(completion({ content: null })), { text: "", finishReason: "stop" }],
    ["empty content", whole(completion({ content: "" })), { text: "", finishReason: "stop" }],
    [
      "a refusal",
      whole(completion({ content: null, refusal: "I will not" })),
      { text: "", finishReason: "refusal", reasoning: "Refusal: I will not" },
    ],
    [
      "a tool call",
      whole(completion({ content: null, tool_calls: [{ id: "1" }] })),
      { text: "", finishReason: "tool_calls" },
    ],
    [
      "the first of several choices that says something",
      whole({
        choices: [
          { index: 0, message: { content: null }, finish_reason: "stop" },
          { index: 1, message: { content: "second" }, finish_reason: "stop" },
        ],
      }),
      { text: "second" },
    ],
    [
      "content in parts",
      whole(
        completion({
          content: [
            { type: "thinking", thinking: [{ type: "text", text: "hmm" }] },
            { type: "text", text: "parts" },
          ],
        }),
      ),
      { text: "parts", reasoning: "hmm" },
    ],
  ];
  for (const [name, behaviour, expected] of cases) {
    test(name, async () => {
      const played = await play([behaviour]);
      expect(played.error).toBeNull();
      expect(played.completion).toMatchObject(expected);
      expect(played.server.requests).toHaveLength(1);
    });
  }

  test("a whole answer although the connection breaks behind it", async () => {
    const played = await play([
      async (exchange) => {
        await leftOpen(stream({ usage: null, done: false }))(exchange);
        await Bun.sleep(20);
        exchange.reset();
      },
    ]);
    expect(played.completion?.text).toBe("the answer");
    expect(played.server.requests).toHaveLength(1);
  });

  test("a whole answer although the server keeps the stream open behind it", async () => {
    const open = thenQuiet(leftOpen(stream({ done: false })));
    const played = await play([open]);
    expect(played.completion?.text).toBe("the answer");
    // Not the minute that a gap in an answer may last; the steps are 5 s long.
    expect(played.completion?.durationMs).toBeLessThan(30_000);
  });

  test("a redirect within the same host, with the request and the key", async () => {
    const played = await play([respond(308, "", { location: "/v2/chat/completions" }), good], {
      apiKey: "sk-test-1234567890",
    });
    expect(played.completion?.text).toBe("good");
    const [first, second] = played.server.requests;
    expect(second?.path).toBe("/v2/chat/completions");
    expect(second?.text).toBe(first?.text ?? "");
    expect(second?.headers.authorization).toBe("Bearer sk-test-1234567890");
  });

  test("no more than 4 MiB of a streamed answer of 10 MB, and says that it is cut", async () => {
    const played = await play([stream({ text: "abcdefghij".repeat(1_000_000), deltaChars: 100_000 })]);
    expect(played.completion?.text).toHaveLength(4 * 2 ** 20);
    expect(played.completion?.finishReason).toBe("length");
  });

  test("a stream that never ends up to the same size, and ends it", async () => {
    let isOpen = true;
    const endless: Behaviour = async (exchange) => {
      await stallAfter("begin")(exchange);
      const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "x".repeat(60_000) } }] })}\n\n`;
      const chunk = `${event.length.toString(16)}\r\n${event}\r\n`;
      while (isOpen && exchange.isOpen()) {
        await exchange.write(chunk);
        await Bun.sleep(0);
      }
    };
    const played = await play([endless]);
    isOpen = false;
    expect(played.completion?.finishReason).toBe("length");
    expect(played.completion?.text).toHaveLength(4 * 2 ** 20);
  });

  test("token counts and the model's name as the service gives them", async () => {
    const usage = {
      prompt_tokens: 1000,
      completion_tokens: 200,
      prompt_tokens_details: { cached_tokens: 400 },
      completion_tokens_details: { reasoning_tokens: 50 },
    };
    const played = await play([stream({ usage })], {
      pricing: { "test-model": { input: 2, output: 10, cachedInput: 0.5 } },
    });
    expect(played.completion?.model).toBe("served-model");
    expect(played.completion?.usage).toEqual({
      calls: 1,
      promptTokens: 1000,
      cachedTokens: 400,
      completionTokens: 200,
      reasoningTokens: 50,
      costUsd: (600 * 2 + 400 * 0.5 + 200 * 10) / 1e6,
    });
  });

  test("unknown token counts as unknown, never as 0", async () => {
    const played = await play([stream({ usage: null })], {
      pricing: { "test-model": { input: 2, output: 10 } },
    });
    expect(played.completion?.usage).toEqual({
      calls: 1,
      promptTokens: null,
      cachedTokens: null,
      completionTokens: null,
      reasoningTokens: null,
      costUsd: null,
    });
  });
});

describe("complete() adapts", () => {
  const unsupported = (param: string, message: string): Behaviour =>
    respond(400, { error: { message, param, code: "unsupported_parameter" } });

  test("max_tokens to max_completion_tokens, and remembers it", async () => {
    const started = startLlmServer([
      unsupported(
        "max_tokens",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      ),
      good,
    ]);
    server = started;
    const model = await createModel(modelOptions(started.baseUrl));
    const first = await model.complete(MESSAGES, new AbortController().signal);
    await model.complete(MESSAGES, new AbortController().signal);
    expect(first.attempts).toBe(2);
    expect(started.requests.map(({ body }) => [body.max_tokens, body.max_completion_tokens])).toEqual([
      [1000, undefined],
      [undefined, 1000],
      [undefined, 1000],
    ]);
  });

  const cases: readonly [string, Behaviour, (body: Readonly<Record<string, unknown>>) => void][] = [
    [
      "a refused temperature",
      unsupported("temperature", "Unsupported value: 'temperature' does not support 0.5 with this model."),
      (body) => expect(body).not.toHaveProperty("temperature"),
    ],
    [
      "refused stream options, named in a list",
      respond(422, {
        detail: [
          { type: "extra_forbidden", loc: ["body", "stream_options"], msg: "Extra inputs are not permitted" },
        ],
      }),
      (body) => {
        expect(body).not.toHaveProperty("stream_options");
        expect(body.stream).toBe(true);
      },
    ],
    [
      "a server that cannot stream",
      respond(400, { error: "'stream' is not supported" }),
      (body) => {
        expect(body).not.toHaveProperty("stream");
        expect(body).not.toHaveProperty("stream_options");
      },
    ],
    [
      "a refused system role",
      respond(400, { error: { message: "System role not supported" } }),
      (body) =>
        expect(body.messages).toEqual([
          { role: "user", content: "You make programs faster.\n\nprint(sum(range(10)))" },
        ]),
    ],
  ];
  for (const [name, refusal, check] of cases) {
    test(name, async () => {
      const played = await play([refusal, good]);
      expect(played.completion?.text).toBe("good");
      expect(played.server.requests).toHaveLength(2);
      expect(played.clock.waited).toEqual([]);
      check(played.server.requests[1]?.body ?? {});
    });
  }

  test("each field once: a refusal that goes on is an error", async () => {
    const played = await play([unsupported("temperature", "Unsupported parameter: 'temperature'")]);
    expect(played.error?.message).toMatch(/HTTP 400: Unsupported parameter: 'temperature' \(2 requests/);
    expect(played.server.requests).toHaveLength(2);
  });
});

describe("complete() stops at once when aborted", () => {
  for (const [name, script] of [
    ["while it waits for headers", [neverAnswer]],
    ["in the middle of a stream", [stallAfter("half")]],
  ] as const) {
    test(name, async () => {
      const started = startLlmServer(script);
      server = started;
      const model = await createModel(modelOptions(started.baseUrl));
      const controller = new AbortController();
      const work = model.complete(MESSAGES, controller.signal);
      while (started.requests.length === 0) await Bun.sleep(2);
      await Bun.sleep(10);
      controller.abort();
      await expect(work).rejects.toMatchObject({ code: "interrupted", exitCode: 130 });
    });
  }

  test("in a pause before a retry, on the machine's clock", async () => {
    const started = startLlmServer([respond(500)]);
    server = started;
    const { systemClock } = await import("../../src/model/clock.ts");
    const model = await createModel({ ...modelOptions(started.baseUrl), clock: systemClock });
    const controller = new AbortController();
    const work = model.complete(MESSAGES, controller.signal);
    setTimeout(() => controller.abort(), 50);
    const startedMs = performance.now();
    await expect(work).rejects.toMatchObject({ code: "interrupted" });
    expect(performance.now() - startedMs).toBeLessThan(1500);
  });

  test("before anything is sent", async () => {
    const started = startLlmServer([good]);
    server = started;
    const model = await createModel(modelOptions(started.baseUrl));
    await expect(model.complete(MESSAGES, AbortSignal.abort())).rejects.toMatchObject({
      code: "interrupted",
    });
    expect(started.requests).toHaveLength(0);
  });
});
