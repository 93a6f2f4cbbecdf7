/** `perfagent run` as a user runs it: the real command, real programs, real measurements. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readJournal } from "../../src/record/journal.ts";
import { runCli, spawnCli, withFolder } from "../support/cli.ts";
import { MISSING_FOR_LOCAL } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

setDefaultTimeout(120_000);

const REAL_INSTANCE = join(import.meta.dir, "../../../shared/data/aizu_1444_yokohama-phenomena.json");
const TASK = "aizu_1444_yokohama-phenomena";
/** Two hundred runs of an interpreter take seconds on a free machine; a busy one may be far slower. */
const SLOW_MS = 240_000;
const KEY = "sk-test-1234567890abcdef";

const missingData = existsSync(REAL_INSTANCE) ? null : "../shared/data is not there";
const missingCpp = Bun.which("g++") === null ? "g++ is not installed" : null;

const PYTHON = `def count(rows, target="YOKOHAMA"):
    cells = {(i, j): letter for i, row in enumerate(rows) for j, letter in enumerate(row)}
    ways = {cell: 1 for cell, letter in cells.items() if letter == target[-1]}
    for letter in reversed(target[:-1]):
        ways = {
            (i, j): sum(ways.get(next_cell, 0) for next_cell in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)))
            for (i, j), found in cells.items()
            if found == letter
        }
    return sum(ways.values())


n, m = map(int, input().split())
print(count([input().strip() for _ in range(n)]))
`;

const CPP = `#include <iostream>
#include <string>
#include <vector>
int main() {
  int n, m;
  std::cin >> n >> m;
  std::vector<std::string> grid(n);
  for (auto& row : grid) std::cin >> row;
  const std::string target = "YOKOHAMA";
  std::vector<std::vector<long long>> ways(n, std::vector<long long>(m, 1));
  for (int k = 7; k >= 0; k--) {
    std::vector<std::vector<long long>> next(n, std::vector<long long>(m, 0));
    for (int i = 0; i < n; i++)
      for (int j = 0; j < m; j++) {
        if (grid[i][j] != target[k]) continue;
        if (k == 7) { next[i][j] = 1; continue; }
        if (i > 0) next[i][j] += ways[i - 1][j];
        if (i + 1 < n) next[i][j] += ways[i + 1][j];
        if (j > 0) next[i][j] += ways[i][j - 1];
        if (j + 1 < m) next[i][j] += ways[i][j + 1];
      }
    ways = next;
  }
  long long total = 0;
  for (auto& row : ways) for (long long w : row) total += w;
  std::cout << total << std::endl;
}
`;

