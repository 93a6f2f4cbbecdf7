// Makes a fresh clone ready with Node and npm only: installs the locked packages and repairs Bun's
// binary where install scripts are switched off. Takes no time when there is nothing to do.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bunPackage = join(root, "node_modules", "bun");
const bunBinary = join(bunPackage, "bin", "bun.exe");
/** Bun's package ships a stub of a few hundred bytes that its install script replaces. */
const SMALLEST_REAL_BINARY_BYTES = 1_000_000;

if (!isInstalled()) run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], root);
if (!isRealBinary()) run(process.execPath, ["install.js"], bunPackage);
if (!isRealBinary()) fail(`Cannot set up Bun: ${bunBinary} is not a program after its installation`);

function isInstalled() {
  const marker = join(root, "node_modules", ".package-lock.json");
  const lock = join(root, "package-lock.json");
  if (!existsSync(marker) || statSync(marker).mtimeMs < statSync(lock).mtimeMs) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.bun;
  const found = existsSync(join(bunPackage, "package.json"))
    ? JSON.parse(readFileSync(join(bunPackage, "package.json"), "utf8")).version
    : "none";
  return found === wanted;
}

function isRealBinary() {
  return existsSync(bunBinary) && statSync(bunBinary).size > SMALLEST_REAL_BINARY_BYTES;
}

function run(command, args, cwd) {
  // npm's progress must not mix with the output of the command that called this script.
  const done = spawnSync(command, args, { cwd, stdio: ["ignore", process.stderr, process.stderr] });
  if (done.status !== 0)
    fail(`Cannot set up the project: '${command} ${args.join(" ")}' ended with ${done.status ?? done.error}`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
