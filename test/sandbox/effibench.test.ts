import { afterEach, describe, expect, test } from "bun:test";
import { PerfagentError } from "../../src/errors.ts";
import { createServiceSandbox, type ServiceSandboxOptions } from "../../src/sandbox/effibench.ts";
import type { Job, Language, Limits, Logger, Sandbox, SuccessfulBuild } from "../../src/types.ts";
import {
  type OfficialService,
  type OfficialServiceOptions,
  startOfficialService,
} from "../support/official-service.ts";

const LIMITS: Limits = { wallMs: 2_000, memoryBytes: 64 * 2 ** 20, outputBytes: 1_000_000 };
const NEVER = new AbortController().signal;

/** The client's times, shortened: what is tested is the order of things. */
const QUICK = {
  freshMs: 50,
  recheckMs: 300,
  reconnectMs: 3_000,
  reconnectEveryMs: 50,
  retryDelaysMs: [10, 20],
  firstPollMs: 10,
  longestPollMs: 50,
};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function official(options: OfficialServiceOptions = {}): OfficialService {
  const service = startOfficialService(options);
  closers.push(() => service.stop());
  return service;
}

async function client(
  services: readonly (OfficialService | string)[],
  options: Partial<ServiceSandboxOptions> = {},
): Promise<Sandbox & { readonly log: string[] }> {
  const log: string[] = [];
  const write = (message: string): void => void log.push(message);
  const logger: Logger = { debug: write, info: write, warn: write, error: write };
  const urls = services.map((service) => (typeof service === "string" ? service : service.url));
  const { timing, ...rest } = options;
  const sandbox = await createServiceSandbox({ urls, logger, timing: { ...QUICK, ...timing }, ...rest });
  closers.push(() => sandbox.close());
  return Object.assign(sandbox, { log });
}

function built(code: string, language: Language = "python3"): SuccessfulBuild {
  return { status: "ok", key: code, message: "", language };
}

