/** A process that runs programs without end, to be killed: `bun endless.ts TOKEN`. */
import { NEVER, openBench, write } from "./bench.ts";

/** A program that never ends and leaves a process of another session; the token finds it. */
export function endlessProgram(token: string): string {
  return `#include <unistd.h>
// ${token}
int main() {
  if (fork() == 0) setsid();
  for (;;) pause();
}
`;
}

if (import.meta.main) {
  const bench = await openBench();
  const program = await bench.build(endlessProgram(process.argv[2] ?? ""));
  const limits = { wallMs: 60_000, memoryBytes: 2 ** 28, outputBytes: 2 ** 20 };
  const jobs = Array.from({ length: 4 }, () => ({ build: program.build, stdin: "x", limits }));
  const running = bench.sandbox.run(jobs, { purpose: "check" }, NEVER);
  write("running");
  await running;
}
