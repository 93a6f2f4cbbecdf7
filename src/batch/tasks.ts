/** Which instances a batch works on: found, named, filtered and divided among machines, before anything is run. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
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
  /** Only instances whose name matches one of these globs; empty takes all. */
  readonly include: readonly string[];
  /** Positions from (inclusive, 0-based) and to (exclusive); null for no bound. Applied after `include`. */
  readonly range: { readonly from: number; readonly to: number | null } | null;
  /** At most this many, after `range`; null for all. */
  readonly limit: number | null;
  /** Part i of n (1-based) of the tasks, after everything else; null for all. */
  readonly shard: Shard | null;
}

export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * Finds the instances of a batch: the `*.json` files of a folder, the files of a glob, or the lines of a JSONL file.
 * They are sorted by name, by code points, as the benchmark does; lines of a JSONL file keep their order. What is
 * selected is counted in instances; each becomes a task in every language, and a shard takes its part of the tasks.
 *
 * @throws PerfagentError `instance` when there is none or none is selected, `config` when two have one name.
 */
export async function findTasks(
  where: string,
  languages: readonly Language[],
  selection: Selection,
): Promise<readonly BatchTask[]> {
  const found = await findSources(where);
  refuseDuplicates(found, where);
  const selected = select(found, selection);
  if (selected.length === 0) throw noneSelected(where, found.length);
  const tasks = languages.flatMap((language) =>
    selected.map(({ name, source }) => ({
      key: languages.length === 1 ? name : `${language}/${name}`,
      taskName: name,
      language,
      source,
    })),
  );
  return partOf(tasks, selection.shard);
}

/**
 * The text of a task's instance.
 * @throws PerfagentError `instance` when it cannot be read any more.
 */
export async function readTask(task: BatchTask): Promise<string> {
  const { path, line } = task.source;
  const name = sourceName(task.source);
  let bytes: Uint8Array;
  try {
    const file = Bun.file(path);
    bytes = await (line === null ? file : file.slice(line.start, line.start + line.length)).bytes();
  } catch (error) {
    throw new PerfagentError("instance", `Cannot read the instance '${name}': ${systemReason(error)}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new PerfagentError("instance", `Cannot read the instance '${name}': it is not UTF-8 text`);
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

async function findSources(where: string): Promise<readonly NamedSource[]> {
  const kind = kindOfPlace(where);
  const sources =
    kind === "folder"
      ? listFolder(where)
      : /\.(jsonl|ndjson)$/i.test(where)
        ? listLines(where)
        : kind === "file"
          ? [namedFile(where)]
          : await listGlob(where);
  if (sources.length > 0) return sources;
  const why =
    kind === "folder"
      ? "there is no .json file in it"
      : kind === "file"
        ? "the file is empty"
        : /[*?[{]/.test(where)
          ? "no file matches"
          : "there is no such file or folder";
  throw new PerfagentError("instance", `Cannot find instances in '${where}': ${why}`, {
    hint: "Give a folder, a quoted glob such as 'problems/*.json', or a .jsonl file",
  });
}

function kindOfPlace(path: string): "folder" | "file" | null {
  if (!existsSync(path)) return null;
  return statSync(path).isDirectory() ? "folder" : "file";
}

/** A link that leads nowhere is listed too: its instance fails by name instead of being missing without a word. */
function listFolder(folder: string): readonly NamedSource[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".json") && !name.startsWith("."));
  } catch (error) {
    throw new PerfagentError("instance", `Cannot list the instances in '${folder}': ${systemReason(error)}`);
  }
  return names
    .map((name) => join(folder, name))
    .filter((path) => kindOfPlace(path) !== "folder")
    .sort(byCodePoint)
    .map(namedFile);
}

async function listGlob(pattern: string): Promise<readonly NamedSource[]> {
  const paths: string[] = [];
  for await (const path of new Glob(pattern).scan({ onlyFiles: true, followSymlinks: true }))
    paths.push(path);
  return paths.sort((a, b) => byCodePoint(basename(a), basename(b)) || byCodePoint(a, b)).map(namedFile);
}

function select(found: readonly NamedSource[], { include, range, limit }: Selection): readonly NamedSource[] {
  const globs = include.map((pattern) => new Glob(pattern));
  const included = found.filter(({ name }) => globs.length === 0 || globs.some((glob) => glob.match(name)));
  const ranged = range === null ? included : included.slice(range.from, range.to ?? undefined);
  return limit === null ? ranged : ranged.slice(0, limit);
}

/** Sizes of parts differ by one at most. A part of more machines than tasks may be empty. */
function partOf(tasks: readonly BatchTask[], shard: Shard | null): readonly BatchTask[] {
  // Neighbours tend to be alike (one source, one difficulty): dealing them out keeps the parts alike.
  return shard === null ? tasks : tasks.filter((_, index) => index % shard.count === shard.index - 1);
}

function noneSelected(where: string, count: number): PerfagentError {
  return new PerfagentError(
    "instance",
    `Cannot run '${where}': none of its ${count} instances is selected by --include and --range`,
    { hint: "--include matches the task name, which is the file's name without .json" },
  );
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

/** UTF-8 sorts as code points do; JavaScript's own order, by UTF-16 units, puts emoji before some other signs. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
