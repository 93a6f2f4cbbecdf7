/**
 * The gate: everything that must hold before a change lands, in one command. `npm test` runs all of it, `npm run static`
 * (`--static`) only what needs no program to run. Ends with one line, `N passed, N failed, N skipped`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** For tests that name no time of their own; far above what any of them takes on a busy machine. */
const TEST_TIMEOUT_MS = 60_000;

const root = join(import.meta.dir, "..");
const bun = process.execPath;
const isStatic = process.argv.includes("--static");
const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
const temporary = mkdtempSync(join(tmpdir(), "perfagent-gate-"));

check("formatting and lint", [join(root, "node_modules/.bin/biome"), "check", "--error-on-warnings", "."]);
check("types", [bun, "check"]);
check("import rule", [bun, "scripts/check-imports.ts"]);
check("generated files", [bun, "scripts/gen-config.ts", "--check"]);
if (!isStatic && check("compiled binary", [bun, "scripts/build.ts"])) runTests();

rmSync(temporary, { recursive: true, force: true });
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
const skippedIsFailure = process.env.PERFAGENT_TEST_REQUIRE_ALL === "1" && counts.skipped > 0;
if (skippedIsFailure)
  process.stderr.write("A skipped test is a failure here: every optional part is required.\n");
process.exit(counts.failed > 0 || skippedIsFailure ? 1 : 0);

function check(name: string, command: readonly string[]): boolean {
  const startedMs = performance.now();
  const done = Bun.spawnSync([...command], {
    cwd: root,
    stdout: "pipe",
    stderr: "pipe",
    env: cleanEnvironment(),
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const ok = done.exitCode === 0;
  process.stderr.write(`${ok ? "ok  " : "FAIL"} ${name} (${seconds} s)\n`);
  if (!ok) process.stderr.write(`${done.stdout}${done.stderr}\n`);
  counts[ok ? "passed" : "failed"] += 1;
  return ok;
}

/** Runs every test; those that drive the command line drive the compiled binary. */
function runTests(): void {
  const report = join(temporary, "junit.xml");
  const done = Bun.spawnSync(
    [bun, "test", `--timeout=${TEST_TIMEOUT_MS}`, "--reporter=junit", `--reporter-outfile=${report}`],
    {
      cwd: root,
      stdout: "inherit",
      stderr: "inherit",
      env: {
        ...cleanEnvironment(),
        PERFAGENT_TEST_BINARY: join(root, "dist", "perfagent"),
        // Shared by the test files: what they build, such as Go's library, is built once.
        PERFAGENT_TEST_CACHE: join(temporary, "cache"),
      },
    },
  );
  const totals = /<testsuites[^>]*>/.exec(readReport(report))?.[0] ?? "";
  const total = attribute(totals, "tests");
  const failed = attribute(totals, "failures");
  const skipped = attribute(totals, "skipped");
  counts.passed += total - failed - skipped;
  counts.failed += failed;
  counts.skipped += skipped;
  // A crash of the runner, or an error outside of any test, has no place in its report.
  if (done.exitCode !== 0 && failed === 0) counts.failed += 1;
}

function readReport(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function attribute(element: string, name: string): number {
  return Number(new RegExp(`\\b${name}="(\\d+)"`).exec(element)?.[1] ?? 0);
}

/** No key of the person who runs the tests is seen by them, and no setting of theirs changes them. */
function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/API_KEY$|^PERFAGENT_(?!TEST_)|^BACKEND_BASE_URL$/.test(name),
  );
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? ""]));
}
