/** One POST whose answer is read as it comes: no hidden retries, no hidden time limits, no key for another host. */
import { createFetch } from "ofetch";
import { messageOf } from "../errors.ts";
import { AttemptFailure } from "./failure.ts";

export interface PostRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Passes by a proxy that the environment names: the service is on this machine. */
  readonly isLoopback: boolean;
  readonly signal: AbortSignal;
}

/**
 * Sends a request and resolves when the headers of its answer are there, whatever its status. A redirect within the same
 * host is followed; one to another host is refused, because the key would go there.
 *
 * @throws AttemptFailure
 */
export async function post(request: PostRequest): Promise<Response> {
  const fetchOnce = request.isLoopback ? fetchDirectly : fetchByEnvironment;
  let url = request.url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    let response: Response;
    try {
      response = await fetchOnce.raw(url.href, {
        method: "POST",
        headers: request.headers,
        body: request.body,
        signal: request.signal,
        redirect: "manual",
        // Its own retries would be invisible and repeat a request that was aborted.
        retry: false,
        ignoreResponseError: true,
        responseType: "stream",
      });
    } catch (error) {
      throw connectionFailure(error, "");
    }
    const target = redirectTarget(response, url);
    if (target === null) return response;
    await response.body?.cancel();
    url = target;
  }
  throw new AttemptFailure(`it redirects more than ${MAX_REDIRECTS} times`, {
    repeat: "never",
    hint: BASE_HINT,
  });
}

/**
 * The failure behind an error of the network.
 * @param received Text that had arrived before.
 */
export function connectionFailure(error: unknown, received: string): AttemptFailure {
  if (error instanceof AttemptFailure) return error;
  const code = codeOf(error);
  const known = CONNECTION_ERRORS[code];
  if (known !== undefined)
    return new AttemptFailure(known.text, { repeat: known.repeat, hint: known.hint, received });
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER/.test(code)) {
    return new AttemptFailure(`its certificate is not trusted (${code})`, { repeat: "never", received });
  }
  // The message of the HTTP client names the whole URL, which may hold a key.
  const reason = code === "" ? withoutUrls(messageOf(rootOf(error))) : code;
  return new AttemptFailure(`the connection failed (${reason})`, { repeat: "always", received });
}

/** Reads a body as text up to a size. @throws what the stream throws. */
export async function readText(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  onBytes: () => void,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  if (body === null) return { text: "", isCut: false };
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    onBytes();
    bytes += chunk.length;
    if (bytes > maxBytes) return { text: parts.join(""), isCut: true };
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  parts.push(decoder.decode());
  return { text: parts.join(""), isCut: false };
}

// --- internal ---

const MAX_REDIRECTS = 3;

const BASE_HINT = "Set model.api_base (--llm-api-base) to the address that answers itself";

/**
 * Bun gives up on a connection that is silent for five minutes, which a model that thinks may well be; our own limits
 * apply instead.
 */
const fetchByEnvironment = ofetchOn((input, init) => fetch(input, { ...init, timeout: false }));
const fetchDirectly = ofetchOn((input, init) => fetch(input, { ...init, timeout: false, proxy: false }));

function ofetchOn(send: (input: string | URL | Request, init?: RequestInit) => Promise<Response>) {
  return createFetch({
    fetch: Object.assign(send, { preconnect: fetch.preconnect }),
    Headers,
    AbortController,
  });
}

interface ConnectionError {
  readonly text: string;
  readonly repeat: "always" | "few";
  readonly hint: string;
}

const NAME_ERROR: ConnectionError = {
  text: "its host name is not known",
  repeat: "few",
  hint: "Check model.api_base and the network",
};
const RESET: ConnectionError = { text: "the connection was reset", repeat: "always", hint: "" };
const REFUSED: ConnectionError = {
  text: "nothing accepts connections there",
  repeat: "few",
  hint: "Start the server, or check model.api_base (--llm-api-base)",
};

const CONNECTION_ERRORS: Readonly<Record<string, ConnectionError>> = {
  ECONNREFUSED: REFUSED,
  ConnectionRefused: REFUSED,
  ENOTFOUND: NAME_ERROR,
  EAI_AGAIN: NAME_ERROR,
  FailedToOpenSocket: NAME_ERROR,
  ECONNRESET: RESET,
  ConnectionClosed: RESET,
  EPIPE: RESET,
};

/** The innermost error: the HTTP client wraps what the network said. */
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? rootOf(error.cause) : error;
}

function codeOf(error: unknown): string {
  const root = rootOf(error);
  return root instanceof Error && "code" in root && typeof root.code === "string" ? root.code : "";
}

function withoutUrls(message: string): string {
  return message.replace(/"?\bhttps?:\/\/\S+/g, "the service").slice(0, 200);
}

/** Where to go on; null when the response is none that sends elsewhere. @throws AttemptFailure for another host. */
function redirectTarget(response: Response, from: URL): URL | null {
  if (response.status < 300 || response.status > 399) return null;
  const location = response.headers.get("location");
  const target = location === null ? null : URL.parse(location, from.href);
  if (target === null) {
    throw new AttemptFailure(`it answers HTTP ${response.status} without a place to go to`, {
      repeat: "never",
      status: response.status,
      hint: BASE_HINT,
    });
  }
  const isUpgrade =
    from.protocol === "http:" && target.protocol === "https:" && from.hostname === target.hostname;
  // 303 says to fetch another page, not to ask there.
  if (response.status !== 303 && (target.origin === from.origin || isUpgrade)) return target;
  throw new AttemptFailure(
    `it redirects to ${target.origin} (HTTP ${response.status}), and the key is not sent to another host`,
    { repeat: "never", status: response.status, hint: BASE_HINT },
  );
}
