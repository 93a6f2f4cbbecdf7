/** A user's own client in a file: `./my-model.ts`. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf, PerfagentError, systemReason } from "../errors.ts";
import type { Logger, Message } from "../types.ts";
import { AttemptFailure } from "./failure.ts";
import { readOwnAnswer } from "./own-answer.ts";
import type { ModelParameters } from "./parameters.ts";
import type { Transport } from "./transport.ts";

/** What the file's factory is handed. A client file cannot import packages, so all that it needs is in here. */
export interface OwnModelContext {
  readonly temperature: number | null;
  readonly maxOutputTokens: number | null;
  readonly reasoningEffort: string | null;
  /** `model.extra_body`: settings of the client's own. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly logger: Logger;
}

/** Whether a name is a path of an own client rather than the name of a model. */
export function isOwnModelPath(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name) && /^(?:\.{0,2}[\\/]|file:|[A-Za-z]:[\\/])/.test(name);
}

/**
 * Loads a client: a file whose default export is a function that returns, or promises, an object with
 * `complete(messages, signal)`. A relative path starts at the current directory.
 *
 * @throws PerfagentError `config` when the file cannot be loaded or makes no client.
 */
export async function createOwnTransport(
  path: string,
  parameters: ModelParameters,
  logger: Logger,
): Promise<Transport> {
  const file = path.startsWith("file:") ? fileURLToPath(path) : resolve(path);
  const { temperature, maxOutputTokens, reasoningEffort, extraBody } = parameters;
  const context: OwnModelContext = { temperature, maxOutputTokens, reasoningEffort, extraBody, logger };
  const complete = await loadClient(path, file, context);
  return {
    endpoint: null,
    describe: (messages) => ({ messages, temperature, max_output_tokens: maxOutputTokens }),
    async attempt(messages, signal) {
      let value: unknown;
      try {
        value = await untilAborted(complete(messages, signal), signal);
      } catch (error) {
        throw new AttemptFailure(`it failed: ${messageOf(error)}`, { repeat: "never" });
      }
      return readOwnAnswer(value, path);
    },
  };
}

// --- internal ---

type Complete = (messages: readonly Message[], signal: AbortSignal) => Promise<unknown>;

async function loadClient(path: string, file: string, context: OwnModelContext): Promise<Complete> {
  let client: unknown;
  requireFile(path, file);
  try {
    const loaded: { readonly default?: unknown } = await import(pathToFileURL(file).href);
    if (typeof loaded.default !== "function") throw notAFactory(path, "its default export is no function");
    client = await loaded.default(context);
  } catch (error) {
    if (error instanceof PerfagentError) throw error;
    throw new PerfagentError("config", `Cannot load the model '${path}': ${messageOf(error)}`, {
      hint: "A client file may import other files and types, but no packages",
      cause: error,
    });
  }
  const complete =
    typeof client === "object" && client !== null && "complete" in client ? client.complete : null;
  if (typeof complete !== "function") throw notAFactory(path, "its default export returned no such object");
  return async (messages, signal) => complete.call(client, messages, signal);
}

function requireFile(path: string, file: string): void {
  try {
    if (statSync(file).isFile()) return;
  } catch (error) {
    throw new PerfagentError("config", `Cannot load the model '${path}': ${systemReason(error)}`);
  }
  throw new PerfagentError("config", `Cannot load the model '${path}': it is no file`);
}

function notAFactory(path: string, found: string): PerfagentError {
  return new PerfagentError(
    "config",
    `Cannot load the model '${path}': ${found}; a function that returns an object with complete(messages, signal) is wanted`,
  );
}

/** A client that does not listen to its signal must not hold up an interrupt. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new Error("it was stopped"));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Nobody waits for the loser of the race any more.
    work.catch(() => {});
    promise.catch(() => {});
  }
}
