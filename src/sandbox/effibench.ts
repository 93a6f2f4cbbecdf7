/**
 * The sandbox port over EffiBench-X sandbox services (HTTP). Work goes to the least loaded service in batches; what a
 * service loses, by a restart or a failure, is given to another or to it again, and only its last answer counts.
 */
import { interruptedError, messageOf, PerfagentError } from "../errors.ts";
import { LANGUAGES } from "../languages.ts";
import type {
  Build,
  ExecResult,
  Job,
  Logger,
  ProgramSource,
  RunOptions,
  Sandbox,
  SandboxInfo,
} from "../types.ts";
import { type Backend, createBackends } from "./effibench-backends.ts";
import { createDispatch } from "./effibench-dispatch.ts";
import { call, parseEndpoint } from "./effibench-http.ts";
import { createTask, type Task } from "./effibench-task.ts";
import { batchesOf, DEFAULT_TIMING, deadlineMsOf, type ServiceTiming } from "./effibench-timing.ts";
import { emptyResult } from "./result.ts";
import { type SubmissionAnswer, ToolchainAnswerSchema } from "./wire.ts";
import {
  buildOf,
  buildRequestOf,
  compileErrorResult,
  compilerMessage,
  NotText,
  requestOf,
  resultOf,
} from "./wire-client.ts";

export interface ServiceSandboxOptions {
  /** Addresses of the services, such as "http://a:8000"; credentials in one are sent as an `Authorization` header. */
  readonly urls: readonly string[];
  /** Sent as a bearer token to services whose address holds no credentials. Default: none. */
  readonly token?: string;
  readonly logger: Logger;
  /** Until a call of `run` or `build` has all its results. Default: from the jobs' limits, plus time for the queue. */
  readonly deadlineMs?: number;
  readonly timing?: Partial<ServiceTiming>;
}

/**
 * A sandbox that runs everything on services. An official service has no builds of its own: `build` then always
 * succeeds, and a program that turns out not to compile fails all its jobs with the compiler's words.
 *
 * @throws PerfagentError `usage` when an address is no URL, `backend` when no service answers.
 */
export async function createServiceSandbox(options: ServiceSandboxOptions): Promise<Sandbox> {
  const { urls, token, logger } = options;
  const timing: ServiceTiming = { ...DEFAULT_TIMING, ...options.timing };
  if (urls.length === 0) {
    throw new PerfagentError(
      "usage",
      "Cannot use a sandbox service: no URL is given, at least one is wanted",
    );
  }
  const endpoints = urls.map((url) => parseEndpoint(url, token ?? null));
  const backends = await createBackends(endpoints, timing, logger);
  const closing = new AbortController();
  const dispatch = createDispatch({ backends, timing, logger, closing: closing.signal });
  const uncompilable = createUncompilable();
  const unsettled = new Set<Task>();
  /** Correctness jobs of this turn of the event loop, whoever asked for them: they are sent together. */
  let gathered: Task[] = [];

  function gather(tasks: readonly Task[]): void {
    if (gathered.length === 0) setImmediate(sendGathered);
    gathered.push(...tasks);
  }

  function sendGathered(): void {
    const batches = batchesOf(gathered, slotsOf(backends.alive()));
    gathered = [];
    for (const tasks of batches) dispatch.run({ tasks, whole: false });
  }

  /** The results of tasks that were sent. All are given up when one fails, time is over or nobody wants them. */
  async function settled(tasks: readonly Task[], signal: AbortSignal): Promise<ExecResult[]> {
    const limitsMs = tasks.map(({ limits }) => limits.wallMs);
    const deadlineMs = options.deadlineMs ?? deadlineMsOf(limitsMs, timing);
    const timer = setTimeout(() => giveUp(deadlineError(tasks, deadlineMs, backends.alive())), deadlineMs);
    const either = AbortSignal.any([signal, closing.signal]);
    const cancel = (): void => giveUp(emptyResult("cancelled"));
    let givenUp = false;
    function giveUp(outcome: ExecResult | PerfagentError): void {
      givenUp = true;
      for (const task of tasks) task.settle(outcome);
    }
    for (const task of tasks) unsettled.add(task);
    either.addEventListener("abort", cancel, { once: true });
    if (either.aborted) cancel();
    try {
      return await Promise.all(tasks.map((task) => task.result));
    } catch (error) {
      cancel();
      throw error;
    } finally {
      clearTimeout(timer);
      either.removeEventListener("abort", cancel);
      if (givenUp) await dispatch.stopped(tasks);
      for (const task of tasks) unsettled.delete(task);
    }
  }

  /** Asks one of perfagent's own services to build; a service that cannot is believed to do it when it runs. */
  async function buildRemotely({ language, code }: ProgramSource, signal: AbortSignal): Promise<Build> {
    let build: Build = { status: "ok", key: code, message: "", language };
    const limits = { wallMs: LONGEST_BUILD_MS, memoryBytes: 1, outputBytes: 1 };
    const task = createTask({
      limits,
      request: (extended) => (extended ? buildRequestOf(language, code) : emptyResult("exited")),
      read(answer) {
        const built = buildOf(answer, language, code);
        if (built === null) return resultOf(answer, language, limits);
        build = built;
        return emptyResult("exited");
      },
    });
    dispatch.run({ tasks: [task], whole: false });
    const [result] = await settled([task], signal);
    if (result?.status === "cancelled") throw interruptedError();
    if (result?.status === "exited") return build;
    throw new PerfagentError("backend", `Cannot build the program on a service: ${result?.message}`);
  }

  function taskOf(job: Job, purpose: RunOptions["purpose"]): Task {
    const { language, key: code } = job.build;
    return createTask({
      limits: job.limits,
      request(extended) {
        try {
          return requestOf(job, purpose, extended);
        } catch (error) {
          if (error instanceof NotText) return emptyResult("sandbox_error", error.message);
          throw error;
        }
      },
      read(answer: SubmissionAnswer) {
        const words = compilerMessage(answer, language);
        if (words !== null) uncompilable.add({ language, code }, words);
        return resultOf(answer, language, job.limits);
      },
    });
  }

  return {
    info: infoOf(backends.alive()),
    async build(source, signal) {
      const { language, code } = source;
      if (signal.aborted) throw interruptedError();
      const words = code.trim() === "" ? "The program is empty." : uncompilable.wordsOf(source);
      if (words !== null) return { status: "failed", message: words, language };
      const own = backends.alive().some((backend) => backend.info !== null);
      return own ? buildRemotely(source, signal) : { status: "ok", key: code, message: "", language };
    },
    async run(jobs, { purpose }, signal) {
      const tasks = jobs.map((job) => taskOf(job, purpose));
      if (signal.aborted || tasks.length === 0) return jobs.map(() => emptyResult("cancelled"));
      if (purpose === "time") dispatch.run({ tasks, whole: true });
      else gather(tasks);
      const results = await settled(tasks, signal);
      return results.map((result, index) => {
        const { language, key: code } = (jobs[index] as Job).build;
        const words = result.status === "cancelled" ? null : uncompilable.wordsOf({ language, code });
        return words === null ? result : compileErrorResult(words);
      });
    },
    async toolchain(language) {
      const backend = backends.alive().find((one) => one.info !== null);
      if (backend === undefined) return "unknown: the sandbox service does not say";
      const path = `/perfagent/toolchain/${LANGUAGES[language].sandboxId}`;
      try {
        const timeoutMs = timing.requestTimeoutMs;
        const answer = await call(backend.endpoint, path, ToolchainAnswerSchema, { timeoutMs });
        return answer.toolchain;
      } catch (error) {
        throw new PerfagentError("backend", `${backend.endpoint.url} ${messageOf(error)}`, { cause: error });
      }
    },
    async close() {
      const tasks = [...unsettled];
      closing.abort();
      await dispatch.stopped(tasks);
    },
  };
}

