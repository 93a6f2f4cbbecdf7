/** What a person sees of a batch while it runs: on a terminal a picture that is redrawn, elsewhere plain lines. */
import { stripVTControlCharacters } from "node:util";
import type { BatchEntry, BatchEvent } from "../../batch/index.ts";
import { isTime, summarizeEntry } from "../../batch/summary.ts";
import { shortNumber } from "../run/summary.ts";
import { advanceProgress, createProgress, type Progress } from "./progress.ts";
import { shortError } from "./table.ts";

/** Where a view writes. */
export interface ViewOutput {
  write(text: string): void;
  /** Size of the terminal. */
  columns(): number;
  rows(): number;
}

export interface BatchView {
  handle(event: BatchEvent): void;
  /** A line that stays, such as a warning. */
  say(line: string): void;
  /** Takes the picture away; nothing is shown any more. */
  close(): void;
}

/** One line for each instance that ends, and for a long wait; nothing in between. */
export function createPlainView(output: ViewOutput, now: () => number): BatchView {
  const state = createProgress(now);
  let waitToldMs = Number.NEGATIVE_INFINITY;
  return {
    handle(event) {
      advanceProgress(state, event);
      if (event.type === "batch_started") {
        output.write(`${event.total} instances, ${event.workers} at once\n`);
      } else if (event.type === "rate_limited") {
        if (event.wait.ms < LEAST_TOLD_WAIT_MS || now() - waitToldMs < MS_BETWEEN_TOLD_WAITS) return;
        waitToldMs = now();
        output.write(`${waitWords(event.wait.ms)}\n`);
      } else if (event.type === "task_finished" && event.entry.status !== "not_run") {
        output.write(`[${state.done}/${state.total}] ${describeEntry(event.entry)}${etaWords(state)}\n`);
      }
    },
    say: (line) => output.write(`${line}\n`),
    close: () => {},
  };
}

/** A bar over everything and a line for each instance in work, redrawn in place. */
export function createTerminalView(output: ViewOutput, now: () => number): BatchView {
  const state = createProgress(now);
  let drawnLines = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const erase = (): void => {
    if (drawnLines > 0) output.write(`\x1b[${drawnLines}A\x1b[J`);
    drawnLines = 0;
  };
  const draw = (): void => {
    erase();
    const lines = picture(state, output);
    output.write(lines.map((line) => `${line}\n`).join(""));
    drawnLines = lines.length;
    drawnAt = now();
  };
  // Time passes also when nothing happens.
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    handle(event) {
      advanceProgress(state, event);
      if (event.type === "task_finished" && event.entry.status !== "not_run") {
        erase();
        output.write(`${describeEntry(event.entry)}\n`);
        draw();
      } else if (now() - drawnAt >= LEAST_MS_BETWEEN_PICTURES) draw();
    },
    say(line) {
      erase();
      output.write(`${line}\n`);
      draw();
    },
    close() {
      clearInterval(timer);
      erase();
    },
  };
}

// --- internal ---

const REDRAW_MS = 500;
/** Shorter waits are over before they are read. */
const LEAST_TOLD_WAIT_MS = 5000;
/** A service that is slow for hours is worth a line a minute. */
const MS_BETWEEN_TOLD_WAITS = 60_000;
/** Ten pictures a second: more cannot be read and cost time that programs could use. */
const LEAST_MS_BETWEEN_PICTURES = 100;
const BAR_COLUMNS = 24;
/** Lines of instances in work; more cannot be taken in at a glance. */
const SHOWN_TASKS = 12;

function picture(state: Progress, output: ViewOutput): readonly string[] {
  const lines = [bar(state), totals(state), ...waitLine(state)];
  // What scrolls out of the window cannot be erased again; two lines for "and more" and the cursor.
  const shown = Math.max(0, Math.min(SHOWN_TASKS, output.rows() - lines.length - 2));
  for (const [key, { doing, sinceMs }] of [...state.active].slice(0, shown)) {
    lines.push(`  ${key}  ${doing}  ${clock(state.now() - sinceMs)}`);
  }
  const hidden = state.active.size - shown;
  if (hidden > 0) lines.push(`  and ${hidden} more`);
  return lines.map((line) => clip(line, output.columns()));
}

function waitLine({ waitUntilMs, now }: Progress): readonly string[] {
  const leftMs = waitUntilMs - now();
  return leftMs <= 0 ? [] : [waitWords(leftMs)];
}

function waitWords(ms: number): string {
  return `rate limit reached: the next request waits ${clock(ms)}`;
}

function bar(state: Progress): string {
  const share = state.total === 0 ? 1 : state.done / state.total;
  const filled = Math.round(share * BAR_COLUMNS);
  const drawn = `${"█".repeat(filled)}${"░".repeat(BAR_COLUMNS - filled)}`;
  return `${drawn} ${state.done}/${state.total}  ${clock(state.now() - state.startedMs)}${etaWords(state)}`;
}

function totals(state: Progress): string {
  const { improved, not_improved: notImproved, failed } = state.counts;
  const cost = state.costUsd > 0 || state.unpriced > 0 ? `, ${costWords(state)}` : "";
  return `${improved} improved, ${notImproved} not improved, ${failed} failed; ${state.calls} calls, ${state.tokens} tokens${cost}`;
}

function costWords(state: Progress): string {
  return `${state.costUsd.toFixed(4)} USD${state.unpriced > 0 ? ` and ${state.unpriced} calls without a price` : ""}`;
}

function etaWords(state: Progress): string {
  const left = state.total - state.done;
  if (left === 0 || state.worked === 0) return "";
  const leftMs = ((state.now() - state.startedMs) / state.worked) * left;
  return leftMs < 1000 ? "" : `, about ${clock(leftMs)} left`;
}

function describeEntry(entry: BatchEntry): string {
  const { task, result, error } = entry;
  if (error !== null) return `${task.key}: ${shortError(error)}`;
  const { verdict, interval, interval_metric: metric, speedup, iterations } = summarizeEntry(entry);
  const before = entry.wasFinished ? " (finished before)" : `, ${clock(entry.seconds * 1000)}`;
  const rounds = `${iterations} ${iterations === 1 ? "round" : "rounds"}${before}`;
  switch (verdict) {
    case "improved": {
      const confirmed = result?.speedup as { readonly ratio: number | null } | null | undefined;
      const ratio = confirmed?.ratio ?? speedup;
      const range = interval === null ? "" : ` (${interval.map(shortNumber).join(" to ")})`;
      const what = metric === null || isTime(metric) ? "" : ` in ${metric}`;
      return `${task.key}: improved${ratio === null ? "" : ` ${shortNumber(ratio)}×${range}${what}`}, ${rounds}`;
    }
    case "not_improved":
      return `${task.key}: no better program proven, ${rounds}`;
    default:
      return `${task.key}: no program passes all tests, ${rounds}`;
  }
}

function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours}:${pad(minutes % 60)}:${pad(seconds % 60)}`;
  return `${minutes}:${pad(seconds % 60)}`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** A line that wraps would break the redrawing. */
function clip(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return Bun.stringWidth(plain) <= columns ? plain : `${Bun.sliceAnsi(plain, 0, Math.max(0, columns - 1))}…`;
}
