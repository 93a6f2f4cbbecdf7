/** EffiBench-X problem files: reading, validation, and clear refusals. */
import { basename } from "node:path";
import * as v from "valibot";
import { messageOf, PerfagentError } from "./errors.ts";
import { sha256 } from "./lib/hash.ts";
import type { HumanSolution, Instance, Language, TestCase } from "./types.ts";

/**
 * Validates the text of an instance file.
 *
 * @param text The file's content: a JSON object as published by EffiBench-X; `generated_tests`, `starter_code` and
 * `test_runners` may be JSON strings or values.
 * @param origin Path of the file, or "-" for standard input. The task name is its base name without extension; standard
 * input is named by the problem's own source, id and slug.
 * @throws PerfagentError `instance` naming the field, what it holds and what is expected.
 */
export function parseInstance(text: string, origin: string): Instance {
  const json = parseJson(text, origin);
  // An array has all the optional fields of an object: none.
  if (Array.isArray(json))
    throw refused(origin, `it holds a list of ${json.length}; a JSON object is wanted`);
  const parsed = v.safeParse(instanceSchema, json);
  if (!parsed.success) throw refused(origin, describeIssues(parsed.issues));
  const raw = parsed.output;

  const tests = readTests(raw.generated_tests, origin);
  const description = raw.description_md?.trim() ? raw.description_md : (raw.description ?? "");
  if (description.trim() === "") {
    throw refused(
      origin,
      "its fields 'description' and 'description_md' are empty; a problem statement is wanted",
    );
  }
  const id = String(raw.id ?? "");
  return {
    taskName: taskNameOf(origin, [raw.source, id, raw.title_slug]),
    id,
    title: raw.title ?? "",
    description,
    type: raw.type,
    tests,
    evaluatorSource: emptyToNull(raw.evaluator),
    generatorSource: emptyToNull(raw.test_case_generator),
    starterCode: readLanguageMap(raw.starter_code, "starter_code", origin),
    runners: readLanguageMap(raw.test_runners, "test_runners", origin),
    timeLimitMs: raw.time_limit_nanos == null ? null : raw.time_limit_nanos / 1e6,
    memoryLimitBytes: raw.memory_limit_bytes ?? null,
    solutions: readSolutions(raw.solutions),
    sha256: sha256(text),
  };
}

/**
 * Checks that an instance can be run in a language.
 * @throws PerfagentError `instance` when it is `functional` and has no runner for the language.
 */
export function requireLanguage(instance: Instance, language: Language): void {
  if (instance.type === "io" || instance.runners[language] !== undefined) return;
  const present = Object.keys(instance.runners);
  throw new PerfagentError(
    "instance",
    `Cannot run '${instance.taskName}' in ${language}: it is a functional problem and its 'test_runners' holds ` +
      `${present.length === 0 ? "no language" : present.join(", ")}; a runner for ${language} is wanted`,
    {
      hint:
        present.length === 0
          ? "Use an instance with test runners"
          : `Choose --language ${present.join(" or ")}`,
    },
  );
}

// --- internal ---

const LANGUAGE_KEYS: readonly Language[] = ["python3", "cpp", "java", "javascript", "golang", "ruby"];

const limit = v.nullish(
  v.pipe(v.number("a positive number"), v.finite("a finite number"), v.minValue(1, "a positive number")),
);
const text = v.nullish(v.string("a string"));
const jsonOrText = v.optional(v.unknown());

const instanceSchema = v.object(
  {
    id: v.nullish(v.union([v.string(), v.number()], "a string or a number")),
    title: text,
    title_slug: text,
    source: text,
    description: text,
    description_md: text,
    type: v.optional(v.picklist(["io", "functional"], "'io' or 'functional'"), "io"),
    time_limit_nanos: limit,
    memory_limit_bytes: limit,
    starter_code: jsonOrText,
    solutions: v.nullish(v.record(v.string(), v.unknown(), "an object: language → solution")),
    test_case_generator: text,
    evaluator: text,
    generated_tests: jsonOrText,
    test_runners: jsonOrText,
  },
  "a JSON object",
);

const testsSchema = v.array(
  v.object({ input: v.string("a string"), output: v.string("a string") }, "an {input, output} pair"),
  "a list of {input, output} pairs",
);

function parseJson(content: string, origin: string): unknown {
  if (content.trim() === "") throw refused(origin, "it is empty; a JSON object is wanted");
  try {
    return JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw refused(origin, `it is not JSON (${messageOf(error)}); a JSON object is wanted`);
  }
}

/** Several fields are JSON inside a JSON string in the published files. */
function unwrap(value: unknown, field: string, origin: string): unknown {
  if (typeof value !== "string") return value;
  if (value.trim() === "") return null;
  try {
    return JSON.parse(value);
  } catch (error) {
    throw refused(origin, `its field '${field}' holds a string that is not JSON (${messageOf(error)})`);
  }
}

