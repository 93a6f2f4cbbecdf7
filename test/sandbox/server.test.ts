import { afterEach, describe, expect, test } from "bun:test";
import { createServiceSandbox } from "../../src/sandbox/effibench.ts";
import { createFakeSandbox, FAKE_DIRECTIVE, type FakeBehaviour } from "../../src/sandbox/fake.ts";
import { type SandboxServerOptions, startSandboxServer } from "../../src/sandbox/server.ts";
import type { Sandbox } from "../../src/types.ts";
import { MISSING_FOR_LOCAL, SILENT, startLocalSandbox } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";
import { ProtocolError, protocolClient } from "../support/protocol-client.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function serve(options: Partial<SandboxServerOptions> = {}) {
  const sandbox: Sandbox = options.sandbox ?? createFakeSandbox();
  const server = startSandboxServer({
    sandbox,
    host: "127.0.0.1",
    port: 0,
    token: null,
    workers: 1,
    languages: ["python3", "cpp", "golang"],
    limits: { wallMs: 20_000, memoryBytes: 2 ** 29, outputBytes: 2 ** 20 },
    logger: SILENT,
    ...options,
  });
  closers.push(async () => {
    await server.stop(0);
    await sandbox.close();
  });
  return { server, client: protocolClient(server.url) };
}

const fake = (behaviour: FakeBehaviour): string => `# ${FAKE_DIRECTIVE} ${JSON.stringify(behaviour)}\n`;
const python = (behaviour: FakeBehaviour) => ({ code: fake(behaviour), language: "python" });
const ECHO = python({ echo: true });
const HANG = python({ hang: true });

async function refusalOf(promise: Promise<unknown>): Promise<ProtocolError> {
  const error = await promise.then(
    () => null,
    (reason) => reason,
  );
  if (!(error instanceof ProtocolError)) throw new Error(`a refusal was expected, not ${error}`);
  return error;
}

describe("startSandboxServer() the protocol's calls", () => {
  test("GET /health tells the queue size, and nothing else", async () => {
    const { client } = serve();
    expect(await client.health()).toEqual({ status: "ok", queue_size: 0 });
    await client.submit(HANG);
    await client.submitBatch([ECHO, ECHO]);
    expect(await client.health()).toEqual({ status: "ok", queue_size: 2 });
  });

  test("POST /submit and GET /submission/{id} give a result in the protocol's units", async () => {
    const { client } = serve();
    const id = await client.submit({
      ...python({ stdout: "8\n", stderr: "noise", wallMs: 3, peakMb: 2.048 }),
      libraries: ["numpy"],
      stdin: "3 5",
      time_limit: 10,
      memory_limit: 1024,
    });
    await client.ended([id]);
    expect(await client.result(id)).toEqual({
      submission_id: id,
      status: "done",
      text: "8\n",
      exit_code: 0,
      runtime: 3_000_000,
      memory: 2_000,
      // 2.048 MB over 3 ms are 2000 KiB / 1000 × 0.003 s.
      integral: 0.006,
    });
  });

  test("a submission that has not ended has a status and nothing else", async () => {
    const { client } = serve();
    const [first = -1, second = -1] = [await client.submit(HANG), await client.submit(ECHO)];
    const nothing = { text: null, exit_code: null, runtime: null, memory: null, integral: null };
    expect(await client.results([first, second])).toEqual([
      { submission_id: first, status: "processing", ...nothing },
      { submission_id: second, status: "waiting", ...nothing },
    ]);
  });

  test("POST /submit_batch runs in order on one worker", async () => {
    const order: string[] = [];
    const sandbox = createFakeSandbox({
      behave(_source, stdin) {
        if (stdin !== null) order.push(stdin);
        return { echo: true };
      },
    });
    const { client } = serve({ sandbox, workers: 4 });
    const inputs = Array.from({ length: 20 }, (_, n) => `${n}`);
    const ids = await client.submitBatch(inputs.map((stdin) => ({ ...ECHO, stdin })));
    const results = await client.ended(ids);
    expect(order).toEqual(inputs);
    expect(results.map(({ text }) => text)).toEqual(inputs);
  });

  test("POST /submissions leaves unknown ids out", async () => {
    const { client } = serve();
    const id = await client.submit(ECHO);
    expect((await client.results([1, id, 2])).map((result) => result.submission_id)).toEqual([id]);
    expect(await client.results([])).toEqual([]);
  });

  test.each([
    [null, "\n"],
    ["", "\n"],
    ["x\n", "x\n"],
  ])("stdin %p is read as %p", async (stdin, text) => {
    const { client } = serve();
    const [result] = await client.ended([await client.submit({ ...ECHO, stdin })]);
    expect(result?.text).toBe(text);
  });

  test.each([
    ["a program that fails", { exitCode: 3, stdout: "out", stderr: "err" }, "error", 3, "out\nerr"],
    ["exit 137 by itself", { exitCode: 137 }, "error", 137, ""],
    ["a signal", { signal: "SIGSEGV" }, "error", 139, ""],
    ["a long run", { wallMs: 30_000 }, "timeout", 124, "Time limit exceeded (2 s)\n"],
    ["much memory", { peakMb: 300 }, "oom", 137, "Memory limit exceeded (64 MB)\n"],
    ["a compile error", { buildError: "code.py:1: no" }, "error", 1, "code.py:1: no"],
  ] as const)("%s becomes a status, with zeros for numbers", async (_name, behaviour, status, code, text) => {
    const { client } = serve();
    const id = await client.submit({ ...python(behaviour), time_limit: 2, memory_limit: 64 });
    const [result] = await client.ended([id]);
    expect(result).toMatchObject({ status, exit_code: code, text, runtime: 0, memory: 0, integral: 0 });
  });

  test.each([
    ["no code", { code: " \n", language: "python" }, 400, "No code provided."],
    ["a language unknown to all", { code: "x", language: "cobol" }, 400, "allowed: python, cpp, go."],
    ["a language not served here", { code: "x", language: "java" }, 400, "'java' is not allowed"],
    ["no language", { code: "x", language: "" }, 400, "is not allowed"],
    ["code that is no text", { code: 7, language: "python" }, 422, "code: "],
  ])("refuses %s", async (_name, request, status, words) => {
    const { client } = serve();
    const refusal = await refusalOf(client.submit(request as typeof ECHO));
    expect(refusal.status).toBe(status);
    expect(refusal.message).toContain(words);
    // One bad request spoils a batch, before anything of it is taken.
    const batch = await refusalOf(client.submitBatch([ECHO, request as typeof ECHO]));
    expect(batch.status).toBe(status);
    expect((await client.health()).queue_size).toBe(0);
  });

  test("refuses an empty batch, a body that is not JSON, an unknown page and a wrong method", async () => {
    const { client, server } = serve();
    expect((await refusalOf(client.submitBatch([]))).status).toBe(400);
    const post = { method: "POST", body: "{" };
    expect((await fetch(`${server.url}/submit`, post)).status).toBe(422);
    expect((await fetch(`${server.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${server.url}/submit`)).status).toBe(405);
    expect((await fetch(`${server.url}/submission/abc`)).status).toBe(404);
  });

  test("an unknown id is not found", async () => {
    const { client } = serve();
    for (const call of [client.result(5), client.cancel(5)]) {
      const refusal = await refusalOf(call);
      expect([refusal.status, refusal.message]).toEqual([404, "Submission not found."]);
    }
  });
});

