/** A line of those who wait for their turn; whoever is aborted leaves it at once. */
import { interruptedError } from "../errors.ts";

export interface Waiter<Need, Turn> {
  readonly need: Need;
  resolve(turn: Turn): void;
  reject(error: Error): void;
}

/**
 * Puts somebody at the end of a line. Who takes waiters out of the line resolves or rejects them.
 *
 * @param onChange Called when the line has changed: somebody came, or somebody left by being aborted.
 * @throws PerfagentError `interrupted` at once when the signal is or becomes aborted.
 */
export function joinLine<Need, Turn>(
  line: Waiter<Need, Turn>[],
  need: Need,
  signal: AbortSignal,
  onChange: () => void,
): Promise<Turn> {
  if (signal.aborted) return Promise.reject(interruptedError());
  const { promise, resolve, reject } = Promise.withResolvers<Turn>();
  const waiter: Waiter<Need, Turn> = {
    need,
    resolve(turn) {
      signal.removeEventListener("abort", onAbort);
      resolve(turn);
    },
    reject(error) {
      signal.removeEventListener("abort", onAbort);
      reject(error);
    },
  };
  function onAbort(): void {
    line.splice(line.indexOf(waiter), 1);
    reject(interruptedError());
    onChange();
  }
  signal.addEventListener("abort", onAbort, { once: true });
  line.push(waiter);
  onChange();
  return promise;
}
