/**
 * A sandbox service over HTTP: EffiBench-X's protocol in front of any sandbox. `/health`, `/submit`, `/submit_batch`,
 * `/submission/{id}`, `/submissions` and `/cancel/{id}` are the protocol's; `/metrics` and `/perfagent` are ours.
 */
import * as v from "valibot";
import { messageOf, PerfagentError, systemReason } from "../errors.ts";
import type { Language, Limits, Logger, Sandbox } from "../types.ts";
import { checkAddress, denialOf, isLoopbackName } from "./server-access.ts";
import { createRequestCounter, metricsText } from "./server-metrics.ts";
import { createSubmissions, type SubmissionBounds } from "./server-submissions.ts";
import {
  BatchRequestSchema,
  languageOfSandboxId,
  ResultsRequestSchema,
  type ServiceInfo,
  type SubmissionAnswer,
  SubmissionRequestSchema,
} from "./wire.ts";
import { type ServiceCaps, type Work, workOf } from "./wire-server.ts";

export interface SandboxServerOptions {
  readonly sandbox: Sandbox;
  /** Address to listen on. An address that others reach needs a token. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What every request has to carry; null lets everybody in who can connect. */
  readonly token: string | null;
  /** Batches done at once. */
  readonly workers: number;
  readonly languages: readonly Language[];
  /** What one program may use at the most; also what it may use when its request asks for nothing. */
  readonly limits: Limits;
  /** Submissions that may wait. Default: 10,000. */
  readonly queueLimit?: number;
  readonly logger: Logger;
}

export interface SandboxServer {
  readonly url: string;
  readonly port: number;
  /**
   * Takes no more work, lets running programs end for a while, then kills them and stops listening. The sandbox stays
   * open: it is its owner's.
   */
  stop(graceMs: number): Promise<void>;
}

/** Bytes of one request, and of all requests that are being read at once. */
const BODY_LIMIT = 128 * 2 ** 20;
const READING_LIMIT = 2 * BODY_LIMIT;

/** A suite of the benchmark has 100 tests; its official client never waits for a free place. */
const DEFAULT_QUEUE_LIMIT = 10_000;

/** What bounds the service's memory. Official clients ask every 10 to 30 s, so an hour loses nobody's result. */
const BOUNDS: Omit<SubmissionBounds, "waiting"> = {
  waitingBytes: 2 * BODY_LIMIT,
  results: 100_000,
  resultBytes: 256 * 2 ** 20,
  resultMs: 3_600_000,
};

/**
 * Starts a service.
 *
 * @throws PerfagentError `usage` for an open address without a token, `backend` when the address cannot be listened on.
 */
