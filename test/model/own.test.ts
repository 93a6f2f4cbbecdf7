import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { systemClock } from "../../src/model/clock.ts";
import { createModel } from "../../src/model/index.ts";
import { completion, respond, startLlmServer } from "../support/llm-server.ts";
import { MESSAGES, modelOptions } from "../support/model-options.ts";

const folder = mkdtempSync(join(tmpdir(), "perfagent-own-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SIGNAL = new AbortController().signal;
const EXAMPLES = join(import.meta.dir, "..", "..", "scripts", "examples");

function write(name: string, source: string): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
}

function ask(name: string, changes: Parameters<typeof modelOptions>[1] = {}, signal = SIGNAL) {
  const options = { ...modelOptions(null, { name, ...changes }), clock: systemClock };
  return createModel(options).then((model) => model.complete(MESSAGES, signal));
}

describe("./client.ts", () => {
  test("is called with the messages, beside its siblings, by a relative path too", async () => {
    write("sibling.ts", "export const shout = (text: string): string => text.toUpperCase();");
    const path = write(
      "client.ts",
      `import { shout } from "./sibling.ts";
       import type { Nothing } from "no-such-package";
       export default (context: { temperature: number }) => ({
         complete: (messages: { content: string }[]) => shout(messages[1]?.content ?? "") + context.temperature,
       });`,
    );
    for (const name of [path, `./${relative(process.cwd(), path)}`, `file://${path}`]) {
      expect(await ask(name)).toMatchObject({
        text: "PRINT(SUM(RANGE(10)))0.5",
        finishReason: "stop",
        attempts: 1,
      });
    }
  });

  test("may promise an object with reasoning, usage and the reason why it ended", async () => {
    const path = write(
      "rich.ts",
      `export default async () => ({
         name: "rich",
         async complete() {
           return {
             text: "<think>a</think>" + this.name, finishReason: "length", model: "mine",
             usage: { promptTokens: 1000, completionTokens: 100 },
           };
         },
       });`,
    );
    expect(await ask(path, { pricing: { [path]: { input: 1, output: 10 } } })).toMatchObject({
      text: "rich",
      reasoning: "a",
      finishReason: "length",
      model: "mine",
      usage: { promptTokens: 1000, cachedTokens: null, completionTokens: 100, costUsd: 0.002 },
    });
  });

  const refusals: readonly [string, string, string, RegExp][] = [
    ["without a default export", "export const x = 1;", "config", /its default export is no function/],
    ["whose factory returns nothing", "export default () => {};", "config", /returned no such object/],
    ["whose factory throws", 'export default () => { throw new Error("no luck"); };', "config", /no luck/],
    ["that is not TypeScript", "export default (", "config", /Cannot load the model/],
    [
      "that imports a package",
      'import { x } from "no-such-package"; export default () => x;',
      "config",
      /no-such-package/,
    ],
    [
      "that fails",
      'export default () => ({ complete() { throw new Error("boom"); } });',
      "model",
      /it failed: boom/,
    ],
    ["that answers a number", "export default () => ({ complete: () => 5 });", "model", /it returned 5/],
    [
      "that counts wrongly",
      'export default () => ({ complete: () => ({ text: "", usage: { promptTokens: -1 } }) });',
      "model",
      /its field 'usage.promptTokens' holds -1/,
    ],
  ];
  for (const [index, [name, source, code, message]] of refusals.entries()) {
    test(`refuses one ${name}`, async () => {
      const path = write(`bad-${index}.ts`, source);
      await expect(ask(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    });
  }

  test("is stopped although it does not listen", async () => {
    const path = write("deaf.ts", "export default () => ({ complete: () => new Promise(() => {}) });");
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    await expect(ask(path, {}, controller.signal)).rejects.toMatchObject({ code: "interrupted" });
    const retry = { timeoutMs: 50, maxRetries: 3, delayMs: 1, backoffFactor: 1, jitterMs: 0 };
    await expect(ask(path, { retry })).rejects.toThrow(/no whole answer came within 0.1 s/);
  });

  test("scripts/examples/my-model.ts works", async () => {
    const server = startLlmServer([
      respond(200, {
        message: { content: "from ollama" },
        done_reason: "length",
        prompt_eval_count: 7,
        eval_count: 3,
      }),
    ]);
    try {
      const parameters = {
        ...modelOptions(null).parameters,
        extraBody: { url: server.baseUrl, model: "tiny" },
      };
      expect(await ask(join(EXAMPLES, "my-model.ts"), { parameters })).toMatchObject({
        text: "from ollama",
        finishReason: "length",
        usage: { promptTokens: 7, completionTokens: 3 },
      });
      expect(server.requests[0]?.body).toMatchObject({ model: "tiny", options: { temperature: 0.5 } });
    } finally {
      server.stop();
    }
  });
});

describe("command:PROGRAM", () => {
  test("gets JSON on standard input and answers on standard output", async () => {
    const answer = await ask("command:cat", { environment: { PATH: process.env.PATH } });
    expect(JSON.parse(answer.text)).toEqual({
      messages: MESSAGES,
      temperature: 0.5,
      max_output_tokens: 1000,
      reasoning_effort: null,
    });
  });

  test("gets the environment without any key", async () => {
    const environment = {
      PATH: process.env.PATH,
      HOME: "/home/me",
      OPENAI_API_KEY: "sk-test-1234567890",
      GREETING: "sk-other-1234567890",
    };
    const { text } = await ask("command:env", { environment, apiKey: "sk-other-1234567890" });
    expect(text).toContain("HOME=/home/me");
    expect(text).not.toContain("sk-");
  });

  const failures: readonly [string, string, RegExp][] = [
    ["an exit code", "command:echo oops >&2; exit 3", /it ended with exit code 3: oops$/],
    ["a signal", "command:kill -9 $$", /it was ended by SIGKILL$/],
    ["a program that is not there", "command:./no-such-program", /exit code 127/],
    ["output without end", "command:yes", /it wrote more than 16 MiB$/],
  ];
  for (const [name, command, message] of failures) {
    test(`reports ${name}`, async () => {
      const asked = ask(command, { environment: { PATH: process.env.PATH } });
      await expect(asked).rejects.toMatchObject({ code: "model", message: expect.stringMatching(message) });
    });
  }

  test("ends with everything that it started, when it is stopped and when it is done", async () => {
    const mark = join(folder, "alive");
    const spawn = `(sleep 1; touch ${mark}) &`;
    const environment = { PATH: process.env.PATH };
    expect((await ask(`command:${spawn} echo done`, { environment })).text).toBe("done\n");
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const stopped = ask(`command:${spawn} sleep 5`, { environment }, controller.signal);
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
    await Bun.sleep(1200);
    expect(await Bun.file(mark).exists()).toBe(false);
  });

  test("takes a large prompt that the program does not read", async () => {
    const options = {
      ...modelOptions(null, { name: "command:echo ok", environment: { PATH: process.env.PATH } }),
      clock: systemClock,
    };
    const model = await createModel(options);
    const answer = await model.complete([{ role: "user", content: "x".repeat(5_000_000) }], SIGNAL);
    expect(answer.text).toBe("ok\n");
  });

  test("scripts/examples/my-model.sh works", async () => {
    const environment = { PATH: process.env.PATH, HOME: process.env.HOME, MODEL_CLI: "tail -n 2" };
    expect((await ask(`command:'${join(EXAMPLES, "my-model.sh")}'`, { environment })).text.trim()).toBe(
      "print(sum(range(10)))",
    );
  });
});

test("a whole reply of the API is no answer of an own client", async () => {
  const path = write(
    "api.ts",
    `export default () => ({ complete: () => (${JSON.stringify(completion({ content: "x" }))}) });`,
  );
  await expect(ask(path)).rejects.toMatchObject({ code: "model" });
});
