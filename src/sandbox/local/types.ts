/** What the parts of the local sandbox say to each other. A box is an isolated place where commands run. */
import type { ExecResult, Limits } from "../../types.ts";

/** A host file or folder that is visible inside a box. */
export interface BoxMount {
  /** Absolute host path. */
  readonly source: string;
  /** Absolute path inside the box. */
  readonly target: string;
  readonly writable: boolean;
}

/** Limits of one command in a box. */
export interface BoxLimits extends Limits {
  /** Largest file that the command may write, in bytes. Default: 64 MiB, and never below `outputBytes`. */
  readonly fileBytes?: number;
  /** Size of the private /tmp, in bytes. Default: 256 MiB. */
  readonly tmpBytes?: number;
}

/** One command to run in a box. */
export interface BoxRequest {
  /** What is visible beside the base system (/usr, /bin, /lib*), a private empty /tmp, /proc and a minimal /dev. */
  readonly mounts: readonly BoxMount[];
  /** The command; its first element is an absolute path inside the box. */
  readonly argv: readonly string[];
  /** Environment beside PATH, HOME, TMPDIR and LANG, which the box sets unless given here. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute working directory inside the box. Default: /tmp. */
  readonly cwd?: string;
  readonly stdin: string | Uint8Array;
  readonly limits: BoxLimits;
}

/** Runs commands in boxes, under the sandbox's schedule of cores. Never rejects because of what a command did. */
export interface Boxes {
  /** Runs one command on any free core. An aborted signal kills it and gives a `cancelled` result. */
  execute(request: BoxRequest, signal: AbortSignal): Promise<ExecResult>;
  /** Runs commands one after another on one core that nothing of perfagent's shares meanwhile. */
  executeInOrder(requests: readonly BoxRequest[], signal: AbortSignal): Promise<ExecResult[]>;
}

/** Where a program's folder is inside its box. */
export const BOX_PROGRAM_DIR = "/box";

/** A program's own files are small; a compiler's are not, and say so. */
export const DEFAULT_FILE_BYTES = 64 * 2 ** 20;

/** The private /tmp, and /dev/shm likewise. What is in them counts as the program's memory. */
export const DEFAULT_TMP_BYTES = 256 * 2 ** 20;

/** The whole environment of a command: nothing of perfagent's own is in it. */
export function boxEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/tmp", TMPDIR: "/tmp", LANG: "C.UTF-8", ...env };
}

/** Who programs are to the host. */
export interface BoxIdentity {
  /** Programs run as another user than perfagent: a folder that they write to must be open to everybody. */
  readonly foreignUser: boolean;
}
