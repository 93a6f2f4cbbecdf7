/**
 * A chat-completions server for tests that speaks HTTP over plain TCP, so that a reply can be cut, stalled or broken at any
 * byte. It answers each request by a script.
 */
import type { Socket } from "bun";

export interface LlmRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as received. */
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One request being answered. */
export interface Exchange {
  readonly request: LlmRequest;
  /** Sends bytes as they are. */
  write(bytes: string | Uint8Array): Promise<void>;
  /** Ends the connection in order. */
  end(): void;
  /** Breaks the connection. */
  reset(): void;
  isOpen(): boolean;
}

export type Behaviour = (exchange: Exchange) => void | Promise<void>;

export interface LlmServer {
  /** Base URL, ending in /v1. */
  readonly baseUrl: string;
  readonly requests: readonly LlmRequest[];
  stop(): void;
}

/**
 * Starts a server on a free port of this machine.
 * @param script The behaviours for the first, second, … request; the last one goes on. Or a function of the request.
 */
export function startLlmServer(
  script: readonly Behaviour[] | ((request: LlmRequest, index: number) => Behaviour),
): LlmServer {
  const requests: LlmRequest[] = [];
  const sockets = new Set<Socket<Connection>>();
  const listener = Bun.listen<Connection>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { received: Buffer.alloc(0), drained: Promise.withResolvers<void>() };
        sockets.add(socket);
      },
      async data(socket, bytes) {
        socket.data.received = Buffer.concat([socket.data.received, bytes]);
        for (let request = takeRequest(socket.data); request !== null; request = takeRequest(socket.data)) {
          const index = requests.push(request) - 1;
          const behaviour =
            typeof script === "function"
              ? script(request, index)
              : (script[index] ?? script.at(-1) ?? (() => {}));
          await behaviour(exchangeOn(socket, request));
        }
      },
      drain(socket) {
        socket.data.drained.resolve();
        socket.data.drained = Promise.withResolvers<void>();
      },
      close(socket) {
        socket.data.drained.resolve();
        sockets.delete(socket);
      },
      error() {},
    },
  });
  return {
    baseUrl: `http://127.0.0.1:${listener.port}/v1`,
    requests,
    stop() {
      for (const socket of sockets) socket.terminate();
      listener.stop(true);
    },
  };
}

// --- Behaviours ---

export interface StreamOptions {
  readonly text?: string;
  readonly reasoning?: string;
  /** Null leaves it out. */
  readonly finish?: string | null;
  readonly usage?: Readonly<Record<string, unknown>> | null;
  readonly done?: boolean;
  readonly lineEnd?: "\n" | "\r\n" | "\r";
  readonly comments?: boolean;
  /** Bytes of each HTTP chunk; null sends each event as one. */
  readonly chunkBytes?: number | null;
  /** Characters of each delta. */
  readonly deltaChars?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
}

export const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };

/** A streamed answer. */
export function stream(options: StreamOptions = {}): Behaviour {
  return async (exchange) => {
    await writeHead(exchange, 200, {
      "content-type": options.contentType ?? "text/event-stream",
      "transfer-encoding": "chunked",
      ...options.headers,
    });
    for (const event of eventsOf(options)) {
      const bytes = Buffer.from(event);
      const size = options.chunkBytes ?? bytes.length;
      for (let at = 0; at < bytes.length; at += size)
        await writeChunk(exchange, bytes.subarray(at, at + size));
    }
    await exchange.write("0\r\n\r\n");
  };
}

/** A whole answer that is not streamed. */
export function whole(body: unknown, headers: Readonly<Record<string, string>> = {}): Behaviour {
  return respond(200, typeof body === "string" ? body : JSON.stringify(body), headers);
}

export function respond(
  status: number,
  body: string | Readonly<Record<string, unknown>> = "",
  headers: Readonly<Record<string, string>> = {},
): Behaviour {
  return async (exchange) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    await writeHead(exchange, status, {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(text)),
      ...headers,
    });
    await exchange.write(text);
  };
}

/** Breaks the connection before a single byte. */
export const resetAtOnce: Behaviour = (exchange) => exchange.reset();

