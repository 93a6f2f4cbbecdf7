import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTasks, readTask, type Selection } from "../../src/batch/tasks.ts";
import type { Language } from "../../src/types.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "perfagent-tasks-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ALL: Selection = { include: [], range: null, limit: null, shard: null };

function write(...names: readonly string[]): void {
  for (const name of names) writeFileSync(join(folder, name), "{}");
}

async function keys(
  selection: Partial<Selection> = {},
  languages: readonly Language[] = ["python3"],
  where = folder,
): Promise<readonly string[]> {
  return (await findTasks(where, languages, { ...ALL, ...selection })).map(({ key }) => key);
}

describe("findTasks() in a folder", () => {
  test("takes the .json files sorted by code points, as the benchmark sorts", async () => {
    // U+1F600 is two UTF-16 units that begin with 0xD83D: they would sort before U+FF5E.
    write("b.json", "a_b.json", "a.json", "B.json", "é.json", "a10.json", "a9.json", "～.json", "😀.json");
    write("notes.txt", "x.jsonl", ".hidden.json");
    mkdirSync(join(folder, "folder.json"));
    expect(await keys()).toEqual(["B", "a", "a10", "a9", "a_b", "b", "é", "～", "😀"]);
  });

  test("lists a link that leads nowhere, so that its failure has a name", async () => {
    symlinkSync(join(folder, "nowhere"), join(folder, "lost.json"));
    const [task] = await findTasks(folder, ["python3"], ALL);
    expect(task?.key).toBe("lost");
    if (task === undefined) return;
    await expect(readTask(task)).rejects.toThrow(
      /Cannot read the instance .*lost\.json': there is no such file/,
    );
  });

  test("says why there is nothing", async () => {
    await expect(keys()).rejects.toThrow(/there is no \.json file in it/);
    await expect(keys({}, ["python3"], join(folder, "missing"))).rejects.toThrow(/no such file or folder/);
    await expect(keys({}, ["python3"], join(folder, "*.json"))).rejects.toThrow(/no file matches/);
    write("a.json");
    await expect(keys({ include: ["b*"] })).rejects.toThrow(/none of its 1 instances is selected/);
    await expect(keys({ range: { from: 1, to: null } })).rejects.toThrow(
      /none of its 1 instances is selected/,
    );
  });

  test("selects by include, then range, then limit", async () => {
    write("a1.json", "a2.json", "a3.json", "a4.json", "b1.json");
    expect(await keys({ include: ["a*"] })).toEqual(["a1", "a2", "a3", "a4"]);
    expect(await keys({ include: ["a1", "b?"] })).toEqual(["a1", "b1"]);
    expect(await keys({ include: ["a*"], range: { from: 1, to: 3 } })).toEqual(["a2", "a3"]);
    expect(await keys({ range: { from: 3, to: null } })).toEqual(["a4", "b1"]);
    expect(await keys({ include: ["a*"], range: { from: 1, to: null }, limit: 2 })).toEqual(["a2", "a3"]);
  });

  test("counts instances, not tasks, when there are several languages", async () => {
    write("a.json", "b.json", "c.json");
    expect(await keys({ limit: 2 }, ["python3", "cpp"])).toEqual([
      "python3/a",
      "python3/b",
      "cpp/a",
      "cpp/b",
    ]);
  });

  test("parts are balanced, disjoint and together everything", async () => {
    write(...Array.from({ length: 11 }, (_, i) => `t${String(i).padStart(2, "0")}.json`));
    for (const count of [1, 2, 3, 8, 30]) {
      const parts = await Promise.all(
        Array.from({ length: count }, (_, i) => keys({ shard: { index: i + 1, count } }, ["python3", "cpp"])),
      );
      const sizes = parts.map((part) => part.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(parts.flat().sort()).toEqual([...(await keys({}, ["python3", "cpp"]))].sort());
    }
  });
});

describe("findTasks() of a glob and of JSON lines", () => {
  test("a glob takes files of several folders; two of one name are refused by both paths", async () => {
    mkdirSync(join(folder, "x"));
    mkdirSync(join(folder, "y"));
    write("x/b.json", "y/a.json");
    expect(await keys({}, ["python3"], join(folder, "*", "*.json"))).toEqual(["a", "b"]);
    write("y/b.json");
    await expect(keys({}, ["python3"], join(folder, "*", "*.json"))).rejects.toThrow(
      /'b' is .*x\/b\.json and .*y\/b\.json/,
    );
  });

  test("JSON lines keep their order, are named by their own fields, and are read again by their place", async () => {
    const path = join(folder, "all.jsonl");
    const lines = [
      { source: "aizu", id: 1444, title_slug: "yokohama-phenomena", text: "ä😀" },
      { task_name: "mine" },
      { description: "no name at all" },
    ].map((line) => JSON.stringify(line));
    writeFileSync(path, `${lines[0]}\n\n${lines[1]}\r\n${lines[2]}`);
    const tasks = await findTasks(path, ["python3"], ALL);
    expect(tasks.map(({ key }) => key)).toEqual(["aizu_1444_yokohama-phenomena", "mine", "all_4"]);
    expect(await Promise.all(tasks.map(async (task) => JSON.parse(await readTask(task))))).toEqual(
      lines.map((line) => JSON.parse(line)),
    );
  });

  test("lines longer than what is read at once keep their places", async () => {
    const path = join(folder, "long.jsonl");
    const texts = [2_000_000, 10, 1_048_576 - 20, 3].map((length, i) =>
      JSON.stringify({ task_name: `t${i}`, filler: "x".repeat(length) }),
    );
    writeFileSync(path, `${texts.join("\n")}\n`);
    const tasks = await findTasks(path, ["python3"], ALL);
    expect(await Promise.all(tasks.map(readTask))).toEqual(texts);
  });

  test("names the line that is no JSON, and the lines of one name", async () => {
    const path = join(folder, "bad.jsonl");
    writeFileSync(path, '{"task_name":"a"}\n{bad\n');
    await expect(keys({}, ["python3"], path)).rejects.toThrow(/line 2 is not JSON/);
    writeFileSync(path, '{"task_name":"a"}\n{"task_name":"b"}\n{"task_name":"a"}\n');
    await expect(keys({}, ["python3"], path)).rejects.toThrow(/'a' is .*bad\.jsonl:1 and .*bad\.jsonl:3/);
  });
});
