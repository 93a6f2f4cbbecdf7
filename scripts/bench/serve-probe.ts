/** A thread that looks at a service's `/health` and memory until it is told to stop; part of the bench of `serve`. */
declare const self: Worker;

const EVERY_MS = 25;
const MEMORY_EVERY = 40;

let stopped = false;

self.onmessage = ({ data }: MessageEvent<{ url?: string; stop?: boolean }>) => {
  if (data.stop === true) stopped = true;
  if (data.url !== undefined) void probe(data.url);
};

async function probe(url: string): Promise<void> {
  const healthMs: number[] = [];
  const residentMb: number[] = [];
  for (let look = 0; !stopped; look += 1) {
    const startedAt = performance.now();
    await (await fetch(`${url}/health`)).json();
    healthMs.push(performance.now() - startedAt);
    if (look % MEMORY_EVERY === 0) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const bytes = Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1]);
      residentMb.push(bytes / 1e6);
    }
    await Bun.sleep(EVERY_MS);
  }
  self.postMessage({ healthMs, residentMb });
}
