import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createLogger } from "../../../src/commands/process/logger.ts";
import { withFolder } from "../../support/cli.ts";

/** Far above what a process needs, also on a busy machine. */
setDefaultTimeout(60_000);

/** What a logger in its own process writes. */
function logged(options: string, body: string) {
  const source = `import { createLogger } from "${import.meta.dir}/../../../src/commands/process/logger.ts";
const log = createLogger(${options});
${body}`;
  return Bun.spawnSync([process.execPath, "-e", source], {
    env: { PATH: process.env.PATH ?? "", OPENAI_API_KEY: "sk-test-1234567890", CI: "1", NODE_ENV: "test" },
  });
}

const ALL = 'log.debug("d"); log.info("i"); log.warn("w"); log.error("e");';

const LEVELS: readonly (readonly [string, string])[] = [
  ["{}", "i\nwarning: w\nerror: e\n"],
  ['{ level: "DEBUG" }', "debug: d\ni\nwarning: w\nerror: e\n"],
  ['{ level: "WARNING" }', "warning: w\nerror: e\n"],
  ['{ level: "ERROR" }', "error: e\n"],
  ["{ quiet: true }", "error: e\n"],
];

for (const [options, expected] of LEVELS) {
  test(`createLogger(${options}) writes to standard error only`, () => {
    const { stdout, stderr } = logged(options, ALL);
    expect(stderr.toString()).toBe(expected);
    expect(stdout.toString()).toBe("");
  });
}

test("createLogger() loses nothing at exit and merges no equal messages", () => {
  const { stderr } = logged(
    "{}",
    'for (let i = 0; i < 20_000; i++) log.info("the same words"); process.exit(0);',
  );
  expect(stderr.toString()).toBe("the same words\n".repeat(20_000));
});

test("createLogger() removes the keys of the environment", () => {
  expect(logged("{}", 'log.info("key " + process.env.OPENAI_API_KEY)').stderr.toString()).toBe("key ***\n");
});

test("createLogger() copies to a file, with time and level, also when quiet", async () => {
  await withFolder((folder) => {
    const file = join(folder, "perfagent.log");
    const log = createLogger({ quiet: true, file, redact: (text) => text.replaceAll("secret", "***") });
    log.debug("not this");
    log.info("a secret");
    log.warn("two");
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/^\S+Z /, ""))).toEqual(["INFO a ***", "WARNING two"]);
    expect(Date.parse(lines[0]?.split(" ")[0] ?? "")).toBeGreaterThan(0);
  });
});

test("createLogger() says when its file cannot be written", () => {
  expect(() => createLogger({ quiet: true, file: "/dev/full" }).info("x")).toThrow(
    "Cannot write the log '/dev/full': the disk is full",
  );
});

test("createLogger() goes on when standard error is closed", () => {
  const source = `import { createLogger } from "${import.meta.dir}/../../../src/commands/process/logger.ts";
createLogger().info("x"); console.log("alive");`;
  const { stdout } = Bun.spawnSync(["bash", "-c", '"$@" 2>&-', "bash", process.execPath, "-e", source]);
  expect(stdout.toString()).toBe("alive\n");
});
