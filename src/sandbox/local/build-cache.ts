/**
 * Builds kept between runs. An entry is one file that appears by renaming, so that processes need no lock: a reader sees
 * a whole entry or none. Programs never see the cache: an entry is copied out, into a folder of the reading process.
 */
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "../../errors.ts";
import { sha256 } from "../../lib/hash.ts";
import type { Logger } from "../../types.ts";

export interface BuildCacheOptions {
  /** perfagent's cache folder; entries are in its folder `builds`. */
  readonly cacheDir: string;
  /** Entries not used for longest are removed above this. Default: 512 MiB. */
  readonly limitBytes?: number;
  readonly logger: Logger;
}

export interface BuildCache {
  /** Copies the files of a build into an existing folder; null when it is not kept, or damaged. */
  restore(key: string, intoDir: string): { readonly message: string } | null;
  /** Keeps the files of a folder. A cache that cannot be written costs time, nothing else: it warns once. */
  store(key: string, fromDir: string, message: string): void;
}

/** Opens the cache; the folder is made when the first build is kept. */
export function createBuildCache(options: BuildCacheOptions): BuildCache {
  const root = join(options.cacheDir, BUILDS);
  const limitBytes = options.limitBytes ?? DEFAULT_LIMIT_BYTES;
  let warned = false;
  /** Bytes in the cache as far as this process knows; null before it looked. */
  let knownBytes: number | null = null;

  return {
    restore(key, intoDir) {
      const path = entryPath(root, key);
      const content = readIfThere(path);
      const entry = content === null ? null : decodeEntry(content);
      if (entry === null) return null;
      for (const file of entry.files) {
        const target = join(intoDir, file.path);
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, file.content);
        chmodSync(target, file.mode);
      }
      touch(path);
      return { message: entry.message };
    },
    store(key, fromDir, message) {
      try {
        const content = encodeEntry({ message, files: filesOf(fromDir, "") });
        if (content.length > limitBytes) return;
        const path = entryPath(root, key);
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        const temporary = `${path}.${process.pid}.${crypto.randomUUID()}${TEMPORARY}`;
        writeFileSync(temporary, content, { mode: 0o600 });
        renameSync(temporary, path);
        knownBytes = knownBytes === null ? sizeOf(listEntries(root)) : knownBytes + content.length;
        if (knownBytes > limitBytes) knownBytes = evict(root, limitBytes);
      } catch (error) {
        if (!warned) options.logger.warn(`Cannot keep builds in '${root}': ${messageOf(error)}`);
        warned = true;
      }
    },
  };
}

/**
 * Removes everything that perfagent keeps in its cache folder.
 * @returns What was there.
 */
export function clearCache(cacheDir: string): { readonly bytes: number } {
  const bytes = sizeOf(listEntries(cacheDir));
  rmSync(cacheDir, { recursive: true, force: true });
  return { bytes };
}

// --- internal ---

const BUILDS = "builds";

/** A C++ program is 20 kB, a Go program 2 MB: hundreds to thousands of builds. */
const DEFAULT_LIMIT_BYTES = 512 * 2 ** 20;

/** Removing stops here, so that it does not happen at every build. */
const LOW_WATER = 0.8;

const TEMPORARY = ".tmp";

/** A temporary file this old belongs to a process that is gone. */
const STALE_MS = 3_600_000;

interface EntryFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

interface Entry {
  readonly message: string;
  readonly files: readonly EntryFile[];
}

/** The first line of an entry. */
interface Header {
  readonly message: string;
  readonly files: readonly { path: string; mode: number; bytes: number }[];
  /** Of everything after the header: tells a torn file from a whole one. */
  readonly sha256: string;
}

function entryPath(root: string, key: string): string {
  return join(root, key.slice(0, 2), key);
}

function encodeEntry(entry: Entry): Uint8Array {
  const body = Buffer.concat(entry.files.map(({ content }) => content));
  const header: Header = {
    message: entry.message,
    files: entry.files.map(({ path, mode, content }) => ({ path, mode, bytes: content.length })),
    sha256: sha256(body),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]);
}

function decodeEntry(content: Uint8Array): Entry | null {
  const headerEnd = content.indexOf(10);
  if (headerEnd < 0) return null;
  const body = content.subarray(headerEnd + 1);
  try {
    const header = JSON.parse(new TextDecoder().decode(content.subarray(0, headerEnd))) as Header;
    if (header.sha256 !== sha256(body)) return null;
    let offset = 0;
    const files = header.files.map(({ path, mode, bytes }) => {
      offset += bytes;
      return { path, mode, content: body.subarray(offset - bytes, offset) };
    });
    return { message: header.message, files };
  } catch {
    // Damaged, or of another format: as good as not there.
    return null;
  }
}

/** Regular files of a folder, below it too; nothing else is kept. */
function filesOf(dir: string, prefix: string): EntryFile[] {
  return readdirSync(join(dir, prefix), { withFileTypes: true }).flatMap((entry): EntryFile[] => {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) return filesOf(dir, path);
    if (!entry.isFile()) return [];
    const full = join(dir, path);
    return [{ path, mode: statSync(full).mode & 0o777, content: readFileSync(full) }];
  });
}

function readIfThere(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    // Not kept, removed by another process, or not readable: it is built again.
    return null;
  }
}

/** Marks an entry as used now. */
function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Removed by another process after it was read.
  }
}

interface Listed {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

function listEntries(root: string): Listed[] {
  let names: string[];
  try {
    names = readdirSync(root, { recursive: true, encoding: "utf8" });
  } catch {
    // No folder: an empty cache.
    return [];
  }
  return names.flatMap((name): Listed[] => {
    const path = join(root, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.isFile() ? [{ path, bytes: stats.size, usedMs: stats.mtimeMs }] : [];
  });
}

function sizeOf(entries: readonly Listed[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Removes what was not used for longest, and what dead processes left; returns the bytes that stay. */
function evict(root: string, limitBytes: number): number {
  const entries = listEntries(root).sort((a, b) => a.usedMs - b.usedMs);
  let bytes = sizeOf(entries);
  for (const entry of entries) {
    const stale = entry.path.endsWith(TEMPORARY) && Date.now() - entry.usedMs > STALE_MS;
    if (bytes <= limitBytes * LOW_WATER && !stale) continue;
    if (entry.path.endsWith(TEMPORARY) && !stale) continue;
    try {
      unlinkSync(entry.path);
    } catch {
      // Removed by another process first.
    }
    bytes -= entry.bytes;
  }
  return bytes;
}