describe("startSandboxServer() cancel", () => {
  test("takes a waiting one out of the queue", async () => {
    const { client } = serve();
    const [first = -1, second = -1] = [await client.submit(HANG), await client.submit(ECHO)];
    expect(await client.cancel(second)).toEqual({ submission_id: second, status: "cancelled" });
    expect((await client.result(second)).status).toBe("cancelled");
    expect((await client.health()).queue_size).toBe(0);
    await client.cancel(first);
    expect((await client.result(second)).status).toBe("cancelled");
  });

  test("kills a running one, which stays cancelled, and goes on with the next", async () => {
    const { client } = serve();
    const ids = await client.submitBatch([HANG, ECHO]);
    await client.cancel(ids[0] ?? -1);
    const results = await client.ended(ids);
    expect(results.map(({ status }) => status)).toEqual(["cancelled", "done"]);
    expect(results[0]).toMatchObject({ text: "", exit_code: 1, runtime: 0 });
  });

  test("holds although the program ends by itself meanwhile, and counts once", async () => {
    const inner = createFakeSandbox();
    const stubborn: Sandbox = {
      ...inner,
      async run(jobs, options) {
        await Bun.sleep(100);
        return inner.run(jobs, options, new AbortController().signal);
      },
    };
    const { client, server } = serve({ sandbox: stubborn });
    const id = await client.submit(ECHO);
    await client.cancel(id);
    await client.ended([await client.submit(ECHO)]);
    expect((await client.result(id)).status).toBe("cancelled");
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('perfagent_submissions_total{language="python3",status="cancelled"} 1\n');
    expect(metrics).toContain('perfagent_submissions_total{language="python3",status="done"} 1\n');
    expect(metrics).toContain("perfagent_processing 0\n");
  });

  test("of a finished one is answered the same, and changes nothing", async () => {
    const { client } = serve();
    const id = await client.submit({ ...ECHO, stdin: "x" });
    await client.ended([id]);
    expect(await client.cancel(id)).toEqual({ submission_id: id, status: "cancelled" });
    expect(await client.result(id)).toMatchObject({ status: "done", text: "x" });
  });
});

