/**
 * Builds the launcher of the local sandbox for the executable to carry: `bun scripts/build-launcher.ts FOLDER` leaves
 * `FOLDER/launcher/launcher-<processor>`. Without a C compiler the folder stays empty, and perfagent looks for a compiler
 * where it runs.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { compileLauncher, LAUNCHER_NAME } from "../src/sandbox/local/launcher-file.ts";

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("Usage: bun scripts/build-launcher.ts FOLDER\n");
  process.exit(2);
}
const target = join(folder, "launcher");
mkdirSync(target, { recursive: true });
const built = await compileLauncher(join(target, LAUNCHER_NAME), process.env.PATH ?? "");
process.stderr.write(built === null ? "No C compiler: the launcher is not embedded\n" : `${built}\n`);
