import type { PerfagentError } from "../errors.ts";
import type { ExecResult, Limits } from "../types.ts";
import type { SubmissionAnswer, SubmissionRequest } from "./wire.ts";

/** What a task is made of. */
export interface TaskParts {
  readonly limits: Limits;
  /**
   * The request to send, or the result when there is nothing to send.
   * @param extended The service understands perfagent's extension.
   */
  readonly request: (extended: boolean) => SubmissionRequest | ExecResult;
  /** The result that an answer means. */
  readonly read: (answer: SubmissionAnswer) => ExecResult;
}

/** One submission-to-be and the promise of its result. It has one result: the first one it is given. */
export interface Task extends TaskParts {
  readonly result: Promise<ExecResult>;
  readonly done: boolean;
  settle(outcome: ExecResult | PerfagentError): void;
  /** Called when the task is settled while a service works on it, so that the service can be told to stop. */
  onAbandoned: (() => void) | null;
}

export function createTask(parts: TaskParts): Task {
  const { promise, resolve, reject } = Promise.withResolvers<ExecResult>();
  let done = false;
  return {
    ...parts,
    result: promise,
    get done() {
      return done;
    },
    onAbandoned: null,
    settle(outcome) {
      if (done) return;
      done = true;
      this.onAbandoned?.();
      this.onAbandoned = null;
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    },
  };
}
