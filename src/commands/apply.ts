import { type ArgsDef, defineCommand } from "citty";
import { unifiedDiff } from "../edit/diff.ts";
import { applyResponse } from "../edit/index.ts";
import { EXIT_CODES, PerfagentError } from "../errors.ts";
import { LANGUAGE_IDS, languageOfFile, parseLanguage } from "../languages.ts";
import type { EditOutcome, Language } from "../types.ts";
import { usageError } from "./line/shared.ts";
import { readBytes } from "./process/files.ts";
import { writeJson, writeStdout } from "./process/stdout.ts";

const applyArgs = {
  program: {
    type: "string",
    required: true,
    valueHint: "FILE|-",
    description: "The program as it is now; - reads standard input",
  },
  response: {
    type: "string",
    required: true,
    valueHint: "FILE|-",
    description: "The model's answer; - reads standard input",
  },
  mode: {
    type: "enum",
    options: ["diff", "direct"],
    default: "diff",
    description: "What was asked for: SEARCH/REPLACE blocks (diff) or the whole program (direct)",
  },
  language: {
    type: "string",
    valueHint: "NAME",
    description: "The program's language; default: by the program's file name, else python3",
  },
  format: {
    type: "enum",
    options: ["program", "diff", "json"],
    description: "What is printed: the new program (the default), a unified diff, or a JSON document",
  },
  json: { type: "boolean", description: "The same as --format json" },
} as const satisfies ArgsDef;

export default defineCommand({
  meta: { name: "apply", description: "Apply a model's answer to a program" },
  args: applyArgs,
  async run({ args }) {
    const format = formatOf(args.format, args.json);
    const language = languageOf(args.language, args.program);
    if (args.program === "-" && args.response === "-") {
      throw usageError("perfagent apply", [
        "--program and --response both read standard input; a file is wanted for one of them",
      ]);
    }
    const program = await readExactly(args.program, "the program");
    const response = await readExactly(args.response, "the model's answer");
    const outcome = applyResponse(program, response, { mode: args.mode, language });
    if (format === "json") return writeOutcome(outcome);
    if (outcome.status === "rejected") {
      throw new PerfagentError("code", `Cannot apply the answer (${outcome.reason}): ${outcome.message}`);
    }
    const fileName = args.program === "-" ? "program" : args.program;
    const text = format === "diff" ? unifiedDiff(program, outcome.program, fileName) : outcome.program;
    await writeStdout(text);
  },
});

// --- internal ---

/** Exit code of a refusal, in JSON as in words: the given answer is unusable. */
const EXIT_REJECTED = EXIT_CODES.code;

function formatOf(format: "program" | "diff" | "json" | undefined, json: boolean | undefined) {
  if (json !== true) return format ?? "program";
  if (format === undefined || format === "json") return "json";
  throw usageError("perfagent apply", [`--json and --format ${format} disagree; one of them is wanted`]);
}

function languageOf(name: string | undefined, programPath: string): Language {
  if (name === undefined) return languageOfFile(programPath) ?? "python3";
  const language = parseLanguage(name);
  if (language !== null) return language;
  throw usageError("perfagent apply", [
    `--language: '${name}' is given; one of ${LANGUAGE_IDS.join(", ")} is wanted`,
  ]);
}

/** Reads a file as text, byte order mark included: what is not edited comes out as it came in. */
async function readExactly(path: string, what: string): Promise<string> {
  const bytes = await readBytes(path, { what, code: "code" });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const shown = path === "-" ? "standard input" : `'${path}'`;
    throw new PerfagentError("code", `Cannot read ${what} from ${shown}: it is not UTF-8 text`, {
      hint: "Convert it to UTF-8 first; an edit must not change bytes that it does not understand",
    });
  }
}

async function writeOutcome(outcome: EditOutcome): Promise<void> {
  if (outcome.status === "applied") {
    const { status, program, blocks, matched } = outcome;
    return writeJson({ status, program, blocks, matched });
  }
  const { status, reason, block, message } = outcome;
  process.exitCode = EXIT_REJECTED;
  await writeJson({ status, reason, block, message });
}
