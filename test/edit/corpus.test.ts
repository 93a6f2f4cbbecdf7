import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { applyResponse } from "../../src/edit/index.ts";
import { parseLanguage } from "../../src/languages.ts";
import type { EditRejection, Mode } from "../../src/types.ts";
import { optionalTest } from "../support/optional.ts";

/** One line of the corpus of model answers: see the README beside it. */
interface CorpusCase {
  readonly id: string;
  readonly lang: string;
  readonly mode: Mode;
  readonly program: string;
  readonly response: string;
  readonly compare?: "trim";
  readonly expect: {
    readonly kind: "applied" | "rejected" | "applied_or_rejected";
    readonly result?: string;
    readonly reason_class?: EditRejection;
    readonly reason_any?: readonly EditRejection[];
    readonly message_mentions?: readonly string[];
  };
}

const PATH = join(import.meta.dir, "../../../shared/data/edits/cases.jsonl");
const isHere = existsSync(PATH);
const cases = isHere
  ? readFileSync(PATH, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as CorpusCase)
  : [];
const corpusTest = optionalTest(isHere ? null : "the corpus of model answers is not beside the project");

/** Share of the corpus's soft expectations that must hold. */
const MENTIONS_WANTED = 0.95;

describe("applyResponse() on the corpus", () => {
  for (const { id, lang, mode, program, response, compare, expect: wanted } of cases) {
    test(id, () => {
      const outcome = applyResponse(program, response, { mode, language: parseLanguage(lang) ?? "python3" });
      const normal = (text: string) => (compare === "trim" ? text.replace(/^\n+|\n+$/g, "") : text);
      if (outcome.status === "applied") {
        expect(normal(outcome.program)).toBe(normal(wanted.result ?? "a refusal was wanted"));
        return;
      }
      const reasons = wanted.reason_any ?? (wanted.reason_class === undefined ? [] : [wanted.reason_class]);
      expect(reasons).toContain(outcome.reason);
    });
  }

  corpusTest("refusals mention what a reader needs", () => {
    const mentions = cases.flatMap(({ lang, mode, program, response, expect: wanted }) => {
      const outcome = applyResponse(program, response, { mode, language: parseLanguage(lang) ?? "python3" });
      const said = outcome.status === "rejected" ? outcome.message : "";
      return (wanted.message_mentions ?? []).map((words) => said.includes(words));
    });
    expect(mentions.filter(Boolean).length / mentions.length).toBeGreaterThanOrEqual(MENTIONS_WANTED);
  });
});
