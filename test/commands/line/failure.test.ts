import { expect, test } from "bun:test";
import { describeFailure, wantsStacks } from "../../../src/commands/line/failure.ts";
import { type ErrorCode, EXIT_CODES, interruptedError, PerfagentError } from "../../../src/errors.ts";

test("describeFailure() takes each code's exit code, message and hint", () => {
  for (const [code, exitCode] of Object.entries(EXIT_CODES)) {
    const error = new PerfagentError(code as ErrorCode, "what", { hint: "do", cause: new Error("why") });
    expect(describeFailure(error, false)).toEqual({ lines: ["error: what", "hint: do"], exitCode });
  }
  expect(describeFailure(interruptedError(), false).exitCode).toBe(130);
});

test("describeFailure() shows stacks only at DEBUG", () => {
  const bug = new TypeError("x is undefined");
  const short = describeFailure(bug, false);
  expect(short.exitCode).toBe(1);
  expect(short.lines.join("\n")).toMatchInlineSnapshot(`
    "error: perfagent has failed because of a bug of its own: TypeError: x is undefined
    hint: Please report it, with what the same command prints with --log-level DEBUG"
  `);
  expect(describeFailure(bug, true).lines.join("\n")).toContain("failure.test.ts");
  const caused = new PerfagentError("output", "what", { cause: bug });
  expect(describeFailure(caused, true).lines.join("\n")).toContain("failure.test.ts");
});

test("describeFailure() takes anything that was thrown", () => {
  for (const thrown of ["text", undefined, null, 3]) expect(describeFailure(thrown, true).exitCode).toBe(1);
});

test("wantsStacks() reads flag and variable", () => {
  expect(wantsStacks(["run", "--log-level", "DEBUG"], {})).toBe(true);
  expect(wantsStacks(["--log-level=DEBUG"], {})).toBe(true);
  expect(wantsStacks([], { PERFAGENT_LOG_LEVEL: "DEBUG" })).toBe(true);
  expect(wantsStacks(["DEBUG", "--log-level", "INFO"], { PERFAGENT_LOG_LEVEL: "INFO" })).toBe(false);
});
