import { expect, test } from "bun:test";
import { type CoreLease, createCores } from "../../../src/sandbox/local/cores.ts";

const NEVER = new AbortController().signal;

function setup(physical: readonly (readonly number[])[], maxWorkers = 99) {
  const timed: (readonly number[])[] = [];
  const cores = createCores({ physical, maxWorkers, onTimedCores: (taken) => timed.push(taken) });
  return { cores, timed };
}

/** A lease that may have to wait: what it got so far. */
function track(promise: Promise<CoreLease>): { lease: CoreLease | null } {
  const tracked: { lease: CoreLease | null } = { lease: null };
  void promise.then((lease) => {
    tracked.lease = lease;
  });
  return tracked;
}

test("createCores() gives every check a core of its own, and makes the next one wait", async () => {
  const { cores } = setup([[0], [1]]);
  const first = await cores.lease("check", NEVER);
  const second = await cores.lease("check", NEVER);
  const third = track(cores.lease("check", NEVER));
  await Bun.sleep(0);
  expect(new Set([first.core, second.core])).toEqual(new Set([0, 1]));
  expect(third.lease).toBeNull();
  second.release();
  second.release();
  await Bun.sleep(0);
  expect(third.lease as CoreLease | null).toMatchObject({ core: second.core });
});

test("createCores() times away from its own core, and says which cores to leave", async () => {
  const { cores, timed } = setup([
    [0, 2],
    [1, 3],
  ]);
  const lease = await cores.lease("time", NEVER);
  expect(lease).toMatchObject({ core: 1, homeCore: 0 });
  expect(timed).toEqual([[1, 3]]);
  lease.release();
  expect(timed.at(-1)).toEqual([]);
});

test("createCores() waits for the whole physical core, and lets checks use only its own meanwhile", async () => {
  const { cores } = setup([
    [0, 2],
    [1, 3],
  ]);
  const checks = [await cores.lease("check", NEVER), await cores.lease("check", NEVER)];
  expect(checks.map(({ core }) => core)).toEqual([3, 1]);
  const timing = track(cores.lease("time", NEVER));
  const more = [
    track(cores.lease("check", NEVER)),
    track(cores.lease("check", NEVER)),
    track(cores.lease("check", NEVER)),
  ];
  checks[0]?.release();
  await Bun.sleep(0);
  expect(timing.lease).toBeNull();
  expect(more.map(({ lease }) => lease?.core)).toEqual([2, 0, undefined]);
  checks[1]?.release();
  await Bun.sleep(0);
  expect(timing.lease as CoreLease | null).toMatchObject({ core: 1 });
  expect(more[2]?.lease ?? null).toBeNull();
});

test("createCores() works with one core", async () => {
  const { cores } = setup([[5]]);
  const lease = await cores.lease("time", NEVER);
  expect(lease).toMatchObject({ core: 5, homeCore: 5 });
});

test("createCores() holds the number of workers", async () => {
  const { cores } = setup([[0], [1], [2]], 1);
  const first = await cores.lease("check", NEVER);
  const second = track(cores.lease("check", NEVER));
  await Bun.sleep(0);
  expect(second.lease).toBeNull();
  first.release();
  await Bun.sleep(0);
  expect(second.lease).not.toBeNull();
});

test("createCores() forgets who is aborted while waiting", async () => {
  const { cores } = setup([[0]]);
  const first = await cores.lease("check", NEVER);
  const controller = new AbortController();
  const aborted = cores.lease("check", controller.signal);
  const last = track(cores.lease("check", NEVER));
  controller.abort(new Error("enough"));
  await expect(aborted).rejects.toThrow("enough");
  first.release();
  await Bun.sleep(0);
  expect(last.lease).not.toBeNull();
});
