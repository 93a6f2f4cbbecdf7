import { appendFileSync } from "node:fs";
import { createConsola } from "consola/core";
import { PerfagentError, systemReason } from "../../errors.ts";
import type { Logger } from "../../types.ts";
import { redactSecrets } from "./secrets.ts";
import { writeStderr } from "./stderr.ts";

export type LogLevel = "DEBUG" | "INFO" | "WARNING" | "ERROR";

export interface LoggerOptions {
  /** Messages below this level go nowhere. Default: INFO. */
  readonly level?: LogLevel;
  /** Nothing but errors on standard error; the file still gets everything of the level. Default: false. */
  readonly quiet?: boolean;
  /** A file that gets a copy of each message, with its time. Its directory must exist. */
  readonly file?: string;
  /** Removes secrets; applied to everything. Default: every secret this process has seen. */
  readonly redact?: (text: string) => string;
}

/**
 * A logger that writes to standard error (never standard output) and, if asked, to a file. Each message is written
 * before the call returns, so nothing is lost when the process ends, and equal messages are not merged.
 *
 * @throws PerfagentError `output` when the file cannot be written.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = "INFO", quiet = false, file, redact = redactSecrets } = options;
  const consola = createConsola({
    level: 5,
    throttle: 0,
    reporters: [{ log: ({ type, args }) => writeStderr(`${LABELS[type] ?? ""}${args.join(" ")}\n`) }],
  });
  const write = (rank: number, name: keyof typeof NAMES, message: string) => {
    if (rank < RANKS[level]) return;
    const clean = redact(message);
    if (!quiet || rank >= RANKS.ERROR) consola[name](clean);
    if (file !== undefined) append(file, `${new Date().toISOString()} ${NAMES[name]} ${clean}\n`);
  };
  return {
    debug: (message) => write(RANKS.DEBUG, "debug", message),
    info: (message) => write(RANKS.INFO, "info", message),
    warn: (message) => write(RANKS.WARNING, "warn", message),
    error: (message) => write(RANKS.ERROR, "error", message),
  };
}

// --- internal ---

const RANKS: Readonly<Record<LogLevel, number>> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3 };
const LABELS: Readonly<Record<string, string>> = { debug: "debug: ", warn: "warning: ", error: "error: " };
const NAMES = { debug: "DEBUG", info: "INFO", warn: "WARNING", error: "ERROR" } as const;

function append(file: string, line: string): void {
  try {
    appendFileSync(file, line);
  } catch (error) {
    throw new PerfagentError("output", `Cannot write the log '${file}': ${systemReason(error)}`, {
      cause: error,
    });
  }
}
