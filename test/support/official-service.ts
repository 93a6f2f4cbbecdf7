/**
 * A service as the official one behaves, over real HTTP, with its bad days on demand: it restarts, forgets, answers
 * with errors, is slow. Programs are not run: `behave` says what each request gives.
 */

export interface OfficialRequest {
  readonly code: string;
  readonly language: string;
  readonly libraries: readonly string[] | null;
  readonly stdin: string | null;
  readonly time_limit: number | null;
  readonly memory_limit: number | null;
}

export interface OfficialOutcome {
  readonly status?: string;
  readonly text?: string;
  readonly exit_code?: number;
  readonly runtime?: number;
  readonly memory?: number;
  readonly integral?: number;
  /** How long the run takes; never ends when Infinity. */
  readonly takesMs?: number;
}

export interface OfficialServiceOptions {
  /** Default: the input comes back, in 1 ms, 2000 KiB and 0.002 MB·s. */
  readonly behave?: (request: OfficialRequest, id: number) => OfficialOutcome;
  /** Batches done at once. Default: 4. */
  readonly workers?: number;
  readonly port?: number;
}

export interface OfficialService {
  readonly url: string;
  readonly port: number;
  /** Every request that was accepted, over all lives. */
  readonly accepted: readonly OfficialRequest[];
  /** Sizes of the batches accepted. */
  readonly batches: readonly number[];
  /** Ids that were cancelled. */
  readonly cancelled: readonly number[];
  /** Inputs whose results were given out. */
  readonly reported: ReadonlySet<string>;
  /** Calls by path without ids. */
  readonly calls: ReadonlyMap<string, number>;
  /** Headers of the last call. */
  lastHeaders(): Headers | null;
  /** Answers the next calls whose path begins so with this status. */
  fail(path: string, count: number, status?: number): void;
  /** Waits before every answer. */
  slowDown(ms: number): void;
  /** Loses submissions that are not finished, or those named. */
  forget(ids?: readonly number[]): void;
  setQueueSize(size: number | null): void;
  /** Stops listening and loses everything. */
  stop(): Promise<void>;
  /** Listens again on the same port; ids begin at 0. */
  start(): void;
}

