import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Replaces a file's content so that a reader sees the old or the new content, never a part: writes a temporary
 * neighbour, syncs it and renames it. A symbolic link keeps pointing where it did; an existing file keeps its mode.
 * What is no regular file (a device, a FIFO) is written to directly.
 *
 * @throws The system's error (`ENOSPC`, `EACCES`, …); the earlier file is untouched and no temporary file is left.
 */
export function atomicWriteSync(path: string, content: string | Uint8Array): void {
  const target = resolveLink(path);
  const existing = statSync(target, { throwIfNoEntry: false });
  if (existing !== undefined && !existing.isFile() && !existing.isDirectory()) {
    const fd = openSync(target, constants.O_WRONLY);
    try {
      writeAll(fd, content);
    } finally {
      closeSync(fd);
    }
    return;
  }
  const temporary = join(
    dirname(target),
    `.${basename(target).slice(0, 200)}.${process.pid}.${nextNumber()}.tmp`,
  );
  const fd = openSync(temporary, "wx", 0o666);
  try {
    try {
      if (existing !== undefined) fchmodSync(fd, existing.mode & 0o7777);
      writeAll(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

/** The document that a file of {@link atomicWriteSync} was to become, by the file's name; null for any other name. */
export function documentOfTemporary(name: string): string | null {
  return /^\.(.+)\.\d+\.\d+\.tmp$/.exec(name)?.[1] ?? null;
}

// --- internal ---

let lastNumber = 0;

function nextNumber(): number {
  lastNumber += 1;
  return lastNumber;
}

/** The file behind a symbolic link; a link that points to nothing yet is followed too. */
function resolveLink(path: string): string {
  const link = lstatSync(path, { throwIfNoEntry: false });
  if (!link?.isSymbolicLink()) return path;
  return statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path);
}

function writeAll(fd: number, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  let offset = 0;
  while (offset < bytes.length) offset += writeSync(fd, bytes, offset, bytes.length - offset);
}
