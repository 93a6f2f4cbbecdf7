/** The folder of one sandbox's files; and the folders of sandboxes whose process was killed. */
import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { tryLockFile } from "../../lib/file-lock.ts";

export interface OwnFolder {
  readonly path: string;
  remove(): void;
}

/** Makes a folder for this sandbox, after those that nobody uses any more are gone. */
export function openOwnFolder(tmpDir: string): OwnFolder {
  mkdirSync(tmpDir, { recursive: true });
  removeAbandoned(tmpDir);
  const path = mkdtempSync(join(tmpDir, PREFIX));
  // Locked before it has its name: a lock file that nobody holds always means that its process has ended.
  const lock = openSync(join(path, `${LOCK}.new`), "wx");
  tryLockFile(lock);
  renameSync(join(path, `${LOCK}.new`), join(path, LOCK));
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
      closeSync(lock);
    },
  };
}

// --- internal ---

const PREFIX = "perfagent-sandbox-";
const LOCK = "lock";

function removeAbandoned(tmpDir: string): void {
  for (const name of readdirSync(tmpDir)) {
    if (name.startsWith(PREFIX)) removeIfAbandoned(join(tmpDir, name));
  }
}

/** Only a folder of our own account: what others put into a shared folder is not ours to walk through. */
function removeIfAbandoned(folder: string): void {
  try {
    if (lstatSync(folder).uid !== process.getuid?.()) return;
    const lock = openSync(join(folder, LOCK), "r");
    try {
      if (tryLockFile(lock)) rmSync(folder, { recursive: true, force: true });
    } finally {
      closeSync(lock);
    }
  } catch {
    // It is being made or removed at this moment, or it cannot be removed: it is in nobody's way.
  }
}
