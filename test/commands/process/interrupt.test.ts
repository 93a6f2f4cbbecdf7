import { expect, setDefaultTimeout, test } from "bun:test";

/** Far above what a process needs, also on a busy machine. */
setDefaultTimeout(60_000);

const SOURCE = `import { interruptSignal, listenForInterrupts } from "${import.meta.dir}/../../../src/commands/process/interrupt.ts";
listenForInterrupts();
interruptSignal.addEventListener("abort", () => console.log("aborted"));
console.log("ready");
setInterval(() => {}, 1000);`;

/** A process that only waits; resolves with its output reader once it listens. */
async function waiting() {
  const child = Bun.spawn([process.execPath, "-e", SOURCE], {
    stdout: "pipe",
    timeout: 30_000,
    killSignal: "SIGKILL",
  });
  const reader = child.stdout.getReader();
  const nextLine = async () => new TextDecoder().decode((await reader.read()).value).trim();
  expect(await nextLine()).toBe("ready");
  return { child, nextLine };
}

for (const name of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const) {
  test(`the first ${name} aborts, the second ends with 130`, async () => {
    const { child, nextLine } = await waiting();
    child.kill(name);
    expect(await nextLine()).toBe("aborted");
    expect(child.exitCode).toBeNull();
    child.kill(name);
    expect(await child.exited).toBe(130);
  });
}