export function startOfficialService(options: OfficialServiceOptions = {}): OfficialService {
  const { behave = echo, workers = 4 } = options;
  const accepted: OfficialRequest[] = [];
  const batches: number[] = [];
  const cancelled: number[] = [];
  const reported = new Set<string>();
  const calls = new Map<string, number>();
  let records = new Map<number, Record>();
  let queue: Record[][] = [];
  let nextId = 0;
  let busy = 0;
  let life = 0;
  let delayMs = 0;
  let queueSize: number | null = null;
  let lastHeaders: Headers | null = null;
  const failures: { path: string; left: number; status: number }[] = [];

  function submit(requests: readonly OfficialRequest[]): number[] {
    const batch = requests.map((request): Record => {
      accepted.push(request);
      const record = { id: nextId, request, status: "waiting", outcome: null };
      nextId += 1;
      records.set(record.id, record);
      return record;
    });
    batches.push(batch.length);
    queue.push(batch);
    startWorkers();
    return batch.map(({ id }) => id);
  }

  function startWorkers(): void {
    while (busy < workers && queue.length > 0) {
      const batch = queue.shift() ?? [];
      busy += 1;
      void work(batch, life);
    }
  }

  async function work(batch: readonly Record[], born: number): Promise<void> {
    for (const record of batch) {
      if (record.status === "cancelled") continue;
      record.status = "processing";
      const outcome = behave(record.request, record.id);
      const { takesMs = 1 } = outcome;
      if (takesMs === Number.POSITIVE_INFINITY) return;
      await Bun.sleep(takesMs);
      if (born !== life) return;
      if ((record.status as string) === "cancelled") continue;
      record.outcome = outcome;
      record.status = outcome.status ?? "done";
    }
    busy -= 1;
    startWorkers();
  }

  async function answer(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    const kind = path.replace(/\d+$/, "");
    calls.set(kind, (calls.get(kind) ?? 0) + 1);
    lastHeaders = request.headers;
    if (delayMs > 0) await Bun.sleep(delayMs);
    const failure = failures.find((one) => one.left > 0 && path.startsWith(one.path));
    if (failure !== undefined) {
      failure.left -= 1;
      const headers = { "retry-after": "0.02" };
      return Response.json({ detail: "a bad day" }, { status: failure.status, headers });
    }
    const body: Body =
      request.method === "POST" && !path.startsWith("/cancel") ? ((await request.json()) as Body) : {};
    const record = records.get(Number(/\d+$/.exec(path)?.[0] ?? -1));
    if (path === "/health") return Response.json({ status: "ok", queue_size: queueSize ?? queue.length });
    if (path === "/submit") return Response.json({ submission_id: submit([body as OfficialRequest])[0] });
    if (path === "/submit_batch") return Response.json({ submission_ids: submit(body.requests ?? []) });
    if (path === "/submissions") {
      const known = (body.submission_ids ?? []).flatMap((id) => records.get(id) ?? []);
      for (const one of known) if (one.outcome !== null) reported.add(one.request.stdin ?? "");
      return Response.json({ results: known.map(toAnswer) });
    }
    if (path.startsWith("/submission/") && record !== undefined) return Response.json(toAnswer(record));
    if (path.startsWith("/cancel/") && record !== undefined) {
      cancelled.push(record.id);
      if (record.status === "waiting" || record.status === "processing") record.status = "cancelled";
      return Response.json({ submission_id: record.id, status: "cancelled" });
    }
    return Response.json({ detail: "Not Found" }, { status: 404 });
  }

  function listen(port: number): Bun.Server<undefined> {
    return Bun.serve({ hostname: "127.0.0.1", port, fetch: answer });
  }

  let server: Bun.Server<undefined> | null = listen(options.port ?? 0);
  const port = server.port ?? 0;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    accepted,
    batches,
    cancelled,
    reported,
    calls,
    lastHeaders: () => lastHeaders,
    fail(path, count, status = 500) {
      failures.push({ path, left: count, status });
    },
    slowDown(ms) {
      delayMs = ms;
    },
    forget(ids) {
      for (const [id, record] of records) {
        if (ids === undefined ? record.outcome === null : ids.includes(id)) records.delete(id);
      }
    },
    setQueueSize(size) {
      queueSize = size;
    },
    async stop() {
      life += 1;
      records = new Map();
      queue = [];
      busy = 0;
      nextId = 0;
      const stopped = server;
      server = null;
      await stopped?.stop(true);
    },
    start() {
      server ??= listen(port);
    },
  };
}

// --- internal ---

/** Of any call. */
type Body = Partial<OfficialRequest> & {
  readonly requests?: readonly OfficialRequest[];
  readonly submission_ids?: readonly number[];
};

interface Record {
  readonly id: number;
  readonly request: OfficialRequest;
  status: string;
  outcome: OfficialOutcome | null;
}

function echo(request: OfficialRequest): OfficialOutcome {
  return { text: request.stdin ?? "", runtime: 1e6, memory: 2000, integral: 0.002 };
}

function toAnswer({ id, status, outcome }: Record): object {
  const done = outcome !== null && status !== "cancelled";
  const failed = done && status !== "done";
  return {
    submission_id: id,
    status,
    text: done ? (outcome.text ?? "") : null,
    exit_code: done ? (outcome.exit_code ?? 0) : null,
    runtime: done ? (failed ? 0 : (outcome.runtime ?? 0)) : null,
    memory: done ? (failed ? 0 : (outcome.memory ?? 0)) : null,
    integral: done ? (failed ? 0 : (outcome.integral ?? 0)) : null,
  };
}
