import { describe, expect, test } from "bun:test";
import { createGovernor, type GovernorOptions } from "../../src/model/governor.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const NEVER = new AbortController().signal;

function governorWith(options: Partial<GovernorOptions>) {
  const clock = new VirtualClock();
  const governor = createGovernor({
    requestsPerMinute: null,
    tokensPerMinute: null,
    maxConcurrency: null,
    ...options,
    clock,
  });
  return { clock, governor };
}

describe("createGovernor()", () => {
  test("sends no more requests than allowed in any minute", async () => {
    const { clock, governor } = governorWith({ requestsPerMinute: 3 });
    const sentAt: number[] = [];
    for (let i = 0; i < 8; i++) {
      const lease = await governor.acquire("a", 10, NEVER);
      sentAt.push(clock.nowMs());
      lease.release(null);
    }
    expect(sentAt).toEqual([0, 0, 0, 60_000, 60_000, 60_000, 120_000, 120_000]);
  });

  test("counts tokens as they turn out, and lets pass what is larger than the limit when nothing else is", async () => {
    const { clock, governor } = governorWith({ tokensPerMinute: 1000 });
    (await governor.acquire("a", 900, NEVER)).release(100);
    await governor.acquire("a", 900, NEVER);
    expect(clock.nowMs()).toBe(0);
    await governor.acquire("a", 5000, NEVER);
    expect(clock.nowMs()).toBe(60_000);
  });

  test("has no more requests under way than allowed", async () => {
    const { governor } = governorWith({ maxConcurrency: 2 });
    const first = await governor.acquire("a", 1, NEVER);
    await governor.acquire("b", 1, NEVER);
    let isThird = false;
    const third = governor.acquire("c", 1, NEVER).then(() => {
      isThird = true;
    });
    await Bun.sleep(5);
    expect(isThird).toBe(false);
    first.release(null);
    first.release(null);
    await third;
    expect(isThird).toBe(true);
  });

  test("serves the owner next who was served the longest time ago", async () => {
    const { governor } = governorWith({ maxConcurrency: 1 });
    const order: string[] = [];
    const ask = async (owner: string): Promise<void> => {
      const lease = await governor.acquire(owner, 1, NEVER);
      order.push(owner);
      await Bun.sleep(0);
      lease.release(null);
    };
    const greedy = Array.from({ length: 6 }, () => ask("greedy"));
    await Promise.all([...greedy, ask("b"), ask("c"), ask("b")]);
    expect(order.join(" ")).toBe("greedy b c greedy b greedy greedy greedy greedy");
  });

  test("waits for what the service says, a minute at the most", async () => {
    const { clock, governor } = governorWith({});
    governor.learn({ requests: { remaining: 1, resetMs: 20_000 }, tokens: null });
    (await governor.acquire("a", 1, NEVER)).release(null);
    expect(clock.nowMs()).toBe(0);
    (await governor.acquire("a", 1, NEVER)).release(null);
    expect(clock.nowMs()).toBe(20_000);
    governor.learn({ requests: null, tokens: { remaining: 50, resetMs: 7_200_000 } });
    (await governor.acquire("a", 100, NEVER)).release(null);
    expect(clock.nowMs()).toBe(80_000);
    governor.pause(3_600_000);
    (await governor.acquire("a", 1, NEVER)).release(null);
    expect(clock.nowMs()).toBe(140_000);
  });

  test("tells of a wait once, and again when it has grown by a second", async () => {
    const waits: number[] = [];
    const { clock, governor } = governorWith({ requestsPerMinute: 2, onWait: ({ ms }) => waits.push(ms) });
    const ask = async (): Promise<void> => (await governor.acquire("a", 1, NEVER)).release(null);
    await ask();
    await ask();
    expect(waits).toEqual([]);
    await Promise.all([ask(), ask()]);
    expect(waits).toEqual([60_000]);
    expect(clock.nowMs()).toBe(60_000);
    governor.pause(500);
    governor.pause(20_000);
    governor.pause(20_500);
    expect(waits).toEqual([60_000, 20_000]);
  });

  test("gives up at once when aborted, and the next one moves up", async () => {
    const { governor } = governorWith({ maxConcurrency: 1 });
    const held = await governor.acquire("a", 1, NEVER);
    const controller = new AbortController();
    const second = governor.acquire("b", 1, controller.signal);
    const third = governor.acquire("c", 1, NEVER);
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: "interrupted" });
    held.release(null);
    (await third).release(null);
    await expect(governor.acquire("a", 1, AbortSignal.abort())).rejects.toMatchObject({
      code: "interrupted",
    });
  });
});
