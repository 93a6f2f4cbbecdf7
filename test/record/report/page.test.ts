import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mergeRuns } from "../../../src/record/report/merge.ts";
import { trajectoryChart } from "../../../src/record/report/page/chart.ts";
import { html } from "../../../src/record/report/page/html.ts";
import { renderPage } from "../../../src/record/report/page/page.ts";
import { readJournalRun } from "../../../src/record/report/read-journal.ts";
import type { ReportRun } from "../../../src/record/report/run.ts";
import { optionalTest } from "../../support/optional.ts";
import { type RecordedRunOptions, recordedEvents } from "./recorded-run.ts";

const EVIL = `</script><script>document.title="broken"</script><img src=x onerror='document.title="broken"'>"'&`;

function runOf(options: RecordedRunOptions, changes: Partial<ReportRun> = {}): ReportRun {
  const run = readJournalRun(recordedEvents(options), "a.journal.jsonl");
  if (run === null) throw new Error("The journal has a run");
  return { ...run, ...changes };
}

const ROUNDS = [
  { verdict: "edit_failed", runtime: null },
  { verdict: "improved", runtime: 1 },
  { verdict: "not_improved", runtime: 1.5 },
] as const;

function page(runs: readonly ReportRun[], extra = {}): string {
  return renderPage({ ...mergeRuns(runs), canonicals: [], warnings: [], skipped: [], ...extra }, []);
}

const evilPage = page(
  [
    runOf(
      { instanceId: EVIL, model: EVIL, rounds: [{ verdict: "improved", runtime: 1, reason: EVIL }] },
      {
        initialCode: EVIL,
        finalCode: EVIL,
        language: EVIL,
        unit: EVIL,
        target: EVIL,
        error: { code: EVIL, message: EVIL },
      },
    ),
  ],
  { warnings: [EVIL], skipped: [{ path: EVIL, reason: EVIL }] },
);

describe("html", () => {
  test("escapes values, keeps HTML, joins lists, leaves null out", () => {
    const inner = html`<b>${"<&\"'>"}</b>`;
    expect(html`<p title="${'"'}">${[inner, null, 5, "x"]}</p>`.text).toBe(
      '<p title="&quot;"><b>&lt;&amp;&quot;&#x27;&gt;</b>5x</p>',
    );
  });
});

describe("renderPage()", () => {
  test("is one page without anything from elsewhere", () => {
    const text = page([runOf({ rounds: ROUNDS })]);
    expect(text).not.toMatch(/(?:src|href)\s*=|url\(|@import|https?:/);
    expect(text).toContain("default-src &#x27;none&#x27;;");
  });

  test("lets only its own style and script run", () => {
    const text = page([runOf({})]);
    for (const [tag, policy] of [
      ["style", "style-src"],
      ["script", "script-src"],
    ]) {
      const content = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1] ?? "";
      const hash = new Bun.CryptoHasher("sha256").update(content).digest("base64");
      expect(text).toContain(Bun.escapeHTML(`${policy} 'sha256-${hash}'`));
    }
    expect(text).not.toMatch(/\son\w+=|\sstyle=/);
  });

  test("escapes whatever a run, a file name or a model says", () => {
    expect(evilPage.match(/<script/g)).toHaveLength(1);
    expect(evilPage).not.toContain("<img");
    expect(evilPage).toContain(Bun.escapeHTML(EVIL));
  });

  test("shows each run with its rounds, verdicts and changes", () => {
    const text = page([runOf({ rounds: ROUNDS })]);
    for (const part of [
      "edit failed",
      "not improved",
      "reason 2",
      "<del>-print(1)</del>",
      "<ins>+print(3)</ins>",
      "2.00×",
    ]) {
      expect(text).toContain(part);
    }
  });

  test("colours the original's edit blocks", () => {
    const [first, ...rest] = runOf({ rounds: ROUNDS }).steps;
    if (first === undefined) throw new Error("A step is wanted");
    const diff = "<<<<<<< SEARCH\nold\n=======\nnew\n=======\n>>>>>>> REPLACE\n";
    const text = page([runOf({}, { steps: [{ ...first, diff }, ...rest] })]);
    expect(text).toContain(
      "&lt;&lt;&lt;&lt;&lt;&lt;&lt; SEARCH\n<del>old</del>=======\n<ins>new</ins><ins>=======</ins>&gt;&gt;",
    );
  });

  test("says the same for the same runs", () => {
    expect(page([runOf({ rounds: ROUNDS })])).toBe(page([runOf({ rounds: ROUNDS })]));
  });

  test("renders a batch of the whole benchmark in moderate time and size", () => {
    const runs = Array.from({ length: 600 }, (_, i) =>
      runOf({
        instanceId: `task_${i}`,
        rounds: Array.from({ length: 10 }, () => ({ verdict: "improved", runtime: 1 })),
      }),
    );
    const started = performance.now();
    const text = page(runs);
    // About 0.7 s and 9 MB; the bounds only catch a quadratic mistake.
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(text.length).toBeLessThan(20e6);
  }, 60_000);
});

