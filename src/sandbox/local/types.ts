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

/** Runs commands in boxes, under the sandbox's schedule of cores. */
export interface Boxes {
  /**
   * Runs one command on any free core. Never rejects because of what the command did; an aborted signal kills it and
   * gives a `cancelled` result.
   */
  execute(request: BoxRequest, signal: AbortSignal): Promise<ExecResult>;
}

/** Identity of files that a box writes into writable mounts, so that their owner can prepare the folder. */
export interface BoxIdentity {
  /** True when programs run as another user than perfagent: a writable folder must then be open to everybody. */
  readonly foreignUser: boolean;
}

/** Where a program's folder is inside its box. */
export const BOX_PROGRAM_DIR = "/box";
