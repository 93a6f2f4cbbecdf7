import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openOwnFolder } from "../../../src/sandbox/local/own-folder.ts";
import { withFolder } from "../../support/cli.ts";

const SOURCE = join(import.meta.dir, "../../../src/sandbox/local/own-folder.ts");

/** Another process that has a folder and is killed, or lives on. */
async function otherProcess(tmpDir: string) {
  const source = `import { openOwnFolder } from "${SOURCE}"; console.log(openOwnFolder("${tmpDir}").path); setInterval(() => {}, 1000);`;
  const child = Bun.spawn([process.execPath, "-e", source], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  return { child, path: new TextDecoder().decode(value).trim() };
}

test("openOwnFolder() removes the folders of killed processes and leaves those of living ones", () =>
  withFolder(async (tmpDir) => {
    const killed = await otherProcess(tmpDir);
    const living = await otherProcess(tmpDir);
    writeFileSync(join(killed.path, "left behind"), "");
    killed.child.kill("SIGKILL");
    await killed.child.exited;
    expect(existsSync(killed.path)).toBe(true);
    const own = openOwnFolder(tmpDir);
    expect(existsSync(killed.path)).toBe(false);
    expect(existsSync(living.path)).toBe(true);
    own.remove();
    expect(existsSync(own.path)).toBe(false);
    living.child.kill("SIGKILL");
    await living.child.exited;
  }));

test("openOwnFolder() leaves what is not its own alone", () =>
  withFolder((tmpDir) => {
    mkdirSync(join(tmpDir, "perfagent-sandbox-without-lock"));
    mkdirSync(join(tmpDir, "perfagent-demo-x"));
    openOwnFolder(tmpDir).remove();
    expect(readdirSync(tmpDir).sort()).toEqual(["perfagent-demo-x", "perfagent-sandbox-without-lock"]);
  }));
