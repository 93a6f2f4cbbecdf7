import { test } from "bun:test";

/**
 * A test that needs something a machine may lack. Where `PERFAGENT_TEST_REQUIRE_ALL=1` (the CI), a missing part fails
 * the test; elsewhere the test is skipped and its name says why.
 *
 * @param missing What is missing, as words for the reader ("bubblewrap is not installed"), or null when all is there.
 */
export function optionalTest(missing: string | null) {
  if (missing === null) return test;
  if (process.env.PERFAGENT_TEST_REQUIRE_ALL === "1") {
    return (name: string, _body: () => unknown, _timeoutMs?: number): void => {
      test(name, () => {
        throw new Error(`This test is required here, but ${missing}`);
      });
    };
  }
  return (name: string, body: () => unknown, timeoutMs?: number): void => {
    test.skip(`${name} (skipped: ${missing})`, body as () => void, timeoutMs);
  };
}
