/** From a solution to a whole program. Pure. */
import { PerfagentError } from "../errors.ts";
import { LANGUAGES } from "../languages.ts";
import type { Instance, Language } from "../types.ts";

/**
 * The program that is built and run for a solution: an `io` solution as it is; a `functional` one inside the
 * instance's runner for the language.
 *
 * @throws PerfagentError `instance` when a functional instance has no runner for the language, or one without a marker.
 */
export function assembleProgram(instance: Instance, language: Language, code: string): string {
  if (instance.type === "io") return code;
  const runner = instance.runners[language];
  if (runner === undefined) throw missingRunner(instance, language);
  return runner.replace(/^.*==Code Submission==.*$/m, () => code);
}

// --- internal ---

function missingRunner(instance: Instance, language: Language): PerfagentError {
  const has = Object.keys(instance.runners).join(", ");
  return new PerfagentError(
    "instance",
    `Cannot run '${instance.taskName}' in ${LANGUAGES[language].title}: its field 'test_runners' has ` +
      `${has === "" ? "no runner" : `runners for ${has}`}; one for ${language} is wanted`,
    { hint: "Choose another --language, or add a runner to the instance." },
  );
}
