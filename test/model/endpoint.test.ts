import { describe, expect, test } from "bun:test";
import { type EndpointRequest, findEndpoint } from "../../src/model/endpoint.ts";
import { createModel } from "../../src/model/index.ts";
import { PRESETS } from "../../src/model/presets.ts";
import { modelOptions } from "../support/model-options.ts";

const KEYS = Object.fromEntries(
  Object.values(PRESETS).flatMap(({ keyVariables }) => keyVariables.map((name) => [name, `key-of-${name}`])),
);

function find(name: string, changes: Partial<EndpointRequest> = {}) {
  return findEndpoint({ name, apiBase: null, apiKey: null, headers: {}, environment: KEYS, ...changes });
}

describe("findEndpoint()", () => {
  const names: readonly [string, string, string, string | null][] = [
    ["deepseek-chat", "https://api.deepseek.com/v1/chat/completions", "deepseek-chat", "DEEPSEEK_API_KEY"],
    [
      "deepseek/deepseek-chat",
      "https://api.deepseek.com/v1/chat/completions",
      "deepseek-chat",
      "DEEPSEEK_API_KEY",
    ],
    ["gpt-4", "https://api.openai.com/v1/chat/completions", "gpt-4", "OPENAI_API_KEY"],
    ["o3-mini", "https://api.openai.com/v1/chat/completions", "o3-mini", "OPENAI_API_KEY"],
    [
      "claude-sonnet-4-5",
      "https://api.anthropic.com/v1/chat/completions",
      "claude-sonnet-4-5",
      "ANTHROPIC_API_KEY",
    ],
    [
      "gemini-2.5-flash",
      "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
      "gemini-2.5-flash",
      "GEMINI_API_KEY",
    ],
    ["codestral-latest", "https://api.mistral.ai/v1/chat/completions", "codestral-latest", "MISTRAL_API_KEY"],
    [
      "openrouter/anthropic/claude-sonnet-4.5",
      "https://openrouter.ai/api/v1/chat/completions",
      "anthropic/claude-sonnet-4.5",
      "OPENROUTER_API_KEY",
    ],
    [
      "groq/llama-3.3-70b-versatile",
      "https://api.groq.com/openai/v1/chat/completions",
      "llama-3.3-70b-versatile",
      "GROQ_API_KEY",
    ],
    ["together/Qwen/Qwen3", "https://api.together.xyz/v1/chat/completions", "Qwen/Qwen3", "TOGETHER_API_KEY"],
    ["ollama/qwen2.5-coder:7b", "http://127.0.0.1:11434/v1/chat/completions", "qwen2.5-coder:7b", null],
    ["vllm/Qwen/Qwen3", "http://127.0.0.1:8000/v1/chat/completions", "Qwen/Qwen3", null],
    ["llama.cpp/any", "http://127.0.0.1:8080/v1/chat/completions", "any", null],
    ["lmstudio/any", "http://127.0.0.1:1234/v1/chat/completions", "any", null],
  ];
  for (const [name, url, model, variable] of names) {
    test(`of '${name}'`, () => {
      const endpoint = find(name);
      expect(endpoint.url.href).toBe(url);
      expect(endpoint.model).toBe(model);
      expect(endpoint.key).toBe(variable === null ? null : `key-of-${variable}`);
    });
  }

  test("sends the name exactly as written to a given base", () => {
    for (const name of ["deepseek/deepseek-chat", "gpt-4", "/models/qwen", "a b"]) {
      expect(find(name, { apiBase: "http://127.0.0.1:1/v1" }).model).toBe(name);
    }
  });

  const bases: readonly [string, string][] = [
    ["https://example.com", "https://example.com/chat/completions"],
    ["https://example.com/v1/", "https://example.com/v1/chat/completions"],
    ["https://example.com/v1/chat/completions", "https://example.com/v1/chat/completions"],
    ["https://example.com/d?api-version=1", "https://example.com/d/chat/completions?api-version=1"],
    [" http://localhost:1 ", "http://localhost:1/chat/completions"],
  ];
  for (const [base, url] of bases) {
    test(`of the base '${base}'`, () => expect(find("x", { apiBase: base }).url.href).toBe(url));
  }

  test("gives a preset's key to that preset's host only", () => {
    expect(find("deepseek-chat", { apiBase: "https://example.com/v1" }).key).toBeNull();
    expect(find("anything", { apiBase: "https://api.deepseek.com/beta" }).key).toBe(
      "key-of-DEEPSEEK_API_KEY",
    );
    expect(find("deepseek-chat", { apiBase: "https://example.com/v1", apiKey: "own-key" }).key).toBe(
      "own-key",
    );
    expect(find("deepseek-chat", { apiKey: " own-key\n" }).key).toBe("own-key");
  });

  test("uses the newer token field at OpenAI only", () => {
    expect(find("gpt-4").maxTokensField).toBe("max_completion_tokens");
    expect(find("deepseek-chat").maxTokensField).toBe("max_tokens");
  });

  const refusals: readonly [string, string, Partial<EndpointRequest>, string, RegExp, RegExp][] = [
    [
      "no key",
      "gpt-4",
      { environment: {} },
      "model",
      /neither the variable OPENAI_API_KEY nor model.api_key is set/,
      /Set OPENAI_API_KEY/,
    ],
    [
      "an empty key",
      "gpt-4",
      { environment: { OPENAI_API_KEY: " " }, apiKey: "" },
      "model",
      /OPENAI_API_KEY/,
      /Set/,
    ],
    ["a key that is none", "gpt-4", { apiKey: "a\u00e9b" }, "model", /signs outside ASCII/, /OPENAI_API_KEY/],
    [
      "an unknown name",
      "llama3",
      {},
      "config",
      /no service is known/,
      /model.api_base .*openai\/, deepseek\//,
    ],
    [
      "an unknown prefix",
      "depseek/chat",
      {},
      "config",
      /no service is known/,
      /Did you mean 'deepseek\/chat'\?/,
    ],
    ["a prototype's name", "toString/x", {}, "config", /no service is known/, /api_base/],
    ["a service without a model", "ollama/", {}, "config", /no model stands behind/, /ollama\/NAME/],
    ["a base that is no URL", "x", { apiBase: "localhost:8000" }, "config", /it is no URL/, /https:\/\//],
  ];
  for (const [name, model, changes, code, message, hint] of refusals) {
    test(`refuses ${name}`, () => {
      expect(() => find(model, changes)).toThrow(
        expect.objectContaining({
          code,
          message: expect.stringMatching(message),
          hint: expect.stringMatching(hint),
        }),
      );
    });
  }

  test("needs no key where an Authorization header is given", () => {
    expect(find("gpt-4", { environment: {}, headers: { authorization: "Basic x" } }).key).toBeNull();
  });
});

describe("createModel()", () => {
  const refusals: readonly [string, Parameters<typeof modelOptions>[1], string, RegExp][] = [
    ["an empty name", { name: " " }, "config", /model.name is empty/],
    ["a command without a program", { name: "command: " }, "config", /names no program/],
    ["a missing client file", { name: "./no-such-client.ts" }, "config", /there is no such file/],
    ["a service without its key", { name: "deepseek-chat" }, "model", /DEEPSEEK_API_KEY/],
  ];
  for (const [name, changes, code, message] of refusals) {
    test(`refuses ${name}`, async () => {
      const made = createModel(modelOptions(null, changes));
      await expect(made).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    });
  }

  test("refuses a limit of money for a model without a price", async () => {
    const { createBudget } = await import("../../src/model/budget.ts");
    const budget = createBudget({ maxCostUsd: 1, maxTotalTokens: null, maxTimeMs: null });
    const options = modelOptions("http://127.0.0.1:1/v1", { budget });
    await expect(createModel(options)).rejects.toMatchObject({
      code: "config",
      message: "Cannot hold --max-cost with the model 'test-model': 'pricing' has no price for it",
    });
    await createModel({ ...options, pricing: { "test-model": { input: 0, output: 0 } } });
  });
});
