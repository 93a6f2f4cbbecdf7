/**
 * `perfagent serve` under load: 500 clients at once for a minute, over the local sandbox. Nothing may be lost, doubled or
 * mixed up, memory stays bounded, and `/health` answers at once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnCli } from "../../test/support/cli.ts";
import { percentile, runLoad } from "../../test/support/service-load.ts";

const CLIENTS = 500;
const FOR_MS = 60_000;
/** Each client looks twice a second: 1000 requests a second, far above what official clients ask for. */
const POLL_MS = 500;

const HEALTH_P99_BAR_MS = 50;
const MEMORY_BAR_MB = 256;

export async function run(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "perfagent-bench-"));
  const child = spawnCli(["serve", "--port", "0"], home, { timeoutMs: 10 * FOR_MS });
  try {
    const url = await firstLine(child.stdout);
    const probe = startProbe(url);
    const load = await runLoad({
      url,
      clients: CLIENTS,
      forMs: FOR_MS,
      pollMs: POLL_MS,
      echo: { code: "import sys\nsys.stdout.write(sys.stdin.read())\n", language: "python" },
    });
    const { healthMs, residentMb } = await probe.stop();
    const p99 = percentile(healthMs, 0.99);
    const peak = Math.max(...residentMb);
    const lines = [
      `clients ${CLIENTS}, ${FOR_MS / 1000} s: ${load.submitted} submitted, ${load.done} done, ${load.refused} refused (429)`,
      line("lost", load.lost + (load.submitted - load.done - load.lost), 0, ""),
      line("doubled", load.doubled, 0, ""),
      line("wrong", load.wrong, 0, ""),
      line("/health p99", p99, HEALTH_P99_BAR_MS, " ms"),
      `/health p50 ${percentile(healthMs, 0.5).toFixed(1)} ms, max ${Math.max(...healthMs).toFixed(1)} ms over ${healthMs.length} looks`,
      line("resident memory, peak", peak, MEMORY_BAR_MB, " MB"),
      `resident memory at the start ${residentMb[0]?.toFixed(0)} MB, at the end ${residentMb.at(-1)?.toFixed(0)} MB`,
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  } finally {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(home, { recursive: true, force: true });
  }
}

// --- internal ---

function line(name: string, value: number, bar: number, unit: string): string {
  const ratio = bar === 0 ? "" : `, ratio ${(value / bar).toFixed(2)}`;
  const verdict = value <= bar ? "ok" : "MISSED";
  return `${name} ${Number(value.toFixed(1))}${unit} (bar ${bar}${unit}${ratio}) ${verdict}`;
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the service did not start");
    text += new TextDecoder().decode(value);
  }
  return text.trim();
}

/** Looks at the service from a thread of its own, so that the load's own work is not in the figures. */
function startProbe(url: string) {
  const worker = new Worker(new URL("./serve-probe.ts", import.meta.url).href);
  const { promise, resolve, reject } = Promise.withResolvers<{ healthMs: number[]; residentMb: number[] }>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => reject(new Error(event.message));
  worker.postMessage({ url });
  return {
    async stop() {
      worker.postMessage({ stop: true });
      const figures = await promise;
      worker.terminate();
      return figures;
    },
  };
}