function answersFor(fence: string, program: string): string {
  const answers = [
    "I have no idea yet.",
    `\`\`\`${fence}\n${program}\`\`\``,
    "<<<<<<< SEARCH\nnot in the program\n=======\nsomething\n>>>>>>> REPLACE",
  ];
  return `${answers.map((text) => JSON.stringify({ text })).join("\n")}\n`;
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("perfagent run", () => {
  for (const [language, fence, program, missing] of [
    ["python3", "python", PYTHON, MISSING_FOR_LOCAL],
    ["cpp", "cpp", CPP, MISSING_FOR_LOCAL ?? missingCpp],
  ] as const) {
    optionalTest(missingData ?? missing)(
      `writes and improves a ${language} program for the real instance, and replays it`,
      () =>
        withFolder(async (cwd) => {
          writeFileSync(join(cwd, "answers.jsonl"), answersFor(fence, program));
          const common = ["--instance", REAL_INSTANCE, "--language", language, "--max-iterations", "3"];
          // One pass: the test is about files and verdicts, not about numbers.
          const quick = ["--num-runs", "1", "--set", "held_out_tests=2"];
          const first = await runCli(
            [
              "run",
              ...common,
              ...quick,
              "--model",
              "replay:answers.jsonl",
              "--base-dir",
              "out",
              "--output",
              "-",
            ],
            { cwd, env: { PERFAGENT_API_KEY: KEY, OPENAI_API_KEY: KEY }, timeoutMs: SLOW_MS },
          );
          expect(first.stderr).not.toContain("error:");
          expect(first.exitCode).toBe(0);
          const result = JSON.parse(first.stdout);
          expect(result.optimization_history.map((entry: { verdict: string }) => entry.verdict)).toEqual([
            "edit_failed",
            "improved",
            "edit_failed",
          ]);
          expect(result).toMatchObject({ success: true, optimized_code: program, initial_performance: null });
          expect(result.final_metrics.pass_rate).toBe(1);
          expect(result.final_performance).toBeGreaterThan(0);
          const folder = join(cwd, "out", TASK);
          expect(readdirSync(folder).sort()).toEqual([
            `${TASK}.journal.jsonl`,
            `${TASK}.pred`,
            `${TASK}.problem`,
            `${TASK}.traj`,
            "perfagent.log",
            "result.json",
          ]);
          expect(readFileSync(join(folder, `${TASK}.pred`), "utf8")).toBe(program);
          for (const file of filesBelow(cwd)) expect(readFileSync(file, "utf8")).not.toContain(KEY);
          expect(first.stdout + first.stderr).not.toContain(KEY);

          const trajectory = join("out", TASK, `${TASK}.traj`);
          const again = await runCli(
            ["run", ...common, ...quick, "--model", `replay:${trajectory}`, "--base-dir", "out", "--json"],
            { cwd, timeoutMs: SLOW_MS },
          );
          expect(again.exitCode).toBe(0);
          const replayed = JSON.parse(again.stdout);
          const essence = (document: typeof result) =>
            document.optimization_history.map((entry: { diff: string; verdict: string }) => [
              entry.diff,
              entry.verdict,
            ]);
          expect(essence(replayed)).toEqual(essence(result));
        }),
      2 * SLOW_MS,
    );
  }

  test("names a toolchain that is not installed, with exit code 4", () =>
    withFolder(async (cwd) => {
      mkdirSync(join(cwd, "bin"));
      const bwrap = Bun.which("bwrap");
      if (bwrap !== null) symlinkSync(bwrap, join(cwd, "bin", "bwrap"));
      writeFileSync(join(cwd, "i.json"), sampleInstance());
      writeFileSync(join(cwd, "a.jsonl"), '{"text":"x"}\n');
      for (const [language, tool] of [
        ["python3", "python3"],
        ["cpp", "g++"],
      ] as const) {
        const args = ["run", "--instance", "i.json", "--model", "replay:a.jsonl", "--language", language];
        const { exitCode, stderr } = await runCli([...args, "--unsafe-no-sandbox", "--base-dir", language], {
          cwd,
          env: { PATH: join(cwd, "bin") },
        });
        expect(stderr).toContain(tool);
        expect(stderr).not.toMatch(/\n\s+at /);
        expect(exitCode).toBe(4);
      }
    }));

  test("a base directory that cannot be written gives exit code 7 with its path and leaves nothing", () =>
    withFolder(async (cwd) => {
      writeFileSync(join(cwd, "i.json"), sampleInstance());
      writeFileSync(join(cwd, "a.jsonl"), '{"text":"x"}\n');
      writeFileSync(join(cwd, "file"), "mine");
      const { exitCode, stderr } = await runCli(
        [
          "run",
          "--instance",
          "i.json",
          "--model",
          "replay:a.jsonl",
          "--set",
          "backend=fake",
          "--base-dir",
          "file/x",
        ],
        { cwd },
      );
      expect(stderr).toContain("file/x");
      expect(exitCode).toBe(7);
      expect(readFileSync(join(cwd, "file"), "utf8")).toBe("mine");
    }));

  optionalTest(missingTmpfs())("a full disk gives exit code 7 and no half-written document", () =>
    withFolder(async (cwd) => {
      const disk = join(cwd, "disk");
      mkdirSync(disk);
      mount(disk, "64k");
      try {
        writeFileSync(join(cwd, "i.json"), sampleInstance());
        const long = `\`\`\`python\n# perfagent-fake: {"stdout":"1"}\n${"# filler\n".repeat(9000)}\`\`\``;
        writeFileSync(
          join(cwd, "a.jsonl"),
          `${JSON.stringify({ text: "nothing" })}\n${JSON.stringify({ text: long })}\n`,
        );
        const { exitCode, stderr } = await runCli(
          [
            "run",
            "--instance",
            "i.json",
            "--model",
            "replay:a.jsonl",
            "--set",
            "backend=fake",
            "--base-dir",
            disk,
          ],
          { cwd },
        );
        expect(stderr).toContain(disk);
        expect(stderr).toContain("disk is full");
        expect(exitCode).toBe(7);
        for (const file of filesBelow(disk)) {
          if (file.endsWith(".json") || file.endsWith(".traj")) JSON.parse(readFileSync(file, "utf8"));
          expect(file).not.toEndWith(".tmp");
        }
        const { events } = readJournal(join(disk, "i", "i.journal.jsonl"));
        expect(events.filter((event) => event.type === "iteration")).toHaveLength(1);
      } finally {
        Bun.spawnSync(["umount", disk]);
        rmSync(disk, { recursive: true, force: true });
      }
    }),
  );
});

describe("an interrupt of perfagent run", () => {
  optionalTest(MISSING_FOR_LOCAL)(
    "at any moment ends with 130, no program left, a readable journal and the best program",
    () =>
      withFolder(async (cwd) => {
        const marker = `perfagent-marker-${process.pid}`;
        writeFileSync(join(cwd, "i.json"), sampleInstance());
        const initial = `import time\nname = "${marker}"\ntime.sleep(0.05)\nprint(1)\n`;
        writeFileSync(join(cwd, "p.py"), initial);
        const busy = `while True:\n    pass  # ${marker}\n`;
        const answers = [`\`\`\`python\n${busy}\`\`\``, `\`\`\`python\nprint(1)  # ${marker}\n\`\`\``];
        writeFileSync(join(cwd, "a.jsonl"), `${answers.map((text) => JSON.stringify(text)).join("\n")}\n`);
        // From start-up over the initial evaluation to the endless candidate.
        for (const [index, delayMs] of [150, 400, 700, 1100, 1600, 2500].entries()) {
          const base = `out${index}`;
          const child = spawnCli(
            [
              "run",
              "--instance",
              "i.json",
              "--initial-code",
              "p.py",
              "--model",
              "replay:a.jsonl",
              "--mode",
              "direct",
              "--time-limit",
              "20",
              "--base-dir",
              base,
            ],
            cwd,
            { cwd },
          );
          await Bun.sleep(delayMs);
          child.kill(index % 2 === 0 ? "SIGINT" : "SIGTERM");
          expect(await child.exited).toBe(130);
          expect(processesWith(marker)).toEqual([]);
          const journal = join(cwd, base, "i", "i.journal.jsonl");
          if (!existsSync(journal)) continue;
          const { events } = readJournal(journal);
          if (events.length === 0) continue;
          expect(events.at(-1)).toMatchObject({ type: "run_ended", stopReason: "interrupted" });
          expect(readFileSync(join(cwd, base, "i", "i.pred"), "utf8")).toBe(initial);
        }
      }),
    60_000,
  );
});

function sampleInstance(): string {
  return JSON.stringify({ description: "Print one.", generated_tests: [{ input: "", output: "1" }] });
}

/** Command lines of living processes that run a program with this text; the sources are in files, so look there too. */
function processesWith(marker: string): readonly string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      if (
        command.includes(marker) ||
        (/\/box\/code\.py/.test(command) &&
          readFileSync(join("/proc", pid, "root", "box", "code.py"), "utf8").includes(marker))
      )
        found.push(command);
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

function missingTmpfs(): string | null {
  return process.platform === "linux" && process.getuid?.() === 0 ? null : "only root can mount a small disk";
}

function mount(path: string, size: string): void {
  const done = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
  if (done.exitCode !== 0) throw new Error(`cannot mount a small disk: ${done.stderr.toString()}`);
}
