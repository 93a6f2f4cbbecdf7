/** A user's own client as a program: `command:./my-model`. */
import { runCommand } from "../lib/process.ts";
import type { Message } from "../types.ts";
import { AttemptFailure } from "./failure.ts";
import { readOwnAnswer } from "./own-answer.ts";
import type { ModelParameters } from "./parameters.ts";
import type { AttemptResult, Transport } from "./transport.ts";

export interface CommandTransportOptions {
  /** A command line for the shell. */
  readonly command: string;
  readonly parameters: ModelParameters;
  /** What the program's environment is made from: without any secret of perfagent's. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Each call starts the command with a JSON object on its standard input (`messages`, `temperature`,
 * `max_output_tokens`, `reasoning_effort`, and the fields of `model.extra_body`) and takes its standard output as the
 * answer. An exit code other than 0 is a failure, told by the end of standard error.
 */
export function createCommandTransport(options: CommandTransportOptions): Transport {
  const { command, parameters } = options;
  const describe = (messages: readonly Message[]) => ({
    messages,
    temperature: parameters.temperature,
    max_output_tokens: parameters.maxOutputTokens,
    reasoning_effort: parameters.reasoningEffort,
    ...parameters.extraBody,
  });
  return {
    endpoint: null,
    describe,
    attempt: (messages, signal) =>
      ask(command, JSON.stringify(describe(messages)), options.environment, signal),
  };
}

// --- internal ---

/** Bytes of an answer; more is a program that does not end. */
const MAX_OUTPUT_BYTES = 16 * 2 ** 20;
/** Characters of standard error that are shown. */
const SHOWN_ERROR_CHARS = 500;
/** The call's time is kept by its signal; this is the longest that a timer can be set to. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

async function ask(
  command: string,
  input: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<AttemptResult> {
  const { status, exitCode, stdout, stderr, ...ended } = await runCommand({
    argv: ["/bin/sh", "-c", command],
    stdin: input,
    cwd: process.cwd(),
    env: environment,
    timeoutMs: NO_TIMEOUT_MS,
    maxBytes: MAX_OUTPUT_BYTES,
    signal,
  });
  signal.throwIfAborted();
  if (status === "output_limit") {
    throw new AttemptFailure(`it wrote more than ${MAX_OUTPUT_BYTES / 2 ** 20} MiB`, { repeat: "never" });
  }
  if (exitCode === 0) return readOwnAnswer(stdout, `command:${command}`);
  const how = exitCode === null ? `it was ended by ${ended.signal}` : `it ended with exit code ${exitCode}`;
  const tail = stderr.trim().slice(-SHOWN_ERROR_CHARS);
  throw new AttemptFailure(tail === "" ? how : `${how}: ${tail}`, {
    repeat: "never",
    hint: exitCode === 127 || exitCode === 126 ? "Check the command's path and that it may be executed" : "",
  });
}
