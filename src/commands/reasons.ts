import { messageOf } from "../errors.ts";

/** What a system error means, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? messageOf(error);
}

// --- internal ---

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  EISDIR: "it is a directory; a file is wanted",
  ENOTDIR: "a part of its path is a file, not a directory",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "its name is too long",
  EBADF: "it is closed",
  ELOOP: "its symbolic links form a loop",
};
