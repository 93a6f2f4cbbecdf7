/** A user's own client as a program: `command:./my-model`. */
import type { Message } from "../types.ts";
import { AttemptFailure } from "./failure.ts";
import { readOwnAnswer } from "./own-answer.ts";
import type { ModelParameters } from "./parameters.ts";
import type { AttemptResult, Transport } from "./transport.ts";

export interface CommandOptions {
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
export function createCommandTransport(options: CommandOptions): Transport {
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
      run(command, JSON.stringify(describe(messages)), options.environment, signal),
  };
}

// --- internal ---

/** Bytes of an answer; more is a program that does not end. */
const MAX_OUTPUT_BYTES = 16 * 2 ** 20;
const MAX_ERROR_BYTES = 64 * 2 ** 10;
/** Characters of standard error that are shown. */
const SHOWN_ERROR_CHARS = 500;

async function run(
  command: string,
  input: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<AttemptResult> {
  signal.throwIfAborted();
  const child = Bun.spawn(["/bin/sh", "-c", command], {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    env: environment,
    // Its own process group: what it starts ends with it.
    detached: true,
  });
  let isOver = false;
  const kill = (): void => {
    // The number of a group that is gone may belong to another one.
    if (!isOver) killGroup(child.pid);
  };
  signal.addEventListener("abort", kill, { once: true });
  try {
    const output = readUpTo(child.stdout, MAX_OUTPUT_BYTES, kill);
    const errors = readUpTo(child.stderr, MAX_ERROR_BYTES, null);
    await child.exited;
    // A process that it left behind would hold the pipes open.
    kill();
    isOver = true;
    const [{ text, isCut }, { text: errorText }] = await Promise.all([output, errors]);
    signal.throwIfAborted();
    if (isCut)
      throw new AttemptFailure(`it wrote more than ${MAX_OUTPUT_BYTES / 2 ** 20} MiB`, { repeat: "never" });
    if (child.exitCode !== 0) throw exitFailure(child.exitCode, child.signalCode, errorText);
    return readOwnAnswer(text, `command:${command}`);
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
  }
}

function exitFailure(exitCode: number | null, signalCode: unknown, errorText: string): AttemptFailure {
  const how = exitCode === null ? `it was ended by ${signalCode}` : `it ended with exit code ${exitCode}`;
  const tail = errorText.trim().slice(-SHOWN_ERROR_CHARS);
  const hint =
    exitCode === 127 || exitCode === 126 ? "Check the command's path and that it may be executed" : "";
  return new AttemptFailure(tail === "" ? how : `${how}: ${tail}`, { repeat: "never", hint });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group is gone, which is what is wanted.
  }
}

/** Reads a stream to its end and keeps its beginning, or its last part when nothing is to happen at the limit. */
async function readUpTo(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  onLimit: (() => void) | null,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let isCut = false;
  for await (const chunk of stream) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= maxBytes) continue;
    isCut = true;
    if (onLimit !== null) {
      onLimit();
      break;
    }
    while (bytes - (chunks[0]?.length ?? bytes) > maxBytes) bytes -= chunks.shift()?.length ?? 0;
  }
  return { text: new TextDecoder().decode(Buffer.concat(chunks)), isCut };
}
