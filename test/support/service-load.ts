import { ProtocolError, protocolClient } from "./protocol-client.ts";

export interface LoadOptions {
  readonly url: string;
  /** Clients at once; each has one submission at a time. */
  readonly clients: number;
  /** New submissions are made for this time; then the last ones are waited for. */
  readonly forMs: number;
  /** Between a client's looks at its submission. */
  readonly pollMs: number;
  /** A program that prints its input. */
  readonly echo: { readonly code: string; readonly language: string };
}

export interface LoadResult {
  readonly submitted: number;
  readonly done: number;
  /** Refused with 429; tried again, so nothing is lost by it. */
  readonly refused: number;
  /** Submissions whose id was never answered again. */
  readonly lost: number;
  /** Ids that were given twice. */
  readonly doubled: number;
  /** Results that are not the submission's own: another output, or no success. */
  readonly wrong: number;
}

/** Puts a service under load by clients that each wait for their own result before they ask for the next one. */
export async function runLoad({ url, clients, forMs, pollMs, echo }: LoadOptions): Promise<LoadResult> {
  const client = protocolClient(url);
  const ids = new Set<number>();
  const count = { submitted: 0, done: 0, refused: 0, lost: 0, doubled: 0, wrong: 0 };
  const until = performance.now() + forMs;

  async function oneClient(name: number): Promise<void> {
    // Spread, so that the clients do not move in step.
    await Bun.sleep((name / clients) * pollMs);
    for (let round = 0; performance.now() < until; round += 1) {
      const stdin = `client ${name} round ${round}`;
      const id = await client.submit({ ...echo, stdin, time_limit: 30 }).catch((error: unknown) => {
        if (error instanceof ProtocolError && error.status === 429) return null;
        throw error;
      });
      if (id === null) {
        count.refused += 1;
        await Bun.sleep(pollMs);
        continue;
      }
      count.submitted += 1;
      if (ids.has(id)) count.doubled += 1;
      ids.add(id);
      for (;;) {
        await Bun.sleep(pollMs);
        const [result] = await client.results([id]);
        if (result === undefined) {
          count.lost += 1;
          break;
        }
        if (result.status === "waiting" || result.status === "processing") continue;
        count.done += 1;
        if (result.status !== "done" || result.text !== stdin) count.wrong += 1;
        break;
      }
    }
  }

  await Promise.all(Array.from({ length: clients }, (_, name) => oneClient(name)));
  return count;
}

/** The value that a share of the numbers does not exceed. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
