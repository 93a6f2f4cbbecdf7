/** One HTTP call to a sandbox service, and the words for what it answered instead of a result. */
import { ofetch } from "ofetch";
import * as v from "valibot";
import { messageOf, PerfagentError } from "../errors.ts";

/** Where a service listens and how it is asked. */
export interface Endpoint {
  /** Without credentials and trailing slash; safe to print. */
  readonly url: string;
  /** Value of the `Authorization` header; null when the service wants none. */
  readonly authorization: string | null;
}

/**
 * A call that gave no usable answer. `refused`: nothing listens there, so the process behind it is gone. `status`: it
 * answered with an HTTP error. `network`: no answer, or a broken one. `malformed`: an answer of another protocol.
 */
export class CallError extends Error {
  readonly kind: "refused" | "status" | "network" | "malformed";
  /** The HTTP status; null when there was none. */
  readonly status: number | null;
  /** From `Retry-After`, in milliseconds; null when the service gave none. */
  readonly retryAfterMs: number | null;

  constructor(
    kind: CallError["kind"],
    message: string,
    details: {
      readonly status?: number;
      readonly retryAfterMs?: number | null;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "CallError";
    this.kind = kind;
    this.status = details.status ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/**
 * Reads the URL of a service. Credentials in it (`http://:token@host`) become an `Authorization` header and never leave
 * in a message.
 *
 * @throws PerfagentError `usage` when it is no HTTP URL.
 */
export function parseEndpoint(text: string, token: string | null): Endpoint {
  const parsed = URL.parse(text.trim());
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol) || parsed.hostname === "") {
    throw new PerfagentError(
      "usage",
      `Cannot use the sandbox service '${redactUrl(text)}': it is not a URL; http://HOST:PORT is wanted`,
      { hint: "Give --backend local, or one or more URLs separated by commas: http://a:8000,http://b:8000." },
    );
  }
  if (parsed.search !== "" || parsed.hash !== "") {
    throw new PerfagentError(
      "usage",
      `Cannot use the sandbox service '${redactUrl(text)}': it has a query or a fragment; http://HOST:PORT is wanted`,
      { hint: "Leave out everything from the '?' or '#' on." },
    );
  }
  const { username, password } = parsed;
  parsed.username = "";
  parsed.password = "";
  const url = parsed.href.replace(/\/+$/, "");
  if (username !== "" || password !== "") {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { url, authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
  }
  return { url, authorization: token === null ? null : `Bearer ${token}` };
}

/** A URL as given, with its credentials hidden; anything that looks like a URL will do. */
export function redactUrl(text: string): string {
  return text.trim().replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/@\s]*@/i, "$1***@");
}

export interface CallOptions {
  /** Body of a POST; absent: a GET. */
  readonly body?: unknown;
  /** Until the whole answer has come. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Calls a service once and checks what it answers.
 *
 * @throws CallError when there is no usable answer; the signal's reason when aborted.
 */
export async function call<const Schema extends v.GenericSchema>(
  endpoint: Endpoint,
  path: string,
  schema: Schema,
  { body, timeoutMs, signal }: CallOptions,
): Promise<v.InferOutput<Schema>> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const post = body !== undefined;
  const init = {
    method: post ? "POST" : "GET",
    headers: {
      accept: "application/json",
      ...(post && { "content-type": "application/json" }),
      ...(endpoint.authorization !== null && { authorization: endpoint.authorization }),
    },
    ...(post && { body: JSON.stringify(body) }),
    // A signal replaces ofetch's own timeout, which would not cover the body.
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    retry: 0,
    ignoreResponseError: true,
    responseType: "text",
    // Bun's fetch asks a proxy for this machine too, unless it is told not to.
    ...(isLoopback(endpoint.url) && { proxy: false }),
  } as const;
  let status: number;
  let text: string;
  let retryAfter: string | null;
  try {
    const response = await ofetch.raw(`${endpoint.url}${path}`, init);
    status = response.status;
    text = typeof response._data === "string" ? response._data : "";
    retryAfter = response.headers.get("retry-after");
  } catch (error) {
    signal?.throwIfAborted();
    throw networkError(error, timeout.aborted ? timeoutMs : null);
  }
  if (status !== 200) {
    throw new CallError("status", `answered ${status}${detailOf(text)}`, {
      status,
      retryAfterMs: secondsToMs(retryAfter),
    });
  }
  return checked(schema, path, text);
}

// --- internal ---

/** Characters of a service's own words that a message quotes. */
const DETAIL_CHARACTERS = 200;

function networkError(error: unknown, timeoutMs: number | null): CallError {
  if (timeoutMs !== null) {
    return new CallError("network", `gave no answer within ${timeoutMs / 1000} s`, { cause: error });
  }
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  // Bun's older name for the same is ConnectionRefused.
  if (/ECONNREFUSED|ConnectionRefused/.test(code)) {
    return new CallError("refused", "refuses connections: nothing listens there", { cause: error });
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(code))
    return new CallError("network", "has an unknown host name", { cause: error });
  return new CallError("network", `broke the connection (${code || messageOf(cause)})`, { cause: error });
}

function checked<const Schema extends v.GenericSchema>(
  schema: Schema,
  path: string,
  text: string,
): v.InferOutput<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CallError("malformed", `answered ${path} with something that is not JSON${detailOf(text)}`, {
      cause: error,
    });
  }
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = v.getDotPath(issue) ?? "its body";
  throw new CallError("malformed", `answered ${path} in another form: ${where}: ${issue.message}`);
}

/** The service's `detail` (or whatever it said), quoted and shortened. */
function detailOf(text: string): string {
  let words = text;
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null && "detail" in json) {
      words = typeof json.detail === "string" ? json.detail : JSON.stringify(json.detail);
    }
  } catch {
    // Not JSON: its words as they are.
  }
  const line = words.replace(/\s+/g, " ").trim();
  if (line === "") return "";
  return `: ${line.length > DETAIL_CHARACTERS ? `${line.slice(0, DETAIL_CHARACTERS)}…` : line}`;
}

function secondsToMs(text: string | null): number | null {
  const seconds = Number(text ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

/** A service on this machine is never reached through a proxy. */
function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