// --- internal ---

/** Workers assumed in a service that does not say how many it has. */
const ASSUMED_WORKERS = 4;

/** A compiler is stopped by the service long before that. */
const LONGEST_BUILD_MS = 120_000;

function slotsOf(alive: readonly Backend[]): number {
  return alive.reduce((sum, { info }) => sum + (info?.workers ?? ASSUMED_WORKERS), 0) || 1;
}

/** "remote", and behind it what perfagent's own services say of themselves. */
function infoOf(alive: readonly Backend[]): SandboxInfo {
  const words = (part: "isolation" | "measurement"): string => {
    const said = new Set(alive.map(({ info }) => (info === null ? "remote" : `remote ${info[part]}`)));
    return [...said].join(", ");
  };
  const [unit, ...otherUnits] = new Set(alive.map(({ info }) => info?.bytesPerMb));
  return {
    isolation: words("isolation"),
    measurement: words("measurement"),
    ...(unit !== undefined && otherUnits.length === 0 && { bytesPerMb: unit }),
  };
}

function deadlineError(
  tasks: readonly Task[],
  deadlineMs: number,
  alive: readonly Backend[],
): PerfagentError {
  const missing = tasks.filter((task) => !task.done).length;
  const where = alive.map(({ endpoint }) => endpoint.url).join(", ") || "no living service";
  return new PerfagentError(
    "backend",
    `Cannot wait any longer for the sandbox service: ${missing} of ${tasks.length} programs had no result after ${Math.round(deadlineMs / 1000)} s (${where})`,
    {
      hint: "The service is overloaded or stuck: look at its queue (GET /health), or add another one to --backend.",
    },
  );
}

/** Programs that a service could not compile, with the compiler's words: a program compiles everywhere or nowhere. */
function createUncompilable() {
  const words = new Map<string, string>();
  const idOf = ({ language, code }: ProgramSource): string => `${language}\n${code}`;
  return {
    add(source: ProgramSource, message: string): void {
      words.set(idOf(source), message);
    },
    wordsOf(source: ProgramSource): string | null {
      return words.get(idOf(source)) ?? null;
    },
  };
}
