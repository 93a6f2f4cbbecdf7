import { describe, expect, test } from "bun:test";
import { adaptRequest } from "../../src/model/adapt.ts";
import { type ModelParameters, NO_ADAPTATION, requestBody } from "../../src/model/parameters.ts";
import { readServiceError } from "../../src/model/service-error.ts";
import { MESSAGES } from "../support/model-options.ts";

const PARAMETERS: ModelParameters = {
  temperature: 0.1,
  maxOutputTokens: 500,
  reasoningEffort: "low",
  stream: true,
  extraBody: { top_p: 0.9, seed: 1 },
  headers: {},
};

describe("requestBody()", () => {
  test("has its fields in a fixed order", () => {
    expect(JSON.stringify(requestBody("m", [], PARAMETERS, "max_tokens", NO_ADAPTATION))).toBe(
      '{"model":"m","messages":[],"temperature":0.1,"max_tokens":500,"reasoning_effort":"low","stream":true,' +
        '"stream_options":{"include_usage":true},"top_p":0.9,"seed":1}',
    );
  });

  test("leaves out what is null, also where extra_body takes it away", () => {
    const parameters = {
      ...PARAMETERS,
      temperature: null,
      maxOutputTokens: null,
      reasoningEffort: null,
      extraBody: { stream: false, stream_options: null },
    };
    expect(requestBody("m", [], parameters, "max_tokens", NO_ADAPTATION)).toEqual({
      model: "m",
      messages: [],
      stream: false,
    });
  });

  test("lets extra_body replace a field", () => {
    const parameters = { ...PARAMETERS, extraBody: { temperature: 1.7 } };
    expect(requestBody("m", [], parameters, "max_tokens", NO_ADAPTATION).temperature).toBe(1.7);
  });
});

describe("adaptRequest()", () => {
  const body = requestBody("m", MESSAGES, PARAMETERS, "max_tokens", NO_ADAPTATION);
  const cases: readonly [string, string, string | null][] = [
    [
      "OpenAI's rename",
      '{"error":{"message":"Unsupported parameter: \'max_tokens\' is not supported with this model. Use \'max_completion_tokens\' instead.","param":"max_tokens","code":"unsupported_parameter"}}',
      "'max_tokens' is sent as 'max_completion_tokens'",
    ],
    [
      "a value that does not fit",
      '{"error":{"message":"Unsupported value: \'temperature\' does not support 0.1 with this model. Only the default (1) value is supported.","param":"temperature"}}',
      "'temperature' is not sent any more",
    ],
    [
      "a field without quotes",
      '{"error":"Unknown field reasoning_effort"}',
      "'reasoning_effort' is not sent any more",
    ],
    [
      "a list of validation errors",
      '{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}}',
      "'stream_options' is not sent any more",
    ],
    ["a field of extra_body", '{"message":"top_p is not supported"}', "'top_p' is not sent any more"],
    [
      "a limit that is too large",
      '{"error":{"message":"max_tokens is too large: 500"}}',
      "'max_tokens' is not sent any more",
    ],
    [
      "a template without a system role",
      '{"error":{"message":"Only user and assistant roles are supported! The system role is not supported"}}',
      "the system message is sent as part of the first user message",
    ],
    ["an ordinary word", '{"error":{"message":"the stream of your seed is invalid"}}', null],
    [
      "the messages",
      '{"error":{"message":"maximum context length is 8192 tokens","param":"messages"}}',
      null,
    ],
    ["the model", '{"error":{"message":"unknown model m","param":"model"}}', null],
    ["no field at all", '{"error":{"message":"invalid request"}}', null],
    ["a page", "<html><title>Bad Request</title></html>", null],
  ];
  for (const [name, answer, change] of cases) {
    test(`answers ${name}`, () => {
      expect(adaptRequest(body, readServiceError(answer), NO_ADAPTATION)?.change ?? null).toBe(change);
    });
  }

  test("leaves out what was renamed when the new name is refused as well", () => {
    const first = adaptRequest(
      body,
      readServiceError(
        '{"error":{"message":"Unsupported \'max_tokens\'. Use \'max_completion_tokens\' instead."}}',
      ),
      NO_ADAPTATION,
    );
    const renamed = requestBody("m", [], PARAMETERS, "max_tokens", first?.adaptation ?? NO_ADAPTATION);
    expect(renamed.max_completion_tokens).toBe(500);
    const second = adaptRequest(
      renamed,
      readServiceError(
        '{"error":{"message":"Unknown field \'max_completion_tokens\'. Use \'max_tokens\' instead."}}',
      ),
      first?.adaptation ?? NO_ADAPTATION,
    );
    const last = requestBody("m", [], PARAMETERS, "max_tokens", second?.adaptation ?? NO_ADAPTATION);
    expect(last).not.toHaveProperty("max_tokens");
    expect(last).not.toHaveProperty("max_completion_tokens");
  });
});

describe("readServiceError()", () => {
  test("reads a list of one, a delay inside the body, and a gateway's inner error", () => {
    const google =
      '[{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x","retryDelay":"34.5s"}]}}]';
    expect(readServiceError(google)).toMatchObject({ message: "Quota", status: 429, retryAfterMs: 34_500 });
    const gateway =
      '{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"upstream is down"}}}';
    expect(readServiceError(gateway)).toMatchObject({
      message: "Provider returned error: upstream is down",
      status: 502,
    });
  });

  test("shortens to one line", () => {
    expect(readServiceError(`a\nb\n${"c".repeat(1000)}`).message).toMatch(/^a b c{396}…$/);
  });
});
