/** Numbers of a service in Prometheus' text format. */
import { VERSION } from "../version.ts";
import type { SubmissionStats } from "./server-submissions.ts";

/** Counts answers by path and status. */
export interface RequestCounter {
  count(path: string, status: number): void;
  entries(): readonly { readonly path: string; readonly status: number; readonly count: number }[];
}

export function createRequestCounter(): RequestCounter {
  const counts = new Map<string, { path: string; status: number; count: number }>();
  return {
    count(path, status) {
      const key = `${path} ${status}`;
      const entry = counts.get(key) ?? { path, status, count: 0 };
      entry.count += 1;
      counts.set(key, entry);
    },
    entries: () => [...counts.values()],
  };
}

export interface MetricsInput {
  readonly stats: SubmissionStats;
  readonly requests: ReturnType<RequestCounter["entries"]>;
  readonly workers: number;
  readonly isolation: string;
  readonly measurement: string;
  readonly uptimeSeconds: number;
  readonly residentBytes: number;
}

/** The whole page. */
export function metricsText(input: MetricsInput): string {
  const { stats } = input;
  const info = { version: VERSION, isolation: input.isolation, measurement: input.measurement };
  const single = (value: number): readonly Row[] => [{ value }];
  return [
    metric("perfagent_info", "gauge", "What this service is.", [{ labels: info, value: 1 }]),
    metric("perfagent_uptime_seconds", "gauge", "Time since the start.", single(input.uptimeSeconds)),
    metric("perfagent_workers", "gauge", "Batches done at once.", single(input.workers)),
    metric("perfagent_queue_size", "gauge", "Submissions that wait.", single(stats.waiting)),
    metric("perfagent_queue_bytes", "gauge", "Programs and inputs that wait.", single(stats.waitingBytes)),
    metric("perfagent_processing", "gauge", "Submissions that run.", single(stats.processing)),
    metric("perfagent_results", "gauge", "Results kept.", single(stats.results)),
    metric("perfagent_results_bytes", "gauge", "Size of the results kept.", single(stats.resultBytes)),
    metric(
      "perfagent_submissions_total",
      "counter",
      "Submissions that have ended.",
      stats.ended.map(({ language, status, count }) => ({ labels: { language, status }, value: count })),
    ),
    metric("perfagent_programs_total", "counter", "Programs measured.", single(stats.programs)),
    metric("perfagent_program_seconds_total", "counter", "Their wall time.", single(stats.programSeconds)),
    metric(
      "perfagent_http_requests_total",
      "counter",
      "Requests answered.",
      input.requests.map(({ path, status, count }) => ({
        labels: { path, status: String(status) },
        value: count,
      })),
    ),
    metric("process_resident_memory_bytes", "gauge", "Resident memory.", single(input.residentBytes)),
  ].join("");
}

// --- internal ---

interface Row {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

function metric(name: string, type: "gauge" | "counter", help: string, rows: readonly Row[]): string {
  const lines = rows.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function escaped(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}