function jobs(count: number, code = "print(input())", language: Language = "python3"): Job[] {
  return Array.from({ length: count }, (_, n) => ({
    build: built(code, language),
    stdin: `${n}\n`,
    limits: LIMITS,
  }));
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const outputs = (results: readonly { readonly stdout: Uint8Array }[]): string[] =>
  results.map(({ stdout }) => textOf(stdout).trim());

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

async function failureOf(promise: Promise<unknown>): Promise<PerfagentError> {
  const error = await promise.then(
    () => null,
    (reason) => reason,
  );
  if (!(error instanceof PerfagentError)) throw new Error(`a PerfagentError was expected, not ${error}`);
  return error;
}

describe("createServiceSandbox() results", () => {
  test("gives each job its own result, in the order of the jobs", async () => {
    const service = official();
    const sandbox = await client([service]);
    const results = await sandbox.run(jobs(60), { purpose: "check" }, NEVER);
    expect(outputs(results)).toEqual(numbers(60));
    expect(results.every(({ status, exitCode }) => status === "exited" && exitCode === 0)).toBe(true);
    expect(service.accepted.length).toBe(60);
  });

  test("converts nanoseconds, KiB and MB·s", async () => {
    const service = official({ behave: () => ({ runtime: 1_500_000, memory: 2_048, integral: 0.5 }) });
    const sandbox = await client([service]);
    const [result] = await sandbox.run(jobs(1), { purpose: "time" }, NEVER);
    expect(result?.wallNs).toBe(1_500_000);
    expect(result?.peakBytes).toBe(2_048 * 1024);
    expect(result?.integralByteS).toBe(0.5 * 1000 * 1024);
    expect(result?.cpuUs).toBeNull();
  });

  test("reports zero metrics of a passed program as not measured", async () => {
    const service = official({ behave: () => ({ text: "x", runtime: 0, memory: 0, integral: 0 }) });
    const sandbox = await client([service]);
    const [result] = await sandbox.run(jobs(1), { purpose: "time" }, NEVER);
    expect(result).toMatchObject({ status: "exited", wallNs: null, peakBytes: null, integralByteS: null });
  });

  test.each([
    [{ status: "timeout", exit_code: 124, text: "Time limit exceeded (2 s)\n" }, "timeout"],
    [{ status: "oom", exit_code: 137, text: "Memory limit exceeded (64 MB)\n" }, "memory_limit"],
    [{ status: "error", exit_code: 3, text: "boom" }, "runtime_error"],
    [{ status: "error", exit_code: 1, text: "Execution error: docker is gone" }, "sandbox_error"],
    [{ status: "done", exit_code: 0, text: "x".repeat(1_000_001) }, "output_limit"],
    [{ status: "done", exit_code: 0, runtime: 2_000_000_001 }, "timeout"],
    [{ status: "done", exit_code: 0, memory: 64 * 1024 + 1 }, "memory_limit"],
  ] as const)("maps %j", async (outcome, status) => {
    const sandbox = await client([official({ behave: () => outcome })]);
    const [result] = await sandbox.run(jobs(1), { purpose: "check" }, NEVER);
    expect(result?.status).toBe(status);
    if (outcome.status !== "done") expect(result?.wallNs).toBeNull();
    if (status === "runtime_error") expect(textOf(result?.stderr ?? new Uint8Array())).toBe("boom");
  });

  test("takes out what the service's terminal puts into the output", async () => {
    const sandbox = await client([official({ behave: () => ({ text: "\u001b[1ma\u001b[0m\r\nb\r\r\n" }) })]);
    expect(outputs(await sandbox.run(jobs(1), { purpose: "check" }, NEVER))).toEqual(["a\nb"]);
  });

  test("sends the protocol's units and the sandbox's language names", async () => {
    const service = official();
    const sandbox = await client([service]);
    const limits: Limits = { wallMs: 1_200, memoryBytes: 64.5 * 2 ** 20, outputBytes: 1000 };
    const job: Job = { build: built("package main", "golang"), stdin: "", limits };
    await sandbox.run([job], { purpose: "check" }, NEVER);
    expect(service.accepted[0]).toMatchObject({
      code: "package main",
      language: "go",
      stdin: "",
      time_limit: 2,
      memory_limit: 65,
    });
  });

  test("fails all tests of a program with the compiler's words when one of them does not compile", async () => {
    // As the official service does: later inputs run whatever it built before.
    const words = "code.cpp:1:1: error: 'x' does not name a type";
    const behave = (_request: unknown, id: number) =>
      id === 0 ? { status: "error", exit_code: 1, text: words } : { text: "from an older program" };
    const sandbox = await client([official({ behave, workers: 1 })]);
    const results = await sandbox.run(jobs(5, "x", "cpp"), { purpose: "time" }, NEVER);
    expect(results.map(({ status }) => status)).toEqual(Array(5).fill("runtime_error"));
    expect(textOf(results[4]?.stderr ?? new Uint8Array())).toBe(words);
    expect(await sandbox.build({ language: "cpp", code: "x" }, NEVER)).toMatchObject({
      status: "failed",
      message: words,
    });
  });

  test("says that input which is not text cannot be sent", async () => {
    const sandbox = await client([official()]);
    const job: Job = { build: built("x"), stdin: new Uint8Array([0xff]), limits: LIMITS };
    const [result] = await sandbox.run([job], { purpose: "check" }, NEVER);
    expect(result).toMatchObject({ status: "sandbox_error", message: "the input is not UTF-8 text" });
  });
});

describe("createServiceSandbox() batches", () => {
  test("gathers single jobs of one turn into few batches", async () => {
    const service = official();
    const sandbox = await client([service]);
    const results = await Promise.all(jobs(40).map((job) => sandbox.run([job], { purpose: "check" }, NEVER)));
    expect(outputs(results.flat())).toEqual(numbers(40));
    expect(service.batches).toEqual([10, 10, 10, 10]);
  });

  test("sends timed jobs as one batch in order", async () => {
    const service = official();
    const sandbox = await client([service, official()]);
    await sandbox.run(jobs(50), { purpose: "time" }, NEVER);
    const batches = service.batches.length === 0 ? [] : service.batches;
    expect(batches.length === 0 || batches.every((size) => size === 50)).toBe(true);
  });

  test("spreads checks over the services and prefers the one with the shorter queue", async () => {
    const [a, b] = [official(), official()];
    const sandbox = await client([a, b]);
    await sandbox.run(jobs(80), { purpose: "check" }, NEVER);
    expect(a.accepted.length).toBe(40);
    expect(b.accepted.length).toBe(40);
    a.setQueueSize(100);
    await Bun.sleep(QUICK.freshMs);
    await sandbox.run(jobs(80), { purpose: "check" }, NEVER);
    expect(a.accepted.length).toBe(40);
  });
});

describe("createServiceSandbox() bad days", () => {
  test("survives calls that answer 500", async () => {
    const service = official({ behave: ({ stdin }) => ({ text: stdin ?? "", takesMs: 5 }) });
    const sandbox = await client([service]);
    service.fail("/submit_batch", 2);
    service.fail("/submissions", 2);
    const results = await sandbox.run(jobs(30), { purpose: "check" }, NEVER);
    expect(outputs(results)).toEqual(numbers(30));
  });

  test("gets everything from a service that is slow to answer", async () => {
    const service = official();
    const sandbox = await client([service]);
    service.slowDown(120);
    expect(outputs(await sandbox.run(jobs(12), { purpose: "check" }, NEVER))).toEqual(numbers(12));
    expect(service.accepted.length).toBe(12);
  });

  test("submits again what the service forgot, and only that", async () => {
    const service = official({ behave: ({ stdin }) => ({ text: stdin ?? "", takesMs: 20 }), workers: 1 });
    const sandbox = await client([service]);
    const running = sandbox.run(jobs(20), { purpose: "check" }, NEVER);
    // In the middle of the second batch of five.
    while (service.reported.size < 7) await Bun.sleep(1);
    const before = [...service.reported];
    service.forget();
    expect(outputs(await running)).toEqual(numbers(20));
    const inputs = service.accepted.map(({ stdin }) => stdin ?? "");
    for (const input of before) expect(inputs.filter((other) => other === input)).toEqual([input]);
    expect(inputs.length).toBeGreaterThan(20);
  });

  test("submits again what somebody else cancelled", async () => {
    const service = official({ behave: ({ stdin }) => ({ text: stdin ?? "", takesMs: 30 }), workers: 1 });
    const sandbox = await client([service]);
    const running = sandbox.run(jobs(4), { purpose: "check" }, NEVER);
    await Bun.sleep(20);
    await fetch(`${service.url}/cancel/3`, { method: "POST" });
    expect(outputs(await running)).toEqual(numbers(4));
    expect(service.accepted.length).toBe(5);
  });

  test("measures a timed list again as a whole when a part of it is lost", async () => {
    const service = official({ behave: ({ stdin }) => ({ text: stdin ?? "", takesMs: 10 }), workers: 1 });
    const sandbox = await client([service]);
    const running = sandbox.run(jobs(10), { purpose: "time" }, NEVER);
    await Bun.sleep(45);
    service.forget([8]);
    expect(outputs(await running)).toEqual(numbers(10));
    expect(service.batches).toEqual([10, 10]);
    // What was left of the first list is of no use any more.
    expect(service.cancelled).toContain(9);
  });

  test("survives a restart in the middle of a suite", async () => {
    const service = official({ behave: ({ stdin }) => ({ text: stdin ?? "", takesMs: 10 }), workers: 2 });
    const sandbox = await client([service]);
    const running = sandbox.run(jobs(60), { purpose: "check" }, NEVER);
    await Bun.sleep(80);
    await service.stop();
    await Bun.sleep(150);
    service.start();
    expect(outputs(await running)).toEqual(numbers(60));
  });

  test("never takes another client's submission for its own after a restart", async () => {
    const service = official({ behave: ({ stdin }) => ({ text: stdin ?? "", takesMs: 5 }), workers: 1 });
    const sandbox = await client([service], { timing: { firstPollMs: 200, longestPollMs: 200 } });
    const running = sandbox.run(jobs(20), { purpose: "check" }, NEVER);
    await Bun.sleep(60);
    await service.stop();
    service.start();
    // Ids begin at 0 again, and this one is first.
    const body = JSON.stringify({
      requests: Array.from({ length: 12 }, () => ({ code: "x", language: "python", stdin: "stranger" })),
    });
    await fetch(`${service.url}/submit_batch`, { method: "POST", body });
    expect(outputs(await running)).toEqual(numbers(20));
  });

  test("loses nothing when a restarted service gives its ids to the next call", async () => {
    const service = official({ behave: ({ stdin }) => ({ text: stdin ?? "", takesMs: 50 }) });
    const sandbox = await client([service], { timing: { firstPollMs: 300, longestPollMs: 300 } });
    const first = sandbox.run(jobs(4), { purpose: "check" }, NEVER);
    await Bun.sleep(50);
    await service.stop();
    service.start();
    const second = sandbox.run(jobs(4), { purpose: "check" }, NEVER);
    expect(outputs(await first)).toEqual(numbers(4));
    expect(outputs(await second)).toEqual(numbers(4));
  });

  test("fails over to another service without losing or doubling a result", async () => {
    const slow = { behave: ({ stdin }: { stdin: string | null }) => ({ text: stdin ?? "", takesMs: 10 }) };
    const [a, b] = [official(slow), official(slow)];
    const sandbox = await client([a, b]);
    const running = sandbox.run(jobs(100), { purpose: "check" }, NEVER);
    await Bun.sleep(60);
    await a.stop();
    expect(outputs(await running)).toEqual(numbers(100));
    expect(sandbox.log.join("\n")).toContain(`${a.url} is left out: it refuses connections`);
  });

  test("uses a service again once it is back", async () => {
    const [a, b] = [official(), official()];
    const sandbox = await client([a, b]);
    await a.stop();
    await Bun.sleep(QUICK.freshMs);
    await sandbox.run(jobs(8), { purpose: "check" }, NEVER);
    a.start();
    await Bun.sleep(QUICK.recheckMs);
    // The first call after that looks at the dead service, the next one uses it.
    await sandbox.run(jobs(8), { purpose: "check" }, NEVER);
    await Bun.sleep(QUICK.freshMs);
    await sandbox.run(jobs(80), { purpose: "check" }, NEVER);
    expect(a.accepted.length).toBeGreaterThan(30);
  });

  test("waits for a full queue instead of giving up", async () => {
    const service = official();
    const sandbox = await client([service]);
    service.fail("/submit_batch", 12, 429);
    expect(outputs(await sandbox.run(jobs(2), { purpose: "time" }, NEVER))).toEqual(numbers(2));
    expect(sandbox.log.join("\n")).not.toContain("left out");
  });

  test("ends at the deadline and cancels what is left", async () => {
    const service = official({ behave: () => ({ takesMs: Number.POSITIVE_INFINITY }) });
    const sandbox = await client([service], { deadlineMs: 150 });
    const error = await failureOf(sandbox.run(jobs(4), { purpose: "check" }, NEVER));
    expect(error.code).toBe("backend");
    expect(error.message).toContain("4 of 4 programs had no result");
    expect([...service.cancelled].sort()).toEqual([0, 1, 2, 3]);
  });

  test("gives up a program that runs far beyond its limit, and says so", async () => {
    const service = official({ behave: () => ({ takesMs: Number.POSITIVE_INFINITY }), workers: 20 });
    const limits: Limits = { ...LIMITS, wallMs: 10 };
    const sandbox = await client([service], { timing: { stuckMs: 50 } });
    const job: Job = { build: built("x"), stdin: "", limits };
    const error = await failureOf(sandbox.run([job], { purpose: "check" }, NEVER));
    expect(error.message).toContain("showed no progress");
  });

  test("gives up a queue that does not move", async () => {
    const service = official({ workers: 0 });
    service.setQueueSize(7);
    const sandbox = await client([service], { timing: { queueMs: 60 } });
    const error = await failureOf(sandbox.run(jobs(1), { purpose: "check" }, NEVER));
    expect(error.message).toContain("did not begin");
  });

  test("cancels everything when it is interrupted, and gives cancelled results", async () => {
    const service = official({ behave: () => ({ takesMs: Number.POSITIVE_INFINITY }), workers: 2 });
    const sandbox = await client([service]);
    const controller = new AbortController();
    const running = sandbox.run(jobs(12), { purpose: "check" }, controller.signal);
    await Bun.sleep(60);
    controller.abort();
    const results = await running;
    expect(results.every(({ status }) => status === "cancelled")).toBe(true);
    expect(new Set(service.cancelled).size).toBe(12);
  });

  test("cancels a batch whose ids come back after the interrupt", async () => {
    const service = official({ behave: () => ({ takesMs: Number.POSITIVE_INFINITY }) });
    const sandbox = await client([service]);
    service.slowDown(100);
    const controller = new AbortController();
    const running = sandbox.run(jobs(3), { purpose: "time" }, controller.signal);
    setTimeout(() => controller.abort(), 150);
    await running;
    expect(new Set(service.cancelled)).toEqual(new Set([0, 1, 2]));
  });
});

describe("createServiceSandbox() addresses", () => {
  test("names every dead service and what it said", async () => {
    const broken = official();
    broken.fail("/health", 99, 503);
    const gone = official();
    await gone.stop();
    const error = await failureOf(client([broken, gone]));
    expect(error.exitCode).toBe(4);
    expect(error.message).toBe(
      `Cannot use any sandbox service: ${broken.url} answered 503: a bad day; ${gone.url} refuses connections: nothing listens there`,
    );
  });

  test("leaves a dead service out and says so", async () => {
    const gone = official();
    await gone.stop();
    const sandbox = await client([gone, official()]);
    expect(outputs(await sandbox.run(jobs(3), { purpose: "check" }, NEVER))).toEqual(numbers(3));
    expect(sandbox.log.join("\n")).toContain(`${gone.url} is left out`);
  });

  test("says what a program was refused for", async () => {
    const service = official();
    const sandbox = await client([service]);
    service.fail("/submit_batch", 1, 400);
    const error = await failureOf(sandbox.run(jobs(1), { purpose: "check" }, NEVER));
    expect(error.message).toBe(`The sandbox service ${service.url} answered 400: a bad day`);
  });

  test.each(["localhost:8000", "ftp://a", "", "http://", "http://a:8000/?x=1"])(
    "refuses %p as a usage error",
    async (url) => {
      expect((await failureOf(client([url]))).code).toBe("usage");
    },
  );

  test("sends credentials and never shows them", async () => {
    const service = official();
    const url = service.url.replace("http://", "http://me:geheim@");
    const sandbox = await client([`${url}/`]);
    await sandbox.run(jobs(1), { purpose: "check" }, NEVER);
    expect(service.lastHeaders()?.get("authorization")).toBe(`Basic ${btoa("me:geheim")}`);
    await service.stop();
    const error = await failureOf(client([url]));
    expect(error.message).not.toContain("geheim");
    expect((await failureOf(client(["ftp://me:geheim@a"]))).message).not.toContain("geheim");
  });

  test("sends a token as a bearer token", async () => {
    const service = official();
    const sandbox = await client([service], { token: "t0ken" });
    await sandbox.run(jobs(1), { purpose: "check" }, NEVER);
    expect(service.lastHeaders()?.get("authorization")).toBe("Bearer t0ken");
  });

  test("reaches a service on this machine although a proxy is set", async () => {
    const before = process.env.HTTP_PROXY;
    process.env.HTTP_PROXY = "http://127.0.0.1:9";
    closers.push(async () => {
      if (before === undefined) delete process.env.HTTP_PROXY;
      else process.env.HTTP_PROXY = before;
    });
    const sandbox = await client([official()]);
    expect(outputs(await sandbox.run(jobs(2), { purpose: "check" }, NEVER))).toEqual(numbers(2));
  });
});