describe("startSandboxServer() bounds", () => {
  test("caps the limits of a request, and takes none as the cap", async () => {
    const limits: object[] = [];
    const inner = createFakeSandbox();
    const sandbox: Sandbox = {
      ...inner,
      run(jobs, options, signal) {
        limits.push(...jobs.map((job) => job.limits));
        return inner.run(jobs, options, signal);
      },
    };
    const { client } = serve({ sandbox });
    const ids = [
      await client.submit({ ...ECHO, time_limit: 1000, memory_limit: 1e9 }),
      await client.submit({ ...ECHO, time_limit: 0, memory_limit: -1 }),
      await client.submit({ ...ECHO, time_limit: 1.5, memory_limit: 64 }),
    ];
    await client.ended(ids);
    const cap = { wallMs: 20_000, memoryBytes: 2 ** 29, outputBytes: 2 ** 20 };
    expect(limits).toEqual([cap, cap, { ...cap, wallMs: 1_500, memoryBytes: 2 ** 26 }]);
  });

  test("refuses more than the queue holds with 429, and takes work again afterwards", async () => {
    const { client } = serve({ queueLimit: 3 });
    const running = await client.submit(HANG);
    const waiting = await client.submitBatch([ECHO, ECHO, ECHO]);
    const refusal = await refusalOf(client.submit(ECHO));
    expect(refusal.status).toBe(429);
    expect(refusal.headers.get("retry-after")).toBe("1");
    expect((await refusalOf(client.submitBatch([ECHO, ECHO, ECHO, ECHO]))).status).toBe(413);
    await client.cancel(running);
    await client.ended(waiting);
    expect((await client.ended([await client.submit(ECHO)]))[0]?.status).toBe("done");
  });

  test("refuses a body that is too large with 413, before it is read", async () => {
    const { server, client } = serve();
    const huge = await new Promise<string>((resolve, reject) => {
      let seen = "";
      Bun.connect({
        hostname: "127.0.0.1",
        port: server.port,
        socket: {
          open(socket) {
            socket.write("POST /submit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n");
          },
          data(socket, data) {
            seen += data.toString();
            socket.end();
            resolve(seen);
          },
          error: (_socket, error) => reject(error),
          close: () => resolve(seen),
        },
      });
    });
    expect(huge).toStartWith("HTTP/1.1 413");
    expect((await client.health()).status).toBe("ok");
  });

  test("gives ids that no other life of the service has given", async () => {
    const first = await serve().client.submit(ECHO);
    await Bun.sleep(2);
    const second = await serve().client.submit(ECHO);
    expect(second).toBeGreaterThan(first);
    expect(Number.isSafeInteger(second)).toBe(true);
  });
});

describe("startSandboxServer() access", () => {
  test("serves others than this machine only with a token", () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.com"]) {
      expect(() => serve({ host })).toThrow("without --token");
    }
  });

  test("wants the token on every page", async () => {
    const { server } = serve({ token: "s3cret" });
    const status = async (path: string, authorization: string): Promise<number> =>
      (await fetch(`${server.url}${path}`, { headers: { authorization } })).status;
    for (const path of ["/health", "/metrics", "/perfagent", "/submission/1"]) {
      expect(await status(path, "")).toBe(401);
      expect(await status(path, "Bearer s3cre")).toBe(401);
      expect(await status(path, "s3cret")).toBe(401);
      expect(await status(path, "Bearer s3cret")).not.toBe(401);
    }
    expect((await fetch(`${server.url}/submit`, { method: "POST", body: "{}" })).status).toBe(401);
  });

  test("takes the token from the address of a client that knows nothing else", async () => {
    const { server } = serve({ token: "s3cret" });
    // What Python's requests sends for http://:s3cret@host.
    const client = protocolClient(server.url, { authorization: `Basic ${btoa(":s3cret")}` });
    expect((await client.ended([await client.submit(ECHO)]))[0]?.status).toBe("done");
  });

  test("does not serve web pages, nor foreign names of this machine", async () => {
    const { server } = serve();
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`${server.url}/health`, { headers })).status;
    expect(await status({ origin: "http://evil.example" })).toBe(403);
    expect(await status({ origin: "null" })).toBe(403);
    expect(await status({ host: "evil.example" })).toBe(403);
    expect(await status({ host: `localhost:${server.port}` })).toBe(200);
  });
});