export function startSandboxServer(options: SandboxServerOptions): SandboxServer {
  const { sandbox, host, token, workers, languages, limits, logger } = options;
  checkAddress(host, token);
  const loopback = isLoopbackName(host);
  const caps: ServiceCaps = { languages, limits };
  const bounds = { ...BOUNDS, waiting: options.queueLimit ?? DEFAULT_QUEUE_LIMIT };
  const submissions = createSubmissions({ sandbox, workers, bounds, logger });
  const requests = createRequestCounter();
  const startedAt = performance.now();
  let stopping = false;
  let reading = 0;

  async function respond(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const denial = denialOf(request, { token, loopback });
    if (denial !== null) return refusal(denial.status, denial.detail);
    const [route, id] = routeOf(pathname);
    if (route === null) return refusal(404, "Not Found");
    const method = GET_ROUTES.has(route) ? "GET" : "POST";
    if (request.method !== method && !(method === "GET" && request.method === "HEAD")) {
      return refusal(405, `${pathname} wants ${method}.`, { allow: method });
    }
    switch (route) {
      case "/health":
        if (stopping) return refusal(503, "The service is stopping.");
        return Response.json({ status: "ok", queue_size: submissions.stats().waiting });
      case "/metrics":
        return metrics();
      case "/submit":
        return readBody(request, SubmissionRequestSchema, (body) =>
          submit([body], ([first = 0]) => ({ submission_id: first })),
        );
      case "/submit_batch":
        return readBody(request, BatchRequestSchema, (body) =>
          submit(body.requests, (ids) => ({ submission_ids: ids })),
        );
      case "/submission": {
        const answer = submissions.answer(Number(id));
        return answer === null ? unknownSubmission() : Response.json(answer);
      }
      case "/submissions":
        return readBody(request, ResultsRequestSchema, ({ submission_ids }) => {
          const known = submission_ids.map((one) => submissions.answer(one));
          const results = known.filter((answer): answer is SubmissionAnswer => answer !== null);
          return Response.json({ results });
        });
      case "/cancel":
        if (!submissions.cancel(Number(id))) return unknownSubmission();
        return Response.json({ submission_id: Number(id), status: "cancelled" });
      case "/perfagent": {
        const info: ServiceInfo = { service: "perfagent", ...sandbox.info, workers };
        return Response.json(info);
      }
      case "/perfagent/toolchain":
        return toolchain(id);
    }
  }

  function submit(
    bodies: readonly v.InferOutput<typeof SubmissionRequestSchema>[],
    answer: (ids: readonly number[]) => object,
  ): Response {
    if (stopping) return refusal(503, "The service is stopping.");
    if (bodies.length === 0) return refusal(400, "No requests provided in the batch.");
    if (bodies.length > bounds.waiting) {
      return refusal(413, `A batch may hold ${bounds.waiting} requests; this one holds ${bodies.length}.`);
    }
    const works: Work[] = [];
    for (const body of bodies) {
      const work = workOf(body, caps);
      if (typeof work === "string") return refusal(400, work);
      works.push(work);
    }
    const ids = submissions.submit(works);
    return ids === null ? busy("The queue is full; try again later.") : Response.json(answer(ids));
  }

  /** Reads and checks a body. What is being read at once is bounded, as is each body. */
  async function readBody<const Schema extends v.GenericSchema>(
    request: Request,
    schema: Schema,
    use: (body: v.InferOutput<Schema>) => Response,
  ): Promise<Response> {
    const header = request.headers.get("content-length");
    const length = Number(header ?? Number.NaN);
    if (!Number.isSafeInteger(length)) return refusal(411, "Content-Length is wanted.");
    if (length > BODY_LIMIT) return refusal(413, `A request may have ${BODY_LIMIT} bytes.`);
    if (reading + length > READING_LIMIT) return busy("Too many large requests at once; try again later.");
    reading += length;
    let json: unknown;
    try {
      json = JSON.parse(await request.text());
    } catch (error) {
      return refusal(422, `The body is not JSON: ${messageOf(error)}`);
    } finally {
      reading -= length;
    }
    const parsed = v.safeParse(schema, json);
    if (parsed.success) return use(parsed.output);
    const [issue] = parsed.issues;
    return refusal(422, `${v.getDotPath(issue) ?? "The body"}: ${issue.message}`);
  }

  async function toolchain(id: string): Promise<Response> {
    const language = languageOfSandboxId(id);
    if (language === null) return refusal(404, "Not Found");
    return Response.json({ toolchain: await sandbox.toolchain(language) });
  }

  function metrics(): Response {
    const text = metricsText({
      stats: submissions.stats(),
      requests: requests.entries(),
      workers,
      ...sandbox.info,
      uptimeSeconds: (performance.now() - startedAt) / 1000,
      residentBytes: process.memoryUsage.rss(),
    });
    return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" } });
  }

  const server = listen(host, options.port, async (request) => {
    let response: Response;
    try {
      response = await respond(request);
    } catch (error) {
      if (!(error instanceof PerfagentError)) logger.error(`Request failed: ${messageOf(error)}`);
      response = refusal(500, messageOf(error));
    }
    requests.count(routeOf(new URL(request.url).pathname)[0] ?? "other", response.status);
    return response;
  });
  const port = server.port ?? options.port;
  const shown = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;

  return {
    url: `http://${shown}:${port}`,
    port,
    async stop(graceMs) {
      stopping = true;
      await submissions.stop(graceMs);
      await server.stop(true);
    },
  };
}

// --- internal ---

type Route =
  | "/health"
  | "/metrics"
  | "/submit"
  | "/submit_batch"
  | "/submission"
  | "/submissions"
  | "/cancel"
  | "/perfagent"
  | "/perfagent/toolchain";

const PLAIN_ROUTES: ReadonlySet<string> = new Set<Route>([
  "/health",
  "/metrics",
  "/submit",
  "/submit_batch",
  "/submissions",
  "/perfagent",
]);

const GET_ROUTES: ReadonlySet<Route> = new Set<Route>([
  "/health",
  "/metrics",
  "/submission",
  "/perfagent",
  "/perfagent/toolchain",
]);

/** The route of a path and the id behind it. */
function routeOf(pathname: string): readonly [Route | null, string] {
  if (PLAIN_ROUTES.has(pathname)) return [pathname as Route, ""];
  const [, route = null, id = ""] =
    /^(\/submission|\/cancel)\/(\d{1,16})$/.exec(pathname) ??
    /^(\/perfagent\/toolchain)\/([a-z]+)$/.exec(pathname) ??
    [];
  return [route as Route | null, id];
}

/** An error in the form of the official service. */
function refusal(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Response {
  const extra = status === 401 ? { "www-authenticate": "Bearer", ...headers } : headers;
  return Response.json({ detail }, { status, headers: extra });
}

function busy(detail: string): Response {
  return refusal(429, detail, { "retry-after": "1" });
}

function unknownSubmission(): Response {
  return refusal(404, "Submission not found.");
}

function listen(
  host: string,
  port: number,
  fetch: (request: Request) => Promise<Response>,
): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname: host.replace(/^\[|\]$/g, ""),
      port,
      fetch,
      maxRequestBodySize: BODY_LIMIT,
      // Bodies of many megabytes over slow lines take their time.
      idleTimeout: 60,
      development: false,
      // Without `development` Bun shares a port that another service listens on, and both lose requests.
      reusePort: false,
    });
  } catch (error) {
    throw new PerfagentError("backend", `Cannot serve on ${host}:${port}: ${systemReason(error)}`, {
      hint: "Take another --port (0 takes a free one) or --host.",
      cause: error,
    });
  }
}
