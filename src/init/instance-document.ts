/** An instance in EffiBench-X's format, from its parts. Pure; keys are the format's own. */
import type { Language, TestCase } from "../types.ts";

export interface InstanceParts {
  /** Names the problem: a slug. */
  readonly name: string;
  readonly tests: readonly TestCase[];
  readonly program: { readonly language: Language; readonly code: string };
  /** The problem statement as Markdown, or null when there is none. */
  readonly statement: string | null;
  /** Python source of `evaluate(expected_output, program_output)`. */
  readonly evaluator: string;
  /** Seconds; null leaves it to whoever runs it. */
  readonly timeLimitSeconds: number | null;
  /** Bytes; null leaves it to whoever runs it. */
  readonly memoryLimitBytes: number | null;
}

/**
 * The instance as a JSON document. The program becomes its reference solution: scores are relative to it, and no model
 * ever sees it from there; to begin from it, a run is given it as initial code.
 */
export function instanceDocument(parts: InstanceParts): Readonly<Record<string, unknown>> {
  const statement = parts.statement?.trim() ? parts.statement : defaultStatement(parts.tests);
  return {
    id: parts.name,
    title: headingOf(parts.statement) ?? parts.name,
    title_slug: parts.name,
    description: statement,
    description_md: statement,
    difficulty: "",
    tags: [],
    source: "local",
    url: null,
    type: "io",
    release_timestamp: null,
    release_date: null,
    time_limit_nanos: parts.timeLimitSeconds === null ? null : Math.round(parts.timeLimitSeconds * 1e9),
    memory_limit_bytes: parts.memoryLimitBytes === null ? null : Math.round(parts.memoryLimitBytes),
    starter_code: null,
    solutions: {
      [parts.program.language]: {
        code: parts.program.code,
        memory: null,
        memoryDistribution: "[]",
        runtime: null,
        runtimeDistribution: "[]",
      },
    },
    test_case_generator: null,
    evaluator: parts.evaluator,
    // A JSON string inside the JSON, as the published files have it.
    generated_tests: JSON.stringify(parts.tests.map(({ input, output }) => ({ input, output }))),
    test_runners: null,
  };
}

/** A name for files and folders: lower case, words joined by hyphens. */
export function slugOf(text: string): string {
  const slug = text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\p{M}]/gu, "")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  return slug === "" ? "problem" : slug;
}

// --- internal ---

/** Characters of an example that still help a reader. */
const EXAMPLE_CHARACTERS = 1000;

function headingOf(statement: string | null): string | null {
  const line = statement?.trim().split("\n", 1)[0] ?? "";
  return /^#{1,6}\s+(.+?)\s*#*$/.exec(line)?.[1] ?? null;
}

/** What can be said without a statement; the example shows the formats. */
function defaultStatement(tests: readonly TestCase[]): string {
  const words =
    "Write a program that reads one input from standard input and writes its answer to standard output.\n" +
    "There is no further description: the program must do exactly what the current program does.\n";
  const smallest = [...tests].sort((a, b) => sizeOf(a) - sizeOf(b))[0];
  if (smallest === undefined || sizeOf(smallest) > EXAMPLE_CHARACTERS) return words;
  return `${words}\n## Example\n\nInput:\n\n${block(smallest.input)}\n\nOutput:\n\n${block(smallest.output)}\n`;
}

function sizeOf(test: TestCase): number {
  return test.input.length + test.output.length;
}

/** An indented block needs no fence that the text itself could close. */
function block(text: string): string {
  return text
    .replace(/\s+$/, "")
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