/** Breaks the connection after some words. */
export function resetAfter(text: string): Behaviour {
  return async (exchange) => {
    await beginStream(exchange, text);
    // The words must arrive before the connection breaks, or there was nothing in the middle.
    await Bun.sleep(20);
    exchange.reset();
  };
}

/** Ends the stream in order after some words, without saying why. */
export function endAfter(text: string): Behaviour {
  return async (exchange) => {
    await beginStream(exchange, text);
    await exchange.write("0\r\n\r\n");
  };
}

/** Sends some words and then nothing any more. */
export function stallAfter(text: string): Behaviour {
  return (exchange) => beginStream(exchange, text);
}

/** Accepts the request and never answers. */
export const neverAnswer: Behaviour = () => {};

/** An OpenAI-like completion. */
export function completion(message: Readonly<Record<string, unknown>>, finish: string | null = "stop") {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    model: "served-model",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finish }],
    usage: USAGE,
  };
}

// --- internal ---

interface Connection {
  received: Buffer;
  drained: PromiseWithResolvers<void>;
}

function takeRequest(connection: Connection): LlmRequest | null {
  const { received } = connection;
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return null;
  const [start = "", ...lines] = received.subarray(0, end).toString().split("\r\n");
  const [method = "", path = ""] = start.split(" ");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = Number(headers["content-length"] ?? "0");
  const bodyStart = end + 4;
  if (received.length < bodyStart + length) return null;
  const text = received.subarray(bodyStart, bodyStart + length).toString();
  connection.received = received.subarray(bodyStart + length);
  return { method, path, headers, text, body: text === "" ? {} : JSON.parse(text) };
}

function exchangeOn(socket: Socket<Connection>, request: LlmRequest): Exchange {
  return {
    request,
    async write(bytes) {
      let rest: Uint8Array = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
      while (rest.length > 0 && socket.readyState > 0) {
        const { drained } = socket.data;
        const written = socket.write(rest);
        if (written < 0) return;
        rest = rest.subarray(written);
        if (rest.length > 0) await drained.promise;
      }
      socket.flush();
    },
    end: () => void socket.end(),
    reset: () => socket.terminate(),
    isOpen: () => socket.readyState > 0,
  };
}

function writeHead(
  exchange: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return exchange.write(`HTTP/1.1 ${status} Status\r\n${lines.join("")}\r\n`);
}

async function writeChunk(exchange: Exchange, bytes: Uint8Array): Promise<void> {
  await exchange.write(
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]),
  );
}

async function beginStream(exchange: Exchange, text: string): Promise<void> {
  await writeHead(exchange, 200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" });
  const chunk = {
    model: "served-model",
    choices: [{ index: 0, delta: { content: text }, finish_reason: null }],
  };
  if (text !== "") await writeChunk(exchange, Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`));
}

function eventsOf(options: StreamOptions): string[] {
  const {
    text = "the answer",
    finish = "stop",
    usage = USAGE,
    done = true,
    lineEnd = "\n",
    comments = false,
  } = options;
  const payloads: string[] = [];
  const delta = (part: Readonly<Record<string, unknown>>, reason: string | null = null): void => {
    const chunk = { model: "served-model", choices: [{ index: 0, delta: part, finish_reason: reason }] };
    payloads.push(JSON.stringify(chunk));
  };
  delta({ role: "assistant", content: "" });
  if (options.reasoning !== undefined) delta({ reasoning_content: options.reasoning });
  const size = options.deltaChars ?? Math.max(1, Math.ceil(text.length / 3));
  for (let at = 0; at < text.length; at += size) delta({ content: text.slice(at, at + size) });
  if (finish !== null) delta({}, finish);
  if (usage !== null) payloads.push(JSON.stringify({ model: "served-model", choices: [], usage }));
  if (done) payloads.push("[DONE]");
  const comment = comments ? `: keep-alive${lineEnd}${lineEnd}` : "";
  return payloads.map((payload) => `${comment}data: ${payload}${lineEnd}${lineEnd}`);
}
