/** A process with a box whose program never ends, to be killed: `bun endless.ts FOLDER TOKEN`. */
import { join } from "node:path";
import { createLocalSandbox } from "../../../src/sandbox/local/index.ts";

const [folder = "", token = ""] = process.argv.slice(2);
const sandbox = await createLocalSandbox({
  allowUnsafe: false,
  cacheDir: join(folder, "cache"),
  tmpDir: join(folder, "endless"),
  env: process.env,
  logger: { debug() {}, info() {}, warn() {}, error() {} },
});
const never = new AbortController().signal;
const code = `#include <unistd.h>\n// ${token}\nint main() { if (fork() == 0) setsid(); for (;;) pause(); }\n`;
const build = await sandbox.build({ language: "cpp", code }, never);
if (build.status !== "ok") throw new Error(build.message);
const limits = { wallMs: 60_000, memoryBytes: 2 ** 28, outputBytes: 2 ** 20 };
const running = sandbox.run([{ build, stdin: "", limits }], { purpose: "check" }, never);
process.stdout.write("running\n");
await running;
