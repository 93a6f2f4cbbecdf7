import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureWritable, readBytes, readText, writeOutput } from "../../../src/commands/process/files.ts";
import { PerfagentError, systemReason } from "../../../src/errors.ts";
import { withFolder } from "../../support/cli.ts";

/** Far above what a process needs, also on a busy machine. */
setDefaultTimeout(60_000);

/** The error of a promise that must fail. */
async function failure(promise: Promise<unknown>): Promise<PerfagentError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PerfagentError) return error;
  throw new Error(`A PerfagentError was wanted: ${error}`);
}

const instance = { what: "the instance", code: "instance" } as const;

test("readText() reads UTF-8 without its byte order mark", async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, "a"), "\uFEFFä\r\n");
    expect(await readText(join(folder, "a"))).toBe("ä\r\n");
    expect((await readBytes(join(folder, "a"))).length).toBe(7);
  });
});

test("readText() says what is wrong with a path", async () => {
  await withFolder(async (folder) => {
    const bad = join(folder, "bad");
    writeFileSync(bad, Buffer.from([0x61, 0xff]));
    const cases: readonly (readonly [string, string])[] = [
      [join(folder, "none"), "there is no such file or directory"],
      [folder, "it is a directory; a file is wanted"],
      [join(bad, "x"), "a part of its path is a file, not a directory"],
      ["", "the path is empty"],
      [bad, "it is not UTF-8 text"],
    ];
    for (const [path, says] of cases) {
      const error = await failure(readText(path, instance));
      expect(error.code).toBe("instance");
      expect(error.message).toStartWith(`Cannot read the instance from '${path}': `);
      expect(error.message).toContain(says);
    }
  });
});

test("readText() refuses what is too large, also without an end", async () => {
  const error = await failure(readText("/dev/zero", { maxBytes: 1000 }));
  expect(error.message).toContain("it is larger than 1000 bytes");
});

test("writeOutput() names the path and the reason", async () => {
  await withFolder(async (folder) => {
    for (const [path, says] of [
      [join(folder, "none/a"), "there is no such file or directory"],
      [folder, "directory"],
      ["/dev/full", "the disk is full"],
    ] as const) {
      const error = await failure(writeOutput(path, "x"));
      expect([error.code, error.exitCode]).toEqual(["output", 7]);
      expect(error.message).toStartWith(`Cannot write '${path}': `);
      expect(error.message).toContain(says);
    }
  });
});

test("ensureWritable() knows before the work", async () => {
  await withFolder((folder) => {
    for (const path of ["-", join(folder, "new"), "/dev/null", "relative"]) ensureWritable(path);
    writeFileSync(join(folder, "old"), "");
    ensureWritable(join(folder, "old"));
    for (const path of [folder, join(folder, "none/a"), join(folder, "old/a")]) {
      expect(() => ensureWritable(path)).toThrow(`Cannot write '${path}': `);
    }
  });
});

test("systemReason() has words for what a disk may answer", () => {
  for (const [code, words] of [
    ["EACCES", "permission is denied"],
    ["EROFS", "the file system is read-only"],
    ["EDQUOT", "the disk quota is used up"],
  ] as const) {
    expect(systemReason(Object.assign(new Error("raw"), { code }))).toBe(words);
  }
  expect(systemReason(Object.assign(new Error("raw"), { code: "EODD" }))).toBe("raw");
});

test("writeOutput() replaces a file as a whole", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "a");
    await writeOutput(path, "one");
    await writeOutput(path, "two");
    expect(readFileSync(path, "utf8")).toBe("two");
  });
});

/** Runs a script that uses the real standard streams of its own process. */
function script(body: string, options: { stdin?: string; shell?: string } = {}) {
  const source = `import { readText } from "${import.meta.dir}/../../../src/commands/process/files.ts";
import { writeStdout } from "${import.meta.dir}/../../../src/commands/process/stdout.ts";
import { interruptSignal } from "${import.meta.dir}/../../../src/commands/process/interrupt.ts";
${body}`;
  const shell = options.shell ?? '"$@"';
  return Bun.spawnSync(["bash", "-c", shell, "bash", process.execPath, "-e", source], {
    stdin: Buffer.from(options.stdin ?? ""),
    cwd: "/",
  });
}

test("readText('-') reads standard input to its end, once", () => {
  const body = `const text = await readText("-", { what: "the instance" });
console.log(text.length);
await readText("-", { what: "the program" }).catch((error) => console.log(error.message));`;
  expect(script(body, { stdin: "ä".repeat(3_000_000) }).stdout.toString()).toBe(
    "3000000\nCannot read the program from standard input: it was already read as the instance; only one file can be -\n",
  );
});

test("readText('-') of nothing is empty", () => {
  expect(script('console.log((await readText("-")).length)').stdout.toString()).toBe("0\n");
});

test("writeStdout() is complete in a slow pipe, also before process.exit", () => {
  const body = 'await writeStdout("x".repeat(10_000_000)); process.exit(0);';
  const { stdout, exitCode } = script(body, { shell: '"$@" | (sleep 0.2; wc -c)' });
  expect(stdout.toString().trim()).toBe("10000000");
  expect(exitCode).toBe(0);
});

test("writeStdout() asks the work to stop when the reader has gone", () => {
  const body =
    'for (let i = 0; i < 100; i++) await writeStdout("x".repeat(100_000)); console.error(interruptSignal.aborted);';
  const { stderr } = script(body, { shell: '"$@" | head -c 1 > /dev/null' });
  expect(stderr.toString()).toBe("true\n");
});

test("an interrupt ends the wait for a pipe", async () => {
  const source = `import { listenForInterrupts } from "${import.meta.dir}/../../../src/commands/process/interrupt.ts";
import { readText } from "${import.meta.dir}/../../../src/commands/process/files.ts";
listenForInterrupts();
console.log("ready");
await readText("-").catch((error) => console.log(error.code));
process.exit(0);`;
  const child = Bun.spawn([process.execPath, "-e", source], {
    stdin: "pipe",
    stdout: "pipe",
    timeout: 30_000,
  });
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  expect(decoder.decode((await reader.read()).value)).toBe("ready\n");
  child.kill("SIGINT");
  expect(decoder.decode((await reader.read()).value)).toBe("interrupted\n");
  expect(await child.exited).toBe(0);
});

test("readText() reads pipes that have a name", async () => {
  const command = `"${process.execPath}" -e '${`import { readText } from "${import.meta.dir}/../../../src/commands/process/files.ts"; console.log(await readText(process.argv[1]));`}'`;
  const { stdout } = Bun.spawnSync(["bash", "-c", `${command} <(sleep 0.1; echo one; sleep 0.1; echo two)`]);
  expect(stdout.toString()).toBe("one\ntwo\n\n");
});
