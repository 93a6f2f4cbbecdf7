import { existsSync } from "node:fs";
import { basename, extname } from "node:path";
import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";
import {
  BUILT_IN_CHECKERS,
  type BuiltInChecker,
  checkerSource,
  DEFAULT_FLOAT_TOLERANCE,
} from "../init/checkers.ts";
import { instanceDocument, slugOf } from "../init/instance-document.ts";
import { readTests } from "../init/read-tests.ts";
import { parseInstance } from "../instance.ts";
import { LANGUAGES, languageOfFile, parseLanguage } from "../languages.ts";
import type { Language } from "../types.ts";
import { numberArg, numberOf, usageError } from "./line/shared.ts";
import { readText, writeOutput } from "./process/files.ts";
import { createLogger } from "./process/logger.ts";
import { writeJson } from "./process/stdout.ts";

export default defineCommand({
  meta: { name: "init" },
  args: {
    program: {
      type: "string",
      required: true,
      valueHint: "FILE",
      description: "The program that the tests are for; - reads standard input",
    },
    tests: {
      type: "string",
      required: true,
      valueHint: "DIR|ZIP",
      description: "Tests: X.in with X.out or X.ans, or inputX.txt with outputX.txt",
    },
    statement: {
      type: "string",
      valueHint: "FILE",
      description: "The problem statement (Markdown); - reads standard input",
    },
    language: {
      type: "string",
      valueHint: "NAME",
      description: "The program's language; default: by its file name",
    },
    checker: {
      type: "string",
      valueHint: "NAME|FILE",
      description:
        "tokens (default), exact, floats, or a Python file that defines evaluate(expected_output, program_output)",
    },
    "float-tolerance": numberArg({
      min: 0,
      valueHint: "X",
      description: `Absolute or relative difference that the floats checker allows; default: ${DEFAULT_FLOAT_TOLERANCE}`,
    }),
    "time-limit": numberArg({
      min: 0.001,
      valueHint: "SECONDS",
      description: "Time of one test, set with C++ in mind",
    }),
    "memory-limit": numberArg({ min: 1, valueHint: "MB", description: "Memory of one test, in 10^6 bytes" }),
    output: {
      type: "string",
      valueHint: "FILE",
      default: "-",
      description: "The instance; its name becomes the task's. - is standard output",
    },
    force: { type: "boolean", description: "Replace an output file that exists" },
    json: { type: "boolean", description: "With --output FILE: print what was made as JSON" },
    quiet: { type: "boolean", description: "Write nothing but errors to standard error" },
  },
  async run({ args }) {
    const { program, tests: testsPath, output } = args;
    const logger = createLogger({ quiet: args.quiet === true });
    if (program === "-" && args.statement === "-") {
      throw usageError("perfagent init", ["--program and --statement cannot both be standard input"]);
    }
    const checker = chooseChecker(args.checker, numberOf(args["float-tolerance"]));
    const language = chooseLanguage(args.language, program);
    // Before anything is read: a long read that ends in a refusal to write helps nobody.
    if (output !== "-" && args.force !== true && existsSync(output)) {
      throw new PerfagentError("output", `Cannot write '${output}': it exists already`, {
        hint: "Choose another --output, or replace it with --force",
      });
    }
    const code = await readText(program, { what: "the program", code: "code" });
    if (code.trim() === "") {
      throw new PerfagentError("code", `Cannot use the program '${program}': it is empty`, {
        hint: "Name the program that the tests are for with --program",
      });
    }
    const statement =
      args.statement === undefined ? null : await readText(args.statement, { what: "the problem statement" });
    const evaluator = await evaluatorOf(checker);
    const tests = readTests(testsPath);
    const memoryMb = numberOf(args["memory-limit"]);
    const document = instanceDocument({
      name: slugOf(nameOf(output === "-" ? program : output)),
      tests,
      program: { language, code },
      statement,
      evaluator,
      timeLimitSeconds: numberOf(args["time-limit"]),
      memoryLimitBytes: memoryMb === null ? null : memoryMb * 1e6,
    });
    const text = `${JSON.stringify(document, null, 2)}\n`;
    // What cannot be read back is a bug here, not a surprise in the next command.
    const instance = parseInstance(text, output);
    await writeOutput(output, text);
    if (output === "-") return;
    logger.info(
      `Wrote '${output}': ${tests.length} tests in ${LANGUAGES[language].title}, checker ${checker.name}`,
    );
    logger.info(`Next: perfagent eval --instance ${output} --language ${language} --solution ${program}`);
    logger.info(`Then: perfagent run --instance ${output} --language ${language} --initial-code ${program}`);
    if (args.json === true) {
      await writeJson({
        instance_file: output,
        task_name: instance.taskName,
        language,
        tests: tests.length,
        test_names: tests.map((test) => test.name),
        checker: checker.name,
        time_limit: numberOf(args["time-limit"]),
        memory_limit: memoryMb,
      });
    }
  },
});

// --- internal ---

type Checker =
  | { readonly name: BuiltInChecker; readonly floatTolerance: number }
  | { readonly name: string; readonly file: string };

function chooseChecker(given: string | undefined, tolerance: number | null): Checker {
  const name = given ?? (tolerance === null ? "tokens" : "floats");
  const builtIn = BUILT_IN_CHECKERS.find((one) => one === name);
  if (tolerance !== null && builtIn !== "floats") {
    throw usageError("perfagent init", [
      `--float-tolerance is given with --checker ${name}; it belongs to --checker floats`,
    ]);
  }
  if (builtIn !== undefined) return { name: builtIn, floatTolerance: tolerance ?? DEFAULT_FLOAT_TOLERANCE };
  if (!existsSync(name)) {
    throw usageError("perfagent init", [
      `--checker: '${name}' is neither a checker (${BUILT_IN_CHECKERS.join(", ")}) nor a file`,
    ]);
  }
  return { name, file: name };
}

async function evaluatorOf(checker: Checker): Promise<string> {
  if (!("file" in checker)) return checkerSource(checker.name, checker.floatTolerance);
  const source = await readText(checker.file, { what: "the checker" });
  if (/\bevaluate\b/.test(source)) return source;
  throw new PerfagentError(
    "instance",
    `Cannot use the checker '${checker.file}': it defines no 'evaluate'; a Python function ` +
      "evaluate(expected_output, program_output) that returns True or False is wanted",
    { hint: `Or name a built-in one: ${BUILT_IN_CHECKERS.join(", ")}` },
  );
}

function chooseLanguage(given: string | undefined, program: string): Language {
  const names = Object.keys(LANGUAGES).join(", ");
  if (given !== undefined) {
    const language = parseLanguage(given);
    if (language === null)
      throw usageError("perfagent init", [`--language: '${given}' is given; one of ${names} is wanted`]);
    return language;
  }
  const language = program === "-" ? null : languageOfFile(program);
  if (language !== null) return language;
  const why = program === "-" ? "standard input has no file name" : `'${basename(program)}' does not tell it`;
  throw usageError("perfagent init", [
    `the program's language is not known: ${why}; --language (${names}) is wanted`,
  ]);
}

function nameOf(path: string): string {
  return path === "-" ? "problem" : basename(path, extname(path));
}
