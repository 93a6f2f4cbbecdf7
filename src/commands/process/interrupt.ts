import { EXIT_CODES } from "../../errors.ts";

const controller = new AbortController();
let outputAbandoned = false;

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP (and SIGUSR1, which batch schedulers send before the time limit).
 * A second signal ends the process at once with exit code 130.
 */
export const interruptSignal: AbortSignal = controller.signal;

/** Starts to listen for signals. Called once, before a command runs. */
export function listenForInterrupts(): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT_CODES.interrupted);
      controller.abort(new DOMException(`Received ${name}`, "AbortError"));
    });
  }
}

/** Asks the work to stop because nobody reads its output any more. */
export function abandonOutput(): void {
  outputAbandoned = true;
  controller.abort(new DOMException("Nobody reads standard output any more", "AbortError"));
}

/** Whether the work was asked to stop because nobody reads its output: no failure, and nobody to be told. */
export function isOutputAbandoned(): boolean {
  return outputAbandoned;
}
