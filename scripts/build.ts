/**
 * Compiles perfagent into one executable, `dist/perfagent`, and runs what was built: a build that prints nothing and
 * exits 0 can still be a program that does not start.
 *
 * `--outfile PATH` writes it elsewhere.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import manifest from "../package.json" with { type: "json" };

const root = join(import.meta.dir, "..");
const outfileFlag = process.argv.indexOf("--outfile");
const outfile = outfileFlag === -1 ? join(root, "dist", "perfagent") : (process.argv[outfileFlag + 1] ?? "");
mkdirSync(dirname(outfile), { recursive: true });

// Without a C compiler the folder stays empty, and the executable measures the portable way where it finds none either.
const embedded = mkdtempSync(join(tmpdir(), "perfagent-build-"));
process.on("exit", () => rmSync(embedded, { recursive: true, force: true }));
run([process.execPath, join(root, "scripts", "build-launcher.ts"), embedded]);

run([
  process.execPath,
  "build",
  "--compile",
  "--production",
  "--minify",
  "--sourcemap",
  "--bytecode",
  // Without it bytecode means CommonJS, and a program with import.meta is built that cannot start.
  "--format=esm",
  // Commands are loaded when they are called; otherwise every start pays for all of them.
  "--splitting",
  // The current directory of a user is no configuration of ours.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--asset",
  join(embedded, "launcher"),
  join(root, "src", "cli.ts"),
  "--outfile",
  outfile,
]);

// The maps are inside the executable as well: there they turn a bug's stack into our own lines.
for (const name of readdirSync(dirname(outfile))) {
  if (name.endsWith(".map")) rmSync(join(dirname(outfile), name));
}

const version = run([outfile, "--version"]).trim();
if (!version.includes(manifest.version)) {
  fail(`Cannot use the build: '${outfile} --version' printed '${version}'; '${manifest.version}' is wanted`);
}
process.stderr.write(`${outfile}: ${version}, ${(statSync(outfile).size / 1e6).toFixed(1)} MB\n`);

function run(command: readonly string[]): string {
  const done = Bun.spawnSync([...command], { cwd: root, stdout: "pipe", stderr: "pipe" });
  if (done.exitCode !== 0) {
    fail(
      `Cannot build: '${command[0]} ${command[1]}' ended with ${done.exitCode}\n${done.stderr.toString()}`,
    );
  }
  return done.stdout.toString();
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
