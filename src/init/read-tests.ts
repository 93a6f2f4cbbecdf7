/** Reading a folder or a zip archive of tests. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { messageOf, PerfagentError } from "../errors.ts";
import { isZip, readZip, ZipError } from "../lib/zip.ts";
import type { TestCase } from "../types.ts";
import { isTestName, type Pairing, pairTests } from "./pair-tests.ts";

/** A test with the name of its input, for messages. */
export interface NamedTest extends TestCase {
  readonly name: string;
}

/** Bytes of all tests together: an instance is one JSON document that every reader holds in memory several times. */
export const MAX_TESTS_BYTES = 256 * 2 ** 20;
/** Files in an archive; far above any contest's tests. */
const MAX_ENTRIES = 20_000;

/**
 * Reads tests from a folder (with the folders in it) or a zip archive, in natural order of their names.
 *
 * @throws PerfagentError `instance` naming every file without its partner, every file that is not UTF-8, or what is
 * wrong with the archive.
 */
export function readTests(path: string): readonly NamedTest[] {
  const files = openFiles(path);
  const pairing = pairTests([...files.keys()]);
  refuseUnpaired(path, pairing);
  const notText: string[] = [];
  let left = MAX_TESTS_BYTES;
  const text = (name: string): string => {
    const bytes = files.get(name)?.() ?? new Uint8Array();
    left -= bytes.length;
    if (left < 0) throw refused(path, `its tests are larger than ${MAX_TESTS_BYTES / 2 ** 20} MiB together`);
    const decoded = decode(bytes);
    if (decoded === null) notText.push(name);
    return decoded ?? "";
  };
  const tests = pairing.pairs.map(({ input, output }) => ({
    name: input,
    input: text(input),
    output: text(output),
  }));
  if (notText.length > 0) {
    throw refused(
      path,
      `${list(notText)} ${notText.length === 1 ? "is" : "are"} not UTF-8 text, which an instance needs`,
    );
  }
  return tests;
}

// --- internal ---

/** Names listed in one message. */
const NAMED = 10;

/** Test files by their path inside the folder or archive; each is read when it is asked for. */
function openFiles(path: string): ReadonlyMap<string, () => Uint8Array> {
  try {
    if (statSync(path).isDirectory()) return openFolder(path);
    const bytes = readFileSync(path);
    if (!isZip(bytes)) throw refused(path, "it is neither a folder nor a zip archive");
    const limits = { maxEntries: MAX_ENTRIES, maxBytes: MAX_TESTS_BYTES };
    return new Map(readZip(bytes, limits, isTestName).map((entry) => [entry.name, () => entry.bytes]));
  } catch (error) {
    if (error instanceof PerfagentError) throw error;
    if (error instanceof ZipError) throw refused(path, `the archive ${error.message}`);
    throw refused(path, messageOf(error));
  }
}

function openFolder(folder: string): ReadonlyMap<string, () => Uint8Array> {
  const files = new Map<string, () => Uint8Array>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name);
    const name = relative(folder, full).replaceAll("\\", "/");
    if (isTestName(name) && statSync(full).isFile()) files.set(name, () => readFileSync(full));
  }
  return files;
}

function refuseUnpaired(path: string, { pairs, missing, ambiguous }: Pairing): void {
  const problems = [
    ...missing.map(({ name, wanted }) => `'${name}' has no ${wanted.map((one) => `'${one}'`).join(" or ")}`),
    ...ambiguous.map(({ name, outputs }) => `'${name}' has more than one partner: ${list(outputs)}`),
  ];
  if (problems.length > 0) {
    const shown = problems.slice(0, NAMED);
    if (problems.length > NAMED) shown.push(`and ${problems.length - NAMED} more`);
    throw refused(path, `${shown.join("; ")}; one output for each input is wanted`);
  }
  if (pairs.length === 0) {
    throw refused(
      path,
      "it holds no test; X.in with X.out or X.ans, or inputX.txt with outputX.txt, is wanted",
    );
  }
}

/** The text as it is, also its byte order mark: the program reads it too. Null when it is not UTF-8. */
function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).map((name) => `'${name}'`);
  return names.length > NAMED ? `${shown.join(", ")} and ${names.length - NAMED} more` : shown.join(", ");
}

function refused(path: string, what: string): PerfagentError {
  return new PerfagentError("instance", `Cannot take the tests from '${path}': ${what}`, {
    hint: "Tests are pairs of files: 1.in and 1.out (or 1.ans), or input1.txt and output1.txt, in a folder or a zip",
  });
}
