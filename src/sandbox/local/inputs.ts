/** The folder of inputs: each different input is written once, however many programs read it. */
import { mkdirSync, unlinkSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** An input on disk for as long as it is held. */
export interface HeldInput {
  /** Name in the folder; empty for an empty input. */
  readonly name: string;
  release(): void;
}

export interface Inputs {
  readonly folder: string;
  hold(content: string | Uint8Array): Promise<HeldInput>;
}

/** Makes the folder. Inputs that nobody holds are kept for the next run of the same tests while there is room. */
export function createInputs(folder: string): Inputs {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const known = new Map<string | Uint8Array, Entry>();
  let bytes = 0;
  let serial = 0;

  const makeRoom = (): void => {
    for (const [content, entry] of known) {
      if (bytes <= KEPT_BYTES) return;
      if (entry.holders > 0) continue;
      known.delete(content);
      bytes -= entry.bytes;
      unlinkSync(join(folder, entry.name));
    }
  };

  return {
    folder,
    async hold(content) {
      if (content.length === 0) return { name: "", release: () => undefined };
      let entry = known.get(content);
      if (entry === undefined) {
        const name = String(serial++);
        const size = typeof content === "string" ? Buffer.byteLength(content) : content.length;
        entry = {
          name,
          bytes: size,
          holders: 0,
          written: writeFile(join(folder, name), content, { mode: 0o644 }),
        };
        bytes += size;
      }
      // Last in the order again: the others leave first.
      known.delete(content);
      known.set(content, entry);
      entry.holders += 1;
      const held = entry;
      makeRoom();
      await held.written;
      return {
        name: held.name,
        release: () => {
          held.holders -= 1;
        },
      };
    },
  };
}

// --- internal ---

/** Inputs kept beside those in use. */
const KEPT_BYTES = 512 * 2 ** 20;

interface Entry {
  readonly name: string;
  readonly bytes: number;
  holders: number;
  readonly written: Promise<void>;
}