describe("startSandboxServer() life", () => {
  test("stops gracefully: takes nothing more, cancels what waits, lets what runs end", async () => {
    const slow = createFakeSandbox();
    const sandbox: Sandbox = {
      ...slow,
      async run(jobs, options, signal) {
        await Bun.sleep(200);
        return slow.run(jobs, options, signal);
      },
    };
    const { server, client } = serve({ sandbox });
    const ids = await client.submitBatch([{ ...ECHO, stdin: "x" }, ECHO]);
    const stopped = server.stop(5_000);
    expect((await refusalOf(client.submit(ECHO))).status).toBe(503);
    expect((await refusalOf(client.health())).status).toBe(503);
    expect((await client.results(ids)).map(({ status }) => status)).toEqual(["processing", "cancelled"]);
    await stopped;
    expect(fetch(`${server.url}/health`)).rejects.toThrow();
  });

  test("kills what does not end in time", async () => {
    const { server, client } = serve();
    await client.submit(HANG);
    const startedAt = performance.now();
    await server.stop(50);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test("says what it can not listen on", () => {
    const { server } = serve();
    expect(() => serve({ port: server.port })).toThrow(`Cannot serve on 127.0.0.1:${server.port}`);
  });

  test("GET /metrics is Prometheus text", async () => {
    const { server, client } = serve();
    await client.ended([await client.submit(ECHO), await client.submit(python({ exitCode: 1 }))]);
    const response = await fetch(`${server.url}/metrics`);
    expect(response.headers.get("content-type")).toStartWith("text/plain; version=0.0.4");
    const text = await response.text();
    for (const line of text.trimEnd().split("\n")) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [\d.e+-]+)$/,
      );
    }
    expect(text).toContain('perfagent_submissions_total{language="python3",status="done"} 1\n');
    expect(text).toContain('perfagent_submissions_total{language="python3",status="error"} 1\n');
    expect(text).toContain("perfagent_queue_size 0\n");
    expect(text).toContain('perfagent_info{version="');
  });

  test("a failure of the sandbox is no failure of the program", async () => {
    const inner = createFakeSandbox();
    const sandbox: Sandbox = { ...inner, build: () => Promise.reject(new Error("no compiler")) };
    const { client } = serve({ sandbox });
    const [result] = await client.ended([await client.submit(ECHO)]);
    expect(result).toMatchObject({ status: "error", exit_code: 1, text: "Execution error: no compiler" });
  });
});

describe("startSandboxServer() with perfagent's own client", () => {
  test("measures a timed list in one call of the sandbox, so that its numbers can be compared", async () => {
    const calls: [string, number][] = [];
    const inner = createFakeSandbox();
    const sandbox: Sandbox = {
      ...inner,
      run(jobs, options, signal) {
        calls.push([options.purpose, jobs.length]);
        return inner.run(jobs, options, signal);
      },
    };
    const { server } = serve({ sandbox });
    const client = await createServiceSandbox({ urls: [server.url], logger: SILENT });
    const signal = new AbortController().signal;
    const build = await client.build({ language: "python3", code: ECHO.code }, signal);
    if (build.status !== "ok") throw new Error(build.message);
    const limits = { wallMs: 1_000, memoryBytes: 1e8, outputBytes: 1e6 };
    const jobs = Array.from({ length: 30 }, (_, n) => ({ build, stdin: `${n}`, limits }));
    await client.run(jobs, { purpose: "time" }, signal);
    expect(calls).toEqual([["time", 30]]);
    await client.run(jobs.slice(0, 3), { purpose: "check" }, signal);
    expect(calls.slice(1)).toEqual(Array(3).fill(["check", 1]));
    await client.close();
  });
});

describe("startSandboxServer() over the local sandbox", () => {
  const localTest = optionalTest(MISSING_FOR_LOCAL);

  localTest("runs a suite of an official client", async () => {
    const { client } = serve({ sandbox: await startLocalSandbox() });
    const code =
      "import sys\na, b = map(int, input().split())\nprint(a + b)\nprint('debug', file=sys.stderr)";
    const request = {
      code,
      language: "python",
      libraries: ["sortedcontainers"],
      time_limit: 10,
      memory_limit: 1024,
    };
    const inputs = Array.from({ length: 5 }, (_, n) => `${n} ${n}`);
    const ids = await client.submitBatch(inputs.map((stdin) => ({ ...request, stdin })));
    const results = await client.ended(ids, 50);
    expect(results.map(({ text }) => text?.trim())).toEqual(["0", "2", "4", "6", "8"]);
    for (const result of results) {
      expect(result).toMatchObject({ status: "done", exit_code: 0 });
      expect(result.runtime).toBeGreaterThan(1e6);
      expect(result.memory).toBeGreaterThan(1_000);
      expect(result.integral).toBeGreaterThan(0);
    }
  });
});
