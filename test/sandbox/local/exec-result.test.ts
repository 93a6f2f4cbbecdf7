import { expect, test } from "bun:test";
import { endingOf, statusOf } from "../../../src/sandbox/local/exec-result.ts";
import { signalName } from "../../../src/sandbox/local/signals.ts";

test.each([
  [0x0000, 0, null],
  [0x8900, 137, null],
  [0x7c00, 124, null],
  [0x0009, null, "SIGKILL"],
  [0x008b, null, "SIGSEGV"],
  [0x0006, null, "SIGABRT"],
  [0x0018, null, "SIGXCPU"],
] as const)("endingOf() tells codes from signals in %p", (status, exitCode, signal) => {
  expect(endingOf(status)).toEqual({ exitCode, signal });
});

test("signalName() names real-time signals by their distance", () => {
  expect([34, 64, 29].map(signalName)).toEqual(["SIGRTMIN+0", "SIGRTMIN+30", "SIGIO"]);
});

const NOTHING = { overOutput: false, overMemory: false, timedOut: false };
const KILLED = { exitCode: null, signal: "SIGKILL" };

test.each([
  [{ overOutput: true, overMemory: true, timedOut: true }, KILLED, "output_limit"],
  [{ overOutput: false, overMemory: true, timedOut: true }, KILLED, "memory_limit"],
  [{ ...NOTHING, timedOut: true }, { exitCode: 0, signal: null }, "timeout"],
  [NOTHING, KILLED, "runtime_error"],
  [NOTHING, { exitCode: 137, signal: null }, "runtime_error"],
  [NOTHING, { exitCode: 0, signal: null }, "exited"],
] as const)("statusOf() keeps the order of verdicts: %p", (overruns, ending, status) => {
  expect(statusOf(overruns, ending)).toBe(status);
});
