/** From a solution to a whole program. Pure. */
import { PerfagentError } from "../errors.ts";
import { LANGUAGES } from "../languages.ts";
import type { Instance, Language } from "../types.ts";
import { assembleCpp } from "./assemble/cpp.ts";
import { assembleGo, tidyGoImports } from "./assemble/go.ts";
import { assembleJava } from "./assemble/java.ts";
import { assembleJavascript } from "./assemble/javascript.ts";
import { hasMarker } from "./assemble/marker.ts";
import { assemblePython } from "./assemble/python.ts";
import { assembleRuby } from "./assemble/ruby.ts";

/**
 * The program that is built and run for a solution. An `io` solution is a program already, and stays as it is but for
 * Go's imports (see `tidyGoImports`). A `functional` one goes into the instance's runner, in place of the line that
 * holds `==Code Submission==`, under the benchmark's import block.
 *
 * @throws PerfagentError `instance` when a functional instance has no runner for the language, or one without a marker.
 */
export function assembleProgram(instance: Instance, language: Language, code: string): string {
  if (instance.type === "io") return language === "golang" ? tidyGoImports(code) : code;
  const runner = instance.runners[language];
  if (runner === undefined) throw missingRunner(instance, language);
  if (!hasMarker(runner)) throw missingMarker(instance, language);
  return ASSEMBLERS[language](runner, code);
}

// --- internal ---

const ASSEMBLERS: Readonly<Record<Language, (runner: string, solution: string) => string>> = {
  python3: assemblePython,
  cpp: assembleCpp,
  java: assembleJava,
  javascript: assembleJavascript,
  golang: assembleGo,
  ruby: assembleRuby,
};

function missingRunner(instance: Instance, language: Language): PerfagentError {
  const has = Object.keys(instance.runners).join(", ");
  return new PerfagentError(
    "instance",
    `Cannot run '${instance.taskName}' in ${LANGUAGES[language].title}: its field 'test_runners' has ` +
      `${has === "" ? "no runner" : `runners for ${has}`}; one for ${language} is wanted`,
    { hint: "Choose another --language, or add a runner to the instance." },
  );
}

function missingMarker(instance: Instance, language: Language): PerfagentError {
  return new PerfagentError(
    "instance",
    `Cannot run '${instance.taskName}' in ${LANGUAGES[language].title}: its runner in 'test_runners' has no line with ` +
      "'==Code Submission=='; the solution is put in that line's place",
    { hint: "Mark the solution's place in the instance's runner." },
  );
}