describe("trajectoryChart()", () => {
  test("draws the best program as a line, each round as a mark", () => {
    const chart = trajectoryChart(runOf({ rounds: ROUNDS }))?.text ?? "";
    // Initial 2 s at the top of a scale from 0 to 2; halved in round 2 of 3; level to the end.
    expect(/class="best" d="([^"]*)"/.exec(chart)?.[1]).toBe("M64 28H488V119H700");
    expect(chart.match(/<circle/g)).toHaveLength(3);
    expect(chart.match(/class="cross"/g)).toHaveLength(1);
    expect(chart).toContain("<title>Round 2: improved\n1 s\nreason 2</title>");
  });

  test("is left out where nothing was measured, and copes with one point and many", () => {
    expect(trajectoryChart(runOf({ initialRuntime: null }))).toBeNull();
    expect(trajectoryChart(runOf({}))?.text).toContain("M64 ");
    const many = runOf({
      rounds: Array.from({ length: 500 }, () => ({ verdict: "not_improved", runtime: 3e-7 })),
    });
    const chart = trajectoryChart(many)?.text ?? "";
    expect(chart).not.toMatch(/NaN|Infinity/);
    expect(chart.match(/text-anchor="middle"/g)?.length).toBeLessThan(15);
  });
});

const chromium = Bun.which("chromium") ?? Bun.which("google-chrome");
const browserTest = optionalTest(chromium === null ? "Chromium is not installed" : null);

describe("the page in a browser", () => {
  /** The page's content after its script ran. */
  async function open(text: string): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "perfagent-page-"));
    try {
      writeFileSync(join(folder, "page.html"), text);
      const child = Bun.spawn(
        [
          chromium ?? "",
          ...[
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--virtual-time-budget=2000",
          ],
          ...[`--user-data-dir=${join(folder, "profile")}`, "--dump-dom", join(folder, "page.html")],
        ],
        { stdout: "pipe", stderr: "ignore", env: { PATH: process.env.PATH ?? "", HOME: folder } },
      );
      const dom = await child.stdout.text();
      await child.exited;
      return dom;
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  browserTest(
    "its script runs under its policy",
    async () => {
      const dom = await open(page([runOf({ instanceId: "a" }), runOf({ instanceId: "b" })]));
      // The script replaces the count that the page comes with.
      expect(dom).toContain("2 of 2 shown");
    },
    60_000,
  );

  browserTest(
    "nothing in a run becomes a part of it",
    async () => {
      const dom = await open(evilPage);
      expect(dom).toContain("1 of 1 shown");
      expect(dom).not.toContain("<title>broken</title>");
      expect(dom.match(/<script/g)).toHaveLength(1);
    },
    60_000,
  );
});
