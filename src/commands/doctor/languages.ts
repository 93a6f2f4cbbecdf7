/** Doctor's look at the languages: is there a toolchain, does a program really run, are the benchmark's packages there. */
import { messageOf, PerfagentError } from "../../errors.ts";
import { LANGUAGE_IDS, LANGUAGES } from "../../languages.ts";
import { findToolchain, type Toolchain } from "../../sandbox/local/toolchain.ts";
import type { Language, Limits, Sandbox } from "../../types.ts";
import type { Check } from "./check.ts";

export interface LanguagesReport {
  readonly checks: readonly Check[];
  /** Languages in which a program was built and ran. */
  readonly runnable: readonly Language[];
}

/**
 * Finds each toolchain, then builds and runs a program of one line in each language.
 *
 * @param sandbox Null when this machine cannot shut programs in: then only toolchains are looked for.
 */
export async function checkLanguages(
  sandbox: Sandbox | null,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<LanguagesReport> {
  const reports = await Promise.all(
    LANGUAGE_IDS.map((language) => checkLanguage(language, sandbox, env, signal)),
  );
  return {
    checks: [...reports.map(({ check }) => check), ...reports.flatMap(({ packages }) => packages)],
    runnable: reports.flatMap(({ runs }, index) => (runs ? [LANGUAGE_IDS[index] ?? "python3"] : [])),
  };
}

// --- internal ---

/** Prints one word, after it has read its input. */
const PROGRAMS: Readonly<Record<Language, string>> = {
  python3: "import sys\nprint(sys.stdin.read().strip())\n",
  cpp: "#include <iostream>\n#include <string>\nint main() { std::string s; std::cin >> s; std::cout << s; }\n",
  java: "public class Main { public static void main(String[] a) { System.out.print(new java.util.Scanner(System.in).next()); } }\n",
  javascript: "process.stdout.write(require('fs').readFileSync('/dev/stdin', 'utf8').trim());\n",
  golang:
    'package main\n\nimport "fmt"\n\nfunc main() {\n\tvar s string\n\tfmt.Scan(&s)\n\tfmt.Print(s)\n}\n',
  ruby: "print $stdin.read.strip\n",
};

const WORD = "ready";

/** Far above what a program of one line needs, also on a busy machine. */
const LIMITS: Limits = { wallMs: 20_000, memoryBytes: 2 ** 30, outputBytes: 2 ** 16 };

interface LanguageReport {
  readonly check: Check;
  readonly packages: readonly Check[];
  readonly runs: boolean;
}

async function checkLanguage(
  language: Language,
  sandbox: Sandbox | null,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<LanguageReport> {
  const check = (status: Check["status"], detail: string, advice = ""): Check => ({
    section: "Languages",
    name: language,
    status,
    detail,
    advice,
  });
  let toolchain: Toolchain;
  try {
    toolchain = await findToolchain(language, { env });
  } catch (error) {
    if (!(error instanceof PerfagentError)) throw error;
    return { check: check("missing", error.message, installAdvice(language)), packages: [], runs: false };
  }
  const packages = packageChecks(language, toolchain);
  const found = `${toolchain.version}, ${Object.values(toolchain.tools)[0] ?? ""}`;
  if (sandbox === null) return { check: check("degraded", `${found}; not tried`), packages, runs: false };
  const failure = await tryProgram(language, sandbox, signal);
  return failure === null
    ? { check: check("ok", found), packages, runs: true }
    : { check: check("missing", `${found}; but ${failure}`, REPAIR), packages, runs: false };
}

const REPAIR = "Try the toolchain by itself; if it works there, report this line";

function installAdvice(language: Language): string {
  const { install } = LANGUAGES[language];
  return `Only needed for ${LANGUAGES[language].title} programs. Debian/Ubuntu: ${install.debian}; macOS: ${install.macos}`;
}

/** Why a program of one line does not run; null when it does. */
async function tryProgram(language: Language, sandbox: Sandbox, signal: AbortSignal): Promise<string | null> {
  try {
    const build = await sandbox.build({ language, code: PROGRAMS[language] }, signal);
    if (build.status === "failed") return `a program of one line does not build: ${oneLine(build.message)}`;
    const [result] = await sandbox.run(
      [{ build, stdin: `${WORD}\n`, limits: LIMITS }],
      { purpose: "check" },
      signal,
    );
    const stdout = new TextDecoder().decode(result?.stdout);
    if (result?.status === "exited" && stdout.trim() === WORD) return null;
    const words = oneLine(new TextDecoder().decode(result?.stderr)) || result?.message;
    return `a program of one line ended with ${result?.status} and printed '${oneLine(stdout)}' ${words}`.trim();
  } catch (error) {
    if (error instanceof PerfagentError && error.code === "interrupted") throw error;
    return messageOf(error);
  }
}

function packageChecks(language: Language, toolchain: Toolchain): Check[] {
  return LANGUAGES[language].packages.map(({ name, install }) => {
    const version = toolchain.packages[name] ?? null;
    const base = { section: "Packages of the benchmark", name: `${language}: ${name}` };
    return version === null
      ? {
          ...base,
          status: "degraded",
          detail: "not installed; programs and checkers that use it fail",
          advice: install,
        }
      : { ...base, status: "ok", detail: version, advice: "" };
  });
}

function oneLine(text: string): string {
  return text.trim().split("\n")[0]?.slice(0, 200) ?? "";
}
