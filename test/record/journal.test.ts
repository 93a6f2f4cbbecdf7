import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JournalEvent } from "../../src/events.ts";
import { openJournal, parseJournal, readJournal } from "../../src/record/journal.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "perfagent-journal-"));
  path = join(folder, "task.journal.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function resumed(pid: number, text = ""): JournalEvent {
  return {
    type: "run_resumed",
    at: "2026-01-01T00:00:00.000Z",
    owner: { pid, host: "here" },
    changed: { text },
  };
}

describe("openJournal()", () => {
  test("appends events that a later opening reads back", () => {
    const journal = openJournal(path);
    journal.append(resumed(1, "line\u2028separator"));
    journal.append(resumed(2), true);
    journal.close();
    const again = openJournal(path);
    expect(again.earlier).toEqual([resumed(1, "line\u2028separator"), resumed(2)]);
    again.close();
  });

  test("cuts a torn tail and goes on behind the last whole line", () => {
    const journal = openJournal(path);
    journal.append(resumed(1));
    journal.close();
    appendFileSync(path, '{"type":"run_resu');
    const repaired = openJournal(path);
    expect(repaired.earlier).toHaveLength(1);
    repaired.append(resumed(2));
    repaired.close();
    expect(readJournal(path).events).toEqual([resumed(1), resumed(2)]);
  });

  test("refuses a second writer and names the first", () => {
    const journal = openJournal(path);
    journal.append(resumed(4711));
    // A lock of flock() belongs to the open file: a second opening in this process stands for a second process.
    expect(() => openJournal(path)).toThrow(/process 4711 on here is writing to it/);
    journal.close();
    openJournal(path).close();
  });

  test("refuses a file that is no journal and leaves it alone", () => {
    writeFileSync(path, "hello\nworld\n");
    expect(() => openJournal(path)).toThrow(/line 1 is no event/);
    expect(readFileSync(path, "utf8")).toBe("hello\nworld\n");
  });

  test("says what a folder that cannot be written to is", () => {
    expect(() => openJournal(join(folder, "missing", "x.jsonl"))).toThrow(/Cannot write the journal/);
  });
});

describe("parseJournal()", () => {
  test("stops at damage in the middle, as a power loss leaves it", () => {
    const good = `${JSON.stringify(resumed(1))}\n`;
    const text = `${good}\u0000\u0000\u0000\n${JSON.stringify(resumed(2))}\n`;
    const content = parseJournal(Buffer.from(text), path);
    expect(content.events).toEqual([resumed(1)]);
    expect(content.wholeBytes).toBe(good.length);
  });

  test("refuses a newer format", () => {
    const text = `${JSON.stringify({ type: "run_started", format: 99 })}\n`;
    expect(() => parseJournal(Buffer.from(text), path)).toThrow(/format 99; this version reads up to 1/);
  });
});
