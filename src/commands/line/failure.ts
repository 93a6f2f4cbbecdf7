import { EXIT_CODES, PerfagentError } from "../../errors.ts";

/** What is said of a failure, and how the process ends. */
export interface Failure {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/**
 * A failure as lines for standard error and an exit code. What is no PerfagentError is a bug of ours: its stack is shown
 * only on demand, because it tells a user nothing.
 *
 * @param debug Whether stacks are shown.
 */
export function describeFailure(thrown: unknown, debug: boolean): Failure {
  if (thrown instanceof PerfagentError) {
    const cause = thrown.cause instanceof Error && debug ? [thrown.cause.stack ?? thrown.cause.message] : [];
    const hint = thrown.hint === "" ? [] : [`hint: ${thrown.hint}`];
    return { lines: [`error: ${thrown.message}`, ...hint, ...cause], exitCode: thrown.exitCode };
  }
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  return {
    lines: [
      `error: perfagent has failed because of a bug of its own: ${what}`,
      debug ? stack : "hint: Please report it, with what the same command prints with --log-level DEBUG",
    ],
    exitCode: EXIT_CODES.bug,
  };
}

/** Whether a command line or an environment asks for stacks. Looked at before anything is checked. */
export function wantsStacks(
  tokens: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  const at = tokens.indexOf("--log-level");
  return (
    (at >= 0 && tokens[at + 1] === "DEBUG") ||
    tokens.includes("--log-level=DEBUG") ||
    environment.PERFAGENT_LOG_LEVEL === "DEBUG"
  );
}