function readTests(value: unknown, origin: string): readonly TestCase[] {
  const field = "generated_tests";
  const parsed = v.safeParse(testsSchema, unwrap(value, field, origin));
  if (!parsed.success) throw refused(origin, describeIssues(parsed.issues, field));
  if (parsed.output.length === 0) {
    throw refused(origin, `its field '${field}' holds no test; at least one {input, output} pair is wanted`);
  }
  return parsed.output;
}

function readLanguageMap(
  value: unknown,
  field: string,
  origin: string,
): Readonly<Partial<Record<Language, string>>> {
  // A starter code that is plain text belongs to every language; only maps are per language.
  if (field === "starter_code" && typeof value === "string" && !value.trimStart().startsWith("{")) {
    return value.trim() === "" ? {} : Object.fromEntries(LANGUAGE_KEYS.map((key) => [key, value]));
  }
  const map = unwrap(value, field, origin) ?? {};
  const parsed = v.safeParse(
    v.record(v.string(), v.nullish(v.string("a string")), "an object: language → source"),
    map,
  );
  if (!parsed.success) throw refused(origin, describeIssues(parsed.issues, field));
  const known: Partial<Record<Language, string>> = {};
  for (const key of LANGUAGE_KEYS) {
    const source = parsed.output[key];
    if (typeof source === "string" && source.trim() !== "") known[key] = source;
  }
  return known;
}

/** Human solutions serve scoring only: one that cannot be read is left out and never stops a run. */
function readSolutions(value: unknown): Readonly<Partial<Record<Language, HumanSolution>>> {
  const solutions: Partial<Record<Language, HumanSolution>> = {};
  for (const key of LANGUAGE_KEYS) {
    const entry = (value as Record<string, unknown> | null | undefined)?.[key];
    const parsed = v.safeParse(
      v.object({
        code: v.pipe(v.string(), v.nonEmpty()),
        runtimeDistribution: v.optional(v.unknown()),
        memoryDistribution: v.optional(v.unknown()),
      }),
      entry,
    );
    if (!parsed.success) continue;
    const { code, runtimeDistribution, memoryDistribution } = parsed.output;
    solutions[key] = {
      code,
      runtimeCanonical: bestOf(runtimeDistribution) ?? code,
      memoryCanonical: bestOf(memoryDistribution) ?? code,
    };
  }
  return solutions;
}

/** The code with the smallest value in a distribution of `[value, percentage, code]`. */
function bestOf(distribution: unknown): string | null {
  const entries = v.safeParse(
    v.array(v.looseTuple([v.number(), v.unknown(), v.string()])),
    typeof distribution === "string" ? safeJson(distribution) : distribution,
  );
  if (!entries.success) return null;
  let best: readonly [number, unknown, string] | null = null;
  for (const [value, share, code] of entries.output) {
    if (code.trim() !== "" && (best === null || value < best[0])) best = [value, share, code];
  }
  return best === null ? null : best[2];
}

function safeJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

/**
 * The name of a task: the base name of its file without the extension; for standard input ("-") its own names joined.
 */
export function taskNameOf(origin: string, ownNames: readonly (string | null | undefined)[]): string {
  const name =
    origin === "-"
      ? ownNames.filter((part) => part != null && part !== "").join("_") || "stdin"
      : basename(origin).replace(/\.[^.]+$/, "");
  // The name becomes a folder's: separators, control characters and the two directory names must not reach a path.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is being removed
  const safe = name.replace(/[/\\\u0000-\u001f]/g, "_");
  return safe === "" || safe === "." || safe === ".." ? "instance" : safe;
}

function emptyToNull(source: string | null | undefined): string | null {
  return source == null || source.trim() === "" ? null : source;
}

function refused(origin: string, what: string): PerfagentError {
  const name = origin === "-" ? "on standard input" : `'${origin}'`;
  return new PerfagentError("instance", `Cannot use the instance ${name}: ${what}`, {
    hint: "An instance is an EffiBench-X problem file; 'perfagent init' makes one from a program and its tests",
  });
}

/** The first three problems, each as "field X holds Y; Z is wanted". */
function describeIssues(issues: readonly v.BaseIssue<unknown>[], prefix = ""): string {
  const shown = issues.slice(0, 3).map((issue) => {
    const path = [prefix, v.getDotPath(issue) ?? ""].filter((part) => part !== "").join(".");
    const holder = path === "" ? "it" : `its field '${path}'`;
    return `${holder} holds ${describeValue(issue.input)}; ${issue.message} is wanted`;
  });
  if (issues.length > shown.length) shown.push(`and ${issues.length - shown.length} more like this`);
  return shown.join(", ");
}

function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  const shown = JSON.stringify(value);
  return `the ${typeof value} ${shown.length > 60 ? `${shown.slice(0, 57)}…` : shown}`;
}
