/** Which instances a batch works on: found, named, filtered and divided among machines, before anything is run. */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { Glob } from "bun";
import { messageOf, PerfagentError, systemReason } from "../errors.ts";
import { taskNameOf } from "../instance.ts";
import type { Language } from "../types.ts";

/** One instance in one language. Its file is read when its turn comes. */
export interface BatchTask {
  /** The instance's name, and the language's before it where a batch has several: names the output folder. */
  readonly key: string;
  readonly taskName: string;
  readonly language: Language;
  readonly source: TaskSource;
}

export interface TaskSource {
  readonly path: string;
  /** Place of the instance in a JSONL file; null for a file of its own. */
  readonly line: { readonly number: number; readonly start: number; readonly length: number } | null;
}

export interface Selection {
  /** Only tasks whose name matches one of these globs; empty takes all. */
  readonly include: readonly string[];
  /** Positions from (inclusive, 0-based) and to (exclusive); null for no bound. Applied after `include`. */
  readonly range: { readonly from: number; readonly to: number | null } | null;
  /** At most this many, after `range`; null for all. */
  readonly limit: number | null;
  /** Part i of n (1-based), after everything else; null for all. */
  readonly shard: Shard | null;
}

export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * Finds the instances of a batch: the `*.json` files of a folder, the files of a glob, or the lines of a JSONL file.
 * They are sorted by name, by code points, as the benchmark does; lines of a JSONL file keep their order.
 *
 * @throws PerfagentError `instance` when there is none, `config` when two have one name.
 */
export async function findTasks(
  where: string,
  languages: readonly Language[],
): Promise<readonly BatchTask[]> {
  const sources = isFolder(where)
    ? await listFolder(where)
    : /\.(jsonl|ndjson)$/i.test(where)
      ? listLines(where)
      : await listGlob(where);
  if (sources.length === 0) {
    throw new PerfagentError("instance", `Cannot find instances in '${where}': there is no .json file`, {
      hint: "Give a folder, a quoted glob such as 'problems/*.json', or a .jsonl file",
    });
  }
  refuseDuplicates(sources, where);
  return sources.flatMap(({ name, source }) =>
    languages.map((language) => ({
      key: languages.length === 1 ? name : `${language}/${name}`,
      taskName: name,
      language,
      source,
    })),
  );
}

/** The tasks that are selected, in order. Shards are balanced: their sizes differ by one at most. */
export function selectTasks(tasks: readonly BatchTask[], selection: Selection): readonly BatchTask[] {
  const { include, range, limit, shard } = selection;
  const globs = include.map((pattern) => new Glob(pattern));
  const included = tasks.filter(
    ({ taskName }) => globs.length === 0 || globs.some((glob) => glob.match(taskName)),
  );
  const ranged = range === null ? included : included.slice(range.from, range.to ?? undefined);
  const limited = limit === null ? ranged : ranged.slice(0, limit);
  // Neighbours tend to be alike (one source, one difficulty): dealing them out keeps the parts alike.
  return shard === null ? limited : limited.filter((_, index) => index % shard.count === shard.index - 1);
}

/**
 * The text of a task's instance.
 * @throws PerfagentError `instance` when it cannot be read any more.
 */
export async function readTask(task: BatchTask): Promise<string> {
  const { path, line } = task.source;
  try {
    const file = Bun.file(path);
    if (line === null) return await file.text();
    return await file.slice(line.start, line.start + line.length).text();
  } catch (error) {
    throw new PerfagentError("instance", `Cannot read the instance '${path}': ${systemReason(error)}`);
  }
}

/** How messages call the source of a task. */
export function sourceName(source: TaskSource): string {
  return source.line === null ? source.path : `${source.path}:${source.line.number}`;
}

// --- internal ---

interface NamedSource {
  readonly name: string;
  readonly source: TaskSource;
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

async function listFolder(folder: string): Promise<readonly NamedSource[]> {
  const names: string[] = [];
  for await (const name of new Glob("*.json").scan({ cwd: folder, onlyFiles: true, followSymlinks: true })) {
    names.push(name);
  }
  return names.sort(byCodePoint).map((name) => namedFile(join(folder, name)));
}

async function listGlob(pattern: string): Promise<readonly NamedSource[]> {
  if (existsSync(pattern)) return [namedFile(pattern)];
  const paths: string[] = [];
  for await (const path of new Glob(pattern).scan({ onlyFiles: true, followSymlinks: true }))
    paths.push(path);
  return paths.sort((a, b) => byCodePoint(basename(a), basename(b)) || byCodePoint(a, b)).map(namedFile);
}

function namedFile(path: string): NamedSource {
  return { name: taskNameOf(path, []), source: { path, line: null } };
}

/** Names are read out of the lines; the lines themselves are read again when their turn comes. */
function listLines(path: string): readonly NamedSource[] {
  const sources: NamedSource[] = [];
  let number = 0;
  for (const { text, start, length } of linesOf(path)) {
    number += 1;
    if (text.trim() === "") continue;
    sources.push({ name: nameInLine(text, path, number), source: { path, line: { number, start, length } } });
  }
  return sources;
}

function nameInLine(text: string, path: string, number: number): string {
  try {
    const { source, id, title_slug: slug, task_name: given } = JSON.parse(text) as Record<string, unknown>;
    const parts =
      typeof given === "string"
        ? [given]
        : [source, id, slug].map((part) => (part == null ? "" : String(part)));
    const isNamed = parts.some((part) => part !== "");
    return isNamed ? taskNameOf("-", parts) : `${taskNameOf(path, [])}_${number}`;
  } catch (error) {
    throw new PerfagentError(
      "instance",
      `Cannot use the instances of '${path}': its line ${number} is not JSON (${messageOf(error)}); one instance a line is wanted`,
    );
  }
}

const CHUNK_BYTES = 1 << 20;

/** Lines with their places in bytes, one chunk in memory at a time. */
function* linesOf(path: string): Generator<{ text: string; start: number; length: number }> {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw new PerfagentError("instance", `Cannot read the instances '${path}': ${systemReason(error)}`);
  }
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let pending: Buffer[] = [];
    let start = 0;
    for (;;) {
      const count = readSync(fd, chunk, 0, chunk.length, null);
      if (count === 0) break;
      let from = 0;
      for (let at = chunk.indexOf(0x0a, from); at !== -1 && at < count; at = chunk.indexOf(0x0a, from)) {
        const line = Buffer.concat([...pending, chunk.subarray(from, at)]);
        pending = [];
        yield { text: line.toString("utf8"), start, length: line.length };
        start += line.length + 1;
        from = at + 1;
      }
      pending.push(Buffer.from(chunk.subarray(from, count)));
    }
    const last = Buffer.concat(pending);
    if (last.length > 0) yield { text: last.toString("utf8"), start, length: last.length };
  } finally {
    closeSync(fd);
  }
}

function refuseDuplicates(sources: readonly NamedSource[], where: string): void {
  const seen = new Map<string, TaskSource>();
  const problems: string[] = [];
  for (const { name, source } of sources) {
    const earlier = seen.get(name);
    if (earlier === undefined) seen.set(name, source);
    else problems.push(`'${name}' is ${sourceName(earlier)} and ${sourceName(source)}`);
  }
  if (problems.length === 0) return;
  throw new PerfagentError(
    "config",
    `Cannot run '${where}': tasks are told apart by their names, and ${problems.slice(0, 5).join(", ")}`,
    { hint: "Rename one of them, or run them as batches with folders of their own" },
  );
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
