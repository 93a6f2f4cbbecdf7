import { closeSync, fsyncSync, openSync } from "node:fs";

/**
 * Makes the names in a folder durable: a new or renamed file whose content is on the disk can still be missing after a
 * power loss until its folder is there too.
 *
 * @throws The system's error.
 */
export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
