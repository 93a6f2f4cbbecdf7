/** Exit code of each kind of failure; the only such table. */
export const EXIT_CODES = {
  bug: 1,
  usage: 2,
  config: 2,
  instance: 3,
  code: 3,
  backend: 4,
  model: 5,
  model_exhausted: 5,
  budget: 6,
  output: 7,
  interrupted: 130,
} as const;

export type ErrorCode = keyof typeof EXIT_CODES;

/** Exit code of `--fail-unless-faster` and `--fail-unless-passed` when the condition does not hold. */
export const EXIT_CONDITION_NOT_MET = 10;

/**
 * The one error class: something perfagent could not do. The message says what could not be done, what was found
 * and what was wanted; `hint` says what to do next.
 */
export class PerfagentError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PerfagentError";
    this.code = code;
    this.hint = options.hint ?? "";
  }

  /** The process exit code that this failure ends in. */
  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}

/** The error for an aborted signal, with one wording everywhere. */
export function interruptedError(): PerfagentError {
  return new PerfagentError("interrupted", "Interrupted before it was finished");
}

/** The message of anything thrown, for a sentence of our own. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What an error of the operating system means, in words; the message of anything else. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return SYSTEM_REASONS[code] ?? messageOf(error);
}

// --- internal ---

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  EISDIR: "it is a directory; a file is wanted",
  ENOTDIR: "a part of its path is a file, not a directory",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "its name is too long",
  EBADF: "it is closed",
  ELOOP: "its symbolic links form a loop",
};
