/** One file → what it tells. Pure: text in, runs out. */
import { messageOf } from "../../errors.ts";
import { parseJournal } from "../journal.ts";
import { asObject, parseLooseJson } from "./json-fields.ts";
import { readJournalRun } from "./read-journal.ts";
import {
  isBatchSummary,
  isCanonicalFile,
  isEvaluation,
  isResult,
  readBatchSummary,
  readCanonicals,
  readEvaluation,
  readResult,
} from "./read-result.ts";
import { isTrajectory, readTrajectory } from "./read-trajectory.ts";
import type { FileContent, ReportRun } from "./run.ts";

/** `foreign`: readable, but nothing that a report is made of. `corrupt`: meant to be one of ours, and cannot be read. */
export type ParsedFile =
  | ({ readonly status: "ok" } & FileContent)
  | { readonly status: "foreign" }
  | { readonly status: "corrupt"; readonly reason: string };

/** Reads one file by its content; its name only tells JSON from JSON lines. */
export function parseReportFile(bytes: Uint8Array, path: string): ParsedFile {
  try {
    return path.endsWith(".jsonl") ? parseLines(bytes, path) : parseDocument(bytes, path);
  } catch (error) {
    return { status: "corrupt", reason: messageOf(error) };
  }
}

// --- internal ---

function parseDocument(bytes: Uint8Array, path: string): ParsedFile {
  if (bytes.length === 0) return { status: "corrupt", reason: "it is empty" };
  let value: unknown;
  try {
    value = parseLooseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return { status: "corrupt", reason: `it is no whole JSON document (${messageOf(error)})` };
  }
  const fields = asObject(value);
  if (fields === null) return { status: "foreign" };
  if (isTrajectory(fields)) return runs([readTrajectory(fields, path)]);
  if (isBatchSummary(fields)) return runs(readBatchSummary(fields, path));
  if (isCanonicalFile(fields)) return { ...runs([]), canonicals: readCanonicals(fields, path) };
  if (isResult(fields)) return runs([readResult(fields, path)]);
  return isEvaluation(fields) ? runs([readEvaluation(fields, path)]) : { status: "foreign" };
}

/** A journal. Other JSON lines, such as the log of requests to a model, are none of a report's business. */
function parseLines(bytes: Uint8Array, path: string): ParsedFile {
  const firstLine = new TextDecoder().decode(bytes.subarray(0, Math.max(0, bytes.indexOf(0x0a)))).trim();
  const first = asObject(tryJson(firstLine));
  if (first !== null && typeof first.type !== "string") return { status: "foreign" };
  const { events, wholeBytes } = parseJournal(bytes, path);
  const run = readJournalRun(events, path);
  if (run === null) {
    return first === null ? { status: "corrupt", reason: "it holds no whole event" } : { status: "foreign" };
  }
  const torn = bytes.length - wholeBytes;
  const warnings =
    torn === 0 ? [] : [`'${path}' ends in the middle of an event; its last ${torn} bytes are left out`];
  return { status: "ok", runs: [run], canonicals: [], warnings };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function runs(read: readonly ReportRun[]): Extract<ParsedFile, { status: "ok" }> {
  return { status: "ok", runs: read, canonicals: [], warnings: [] };
}
