/** From a launcher's answer to a result: the order of verdicts. Pure. */
import type { ExecResult, ExecStatus } from "../../types.ts";
import { emptyResult } from "../result.ts";
import type { LaunchAnswer } from "./protocol.ts";
import { signalName } from "./signals.ts";

/** How a program ended, in the words of wait4(): a signal and an exit code are told apart, whatever the code is. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** What stood in the way of a program, beside its own ending. */
export interface Overruns {
  readonly overOutput: boolean;
  readonly overMemory: boolean;
  readonly timedOut: boolean;
}

/** Output limit before memory limit before time limit before the program's own end. */
export function statusOf(overruns: Overruns, ending: Ending): ExecStatus {
  if (overruns.overOutput) return "output_limit";
  if (overruns.overMemory) return "memory_limit";
  if (overruns.timedOut) return "timeout";
  return ending.exitCode === 0 ? "exited" : "runtime_error";
}

/** Reads a raw wait status. */
export function endingOf(waitStatus: number): Ending {
  const number = waitStatus & 0x7f;
  if (number !== 0) return { exitCode: null, signal: signalName(number) };
  return { exitCode: (waitStatus >> 8) & 0xff, signal: null };
}

/** The result of one execution by the launcher. */
export function resultOfAnswer(answer: LaunchAnswer): ExecResult {
  if (answer.failed) {
    return emptyResult("sandbox_error", `Cannot start the program: ${answer.message}`);
  }
  const ending = endingOf(answer.waitStatus);
  return {
    ...ending,
    status: statusOf(answer, ending),
    wallNs: answer.wallNs,
    cpuUs: answer.cpuNs / 1000,
    peakBytes: answer.peakBytes,
    integralByteS: answer.integralByteS,
    stdout: answer.stdout,
    stderr: answer.stderr,
    stdoutTruncated: answer.outBytes > answer.stdout.length,
    stderrTruncated: answer.errBytes > answer.stderr.length,
    message: answer.overProcesses ? "it started more processes than are allowed" : "",
  };
}
