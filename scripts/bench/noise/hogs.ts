import { availableParallelism } from "node:os";

/**
 * One process that computes for 0.2 to 1.5 s and rests for 0.2 to 1.5 s, by a seeded generator of its own, until the
 * process that started it is gone.
 */
const HOG = `
let state = Number(process.argv[1]) >>> 0;
const random = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32);
const parent = process.ppid;
while (process.ppid === parent) {
  const until = performance.now() + 200 + 1300 * random();
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 200 + 1300 * random()));
}`;

/** Starts one hog per core. */
export function startHogs(seed: number): { stop(): void } {
  const hogs = Array.from({ length: availableParallelism() }, (_, index) =>
    Bun.spawn([process.execPath, "-e", HOG, String(seed + index)], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
    }),
  );
  return {
    stop() {
      for (const hog of hogs) hog.kill("SIGKILL");
    },
  };
}
