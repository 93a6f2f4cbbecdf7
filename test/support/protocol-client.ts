/**
 * A client of the sandbox protocol as its page describes it, with the calls and fields of the official Python client:
 * every field of a submission is sent, null where there is nothing to say.
 */

export interface ProtocolResult {
  readonly submission_id: number;
  readonly status: string;
  readonly text: string | null;
  readonly exit_code: number | null;
  readonly runtime: number | null;
  readonly memory: number | null;
  readonly integral: number | null;
}

export interface ProtocolRequest {
  readonly code: string;
  readonly language: string;
  readonly libraries?: readonly string[] | null;
  readonly stdin?: string | null;
  readonly time_limit?: number | null;
  readonly memory_limit?: number | null;
}

/** An HTTP error, with the service's `detail`. */
export class ProtocolError extends Error {
  readonly status: number;
  readonly headers: Headers;
  constructor(status: number, detail: string, headers: Headers) {
    super(detail);
    this.status = status;
    this.headers = headers;
  }
}

export function protocolClient(url: string, headers: Readonly<Record<string, string>> = {}) {
  async function request(method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${url}/${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const json: unknown = await response.json();
    if (response.ok) return json;
    throw new ProtocolError(response.status, String((json as { detail: unknown }).detail), response.headers);
  }

  const full = (given: ProtocolRequest) => ({
    libraries: [],
    stdin: null,
    time_limit: null,
    memory_limit: null,
    ...given,
  });

  const client = {
    health: () => request("GET", "health") as Promise<{ status: string; queue_size: number }>,
    async submit(given: ProtocolRequest): Promise<number> {
      const answer = (await request("POST", "submit", full(given))) as { submission_id: number };
      return answer.submission_id;
    },
    async submitBatch(given: readonly ProtocolRequest[]): Promise<number[]> {
      const body = { requests: given.map(full) };
      return ((await request("POST", "submit_batch", body)) as { submission_ids: number[] }).submission_ids;
    },
    result: (id: number) => request("GET", `submission/${id}`) as Promise<ProtocolResult>,
    async results(ids: readonly number[]): Promise<ProtocolResult[]> {
      const body = { submission_ids: ids };
      return ((await request("POST", "submissions", body)) as { results: ProtocolResult[] }).results;
    },
    cancel: (id: number) =>
      request("POST", `cancel/${id}`) as Promise<{ submission_id: number; status: string }>,
    /** Polls until all have ended. */
    async ended(ids: readonly number[], everyMs = 20): Promise<ProtocolResult[]> {
      for (;;) {
        const results = await client.results(ids);
        const pending = results.filter(({ status }) => status === "waiting" || status === "processing");
        if (pending.length === 0) return results;
        await Bun.sleep(everyMs);
      }
    },
  };
  return client;
}
