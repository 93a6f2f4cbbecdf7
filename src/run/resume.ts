/** Whether a journal may be continued, and from where. Pure. */
import { PerfagentError } from "../errors.ts";
import type { JournalEvent, RunStarted } from "../events.ts";

/** What must be the same for a run to be continued. */
export interface RunIdentity {
  readonly instanceSha256: string;
  readonly language: string;
  readonly initialCode: string;
  /** The resolved configuration, secrets hidden. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Settings that do not change what a step means: a continued run may have others. */
const MAY_CHANGE: readonly string[] = [
  "max_iterations",
  "early_stop_no_improve",
  "max_workers",
  "budget.",
  "logging.",
  "pricing.",
  "runtime.max_workers",
  "overrides.",
  "prompts.instance_templates_dir",
  "model.api_key",
  "model.request_timeout",
  "model.max_retries",
  "model.retry_",
  "model.log_",
  "model.requests_per_minute",
  "model.tokens_per_minute",
  "model.max_concurrency",
  "model.headers",
];

/**
 * Compares a journal's beginning with the run that wants to continue it.
 *
 * @returns the settings that changed and may change, with their new values.
 * @throws PerfagentError `config` naming everything else that changed.
 */
export function checkContinuation(
  started: RunStarted,
  now: RunIdentity,
  journalPath: string,
): Readonly<Record<string, unknown>> {
  const problems: string[] = [];
  if (started.instanceSha256 !== now.instanceSha256) problems.push("the instance file is another one");
  if (started.language !== now.language) {
    problems.push(`the language was ${started.language} and is ${now.language}`);
  }
  if (started.initialCode !== now.initialCode) problems.push("the initial code is another one");
  const changed: Record<string, unknown> = {};
  const before = flatten(started.config);
  const after = flatten(now.config);
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(key), after.get(key)];
    if (JSON.stringify(was) === JSON.stringify(is)) continue;
    if (MAY_CHANGE.some((prefix) => key === prefix || key.startsWith(prefix))) changed[key] = is ?? null;
    else problems.push(`${key} was ${show(was)} and is ${show(is)}`);
  }
  if (problems.length === 0) return changed;
  throw new PerfagentError(
    "config",
    `Cannot continue '${journalPath}': it was begun with other settings: ${problems.join("; ")}`,
    {
      hint: "Use the settings it was begun with, or --restart, which begins anew and keeps the old files aside",
    },
  );
}

/** Number of replies that the journal holds: a replay continues behind them. */
export function repliesIn(events: readonly JournalEvent[]): number {
  return events.filter((event) => event.type === "reply").length;
}

// --- internal ---

function flatten(value: unknown, prefix = "", into = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return into.set(prefix, value);
  for (const [key, inner] of Object.entries(value))
    flatten(inner, prefix === "" ? key : `${prefix}.${key}`, into);
  return into;
}

function show(value: unknown): string {
  const text = value === undefined ? "not set" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
