/**
 * The journal: one JSON object per line, appended as things happen and never rewritten. It is the source of the
 * trajectory, of `--resume` and of `replay:`.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { PerfagentError, systemReason } from "../errors.ts";
import { JOURNAL_FORMAT, type JournalEvent } from "../events.ts";
import { tryLockFile } from "../lib/file-lock.ts";
import { syncDirectory } from "../lib/sync-directory.ts";

export interface JournalContent {
  readonly events: readonly JournalEvent[];
  /** Bytes up to the end of the last whole line; what follows is a torn tail. */
  readonly wholeBytes: number;
}

/** An open journal; its process is the only one that writes to the run's directory. */
export interface Journal {
  /** What the file held when it was opened. */
  readonly earlier: readonly JournalEvent[];
  /**
   * Appends one event as one whole line.
   * @param durable Waits until the line is on the disk. For what cannot be had again, such as a paid reply.
   * @throws PerfagentError `output` when the line cannot be written; a part of it that was written is taken back.
   */
  append(event: JournalEvent, durable?: boolean): void;
  close(): void;
}

/**
 * Opens a journal for writing, repairs a torn tail and locks the file.
 *
 * @throws PerfagentError `output` when the file cannot be opened or another process writes to it, `config` when it is
 * no journal of a format that this version reads.
 */
export function openJournal(path: string): Journal {
  let fd: number;
  try {
    fd = openSync(path, "a+");
  } catch (error) {
    throw outputError(path, systemReason(error));
  }
  try {
    const isOwner = tryLockFile(fd);
    const { events, wholeBytes } = parseJournal(readFileSync(path), path);
    if (!isOwner) throw inUse(path, events);
    if (fstatSync(fd).size > wholeBytes) ftruncateSync(fd, wholeBytes);
    if (wholeBytes === 0) syncNames(path);
    let size = wholeBytes;
    return {
      earlier: events,
      append(event, durable = false) {
        const line = Buffer.from(`${JSON.stringify(event)}\n`);
        try {
          writeWhole(fd, line);
          if (durable) fdatasyncSync(fd);
        } catch (error) {
          takeBack(fd, size);
          throw outputError(path, systemReason(error));
        }
        size += line.length;
      },
      close: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Reads a journal without opening it for writing: for reports and replays, also while a run writes to it.
 * @throws PerfagentError `config` when it cannot be read or is no journal.
 */
export function readJournal(path: string): JournalContent {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new PerfagentError("config", `Cannot read the journal '${path}': ${systemReason(error)}`);
  }
  return parseJournal(bytes, path);
}

/**
 * Splits a journal into its events. A last line without its end is a torn tail: the process died while writing it.
 * @throws PerfagentError `config` naming the line that is no event.
 */
export function parseJournal(bytes: Uint8Array, path: string): JournalContent {
  const wholeBytes = bytes.lastIndexOf(0x0a) + 1;
  const events: JournalEvent[] = [];
  const lines = new TextDecoder().decode(bytes.subarray(0, wholeBytes)).split("\n");
  for (const [index, line] of lines.entries()) {
    if (line === "") continue;
    const event = parseLine(line);
    // A power loss can leave blocks of zeros or half-written lines before lines that reached the disk; what follows
    // the first of them was not acknowledged in order and is dropped.
    if (event === null) {
      if (events.length === 0) throw notAJournal(path, index + 1);
      return { events, wholeBytes: byteLengthOfLines(lines, index) };
    }
    if (event.type === "run_started" && event.format > JOURNAL_FORMAT) throw newerFormat(path, event.format);
    events.push(event);
  }
  return { events, wholeBytes };
}

// --- internal ---

/** A journal whose name is lost with the power loses all its lines: its folder, which may be new too, is synced once. */
function syncNames(path: string): void {
  try {
    const folder = dirname(path);
    syncDirectory(folder);
    syncDirectory(dirname(folder));
  } catch (error) {
    throw outputError(path, systemReason(error));
  }
}

function parseLine(line: string): JournalEvent | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "type" in value ? (value as JournalEvent) : null;
  } catch {
    return null;
  }
}

function byteLengthOfLines(lines: readonly string[], count: number): number {
  let bytes = 0;
  for (let i = 0; i < count; i++) bytes += Buffer.byteLength(lines[i] ?? "") + 1;
  return bytes;
}

function writeWhole(fd: number, line: Uint8Array): void {
  let written = 0;
  while (written < line.length) written += writeSync(fd, line, written);
}

/** After a failed append (a full disk) the file ends with its last whole line again. */
function takeBack(fd: number, size: number): void {
  try {
    if (fstatSync(fd).size > size) ftruncateSync(fd, size);
  } catch {
    // Reading repairs a torn tail as well; the error that matters is the one being reported.
  }
}

/** The lock itself has no text; the last process that opened the journal wrote its name into it. */
function inUse(path: string, events: readonly JournalEvent[]): PerfagentError {
  const owner = events.findLast(
    (event) => event.type === "run_started" || event.type === "run_resumed",
  )?.owner;
  const who = owner === undefined ? "another process" : `process ${owner.pid} on ${owner.host}`;
  return new PerfagentError("output", `Cannot write to '${path}': ${who} is writing to it`, {
    hint: "Wait until it is finished, stop it, or choose another place with --base-dir",
  });
}

function outputError(path: string, reason: string): PerfagentError {
  return new PerfagentError("output", `Cannot write the journal '${path}': ${reason}`, {
    hint: "Choose another place with --base-dir, or make room and continue with --resume",
  });
}

function notAJournal(path: string, line: number): PerfagentError {
  return new PerfagentError(
    "config",
    `Cannot read '${path}': line ${line} is no event of a perfagent journal`,
  );
}

function newerFormat(path: string, format: number): PerfagentError {
  return new PerfagentError(
    "config",
    `Cannot read the journal '${path}': it has format ${format}; this version reads up to ${JOURNAL_FORMAT}`,
    { hint: "Use the perfagent that wrote it or a newer one" },
  );
}
