/** Which program a run begins with. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { PerfagentError, systemReason } from "../errors.ts";
import { LANGUAGES } from "../languages.ts";
import type { Instance, Language } from "../types.ts";

export interface InitialCode {
  readonly code: string;
  /** No code was given: the model writes the program first. */
  readonly isPlaceholder: boolean;
}

/** A program as a user hands it over. */
export interface GivenCode {
  readonly bytes: Uint8Array;
  /** What messages call it. */
  readonly name: string;
}

export interface InitialCodeSources {
  /** Null when none was given. */
  readonly given: GivenCode | null;
  /** The configuration's own text; null when there is none. */
  readonly text: string | null;
  /** Folder with `<task>.<ext>`; null when there is none. */
  readonly directory: string | null;
}

/**
 * The initial program: the first of the given file, the configuration's text, the folder's file; else a placeholder.
 * @throws PerfagentError `code` when a given program is empty or not text, `config` when the folder does not exist.
 */
export function chooseInitialCode(
  instance: Instance,
  language: Language,
  sources: InitialCodeSources,
): InitialCode {
  if (sources.given !== null) return accept(sources.given.bytes, sources.given.name);
  if (sources.text !== null) return accept(Buffer.from(sources.text), "overrides.initial_code_text");
  if (sources.directory !== null) {
    if (!existsSync(sources.directory) || !statSync(sources.directory).isDirectory()) {
      throw new PerfagentError(
        "config",
        `Cannot use the initial code folder '${sources.directory}': it is no folder`,
        {
          hint: "Give a folder with a file <task name>.<extension> for each instance",
        },
      );
    }
    const path = join(sources.directory, `${instance.taskName}.${LANGUAGES[language].extension}`);
    if (existsSync(path)) return accept(readBytes(path), path);
  }
  return { code: LANGUAGES[language].placeholder("The program goes here."), isPlaceholder: true };
}

// --- internal ---

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new PerfagentError("code", `Cannot read the initial code '${path}': ${systemReason(error)}`);
  }
}

function accept(bytes: Uint8Array, name: string): InitialCode {
  const refuse = (found: string) =>
    new PerfagentError("code", `Cannot use the initial code '${name}': it ${found}; a program is wanted`);
  if (bytes.includes(0)) throw refuse("holds NUL bytes, so it is binary");
  let code: string;
  try {
    code = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refuse("is not UTF-8 text");
  }
  if (code.replace(/^\uFEFF/, "").trim() === "") throw refuse("is empty");
  return { code, isPlaceholder: false };
}
