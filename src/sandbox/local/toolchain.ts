/**
 * Finds the compilers and interpreters of this machine. Version managers (pyenv, nvm, rbenv, jenv, goenv, asdf) put shims
 * on PATH that cost 100 ms a start and need the user's whole home; so the first tool on PATH that works is asked once
 * where it really is, and that is what runs from then on.
 */
import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, delimiter, dirname, isAbsolute, join } from "node:path";
import { PerfagentError } from "../../errors.ts";
import { LANGUAGES, type Tool } from "../../languages.ts";
import type { Language } from "../../types.ts";
import { isInBaseSystem } from "./base-system.ts";

/** A language's tools as found on this machine. */
export interface Toolchain {
  readonly language: Language;
  /** Name and version for the record: "Python 3.11.2". */
  readonly version: string;
  /** First number of the version; 0 when it says none. */
  readonly majorVersion: number;
  /** Tool name → absolute path of the real executable. */
  readonly tools: Readonly<Record<string, string>>;
  /** Absolute paths outside the system's own folders that the tools read: a box shows them read-only. */
  readonly readOnlyPaths: readonly string[];
  /** What builds and runs need beside the table's environment: where packages and libraries are. */
  readonly environment: Readonly<Record<string, string>>;
  /** The benchmark's third-party packages → version, or null when not installed. */
  readonly packages: Readonly<Record<string, string | null>>;
}

export interface ToolchainOptions {
  /** PATH, HOME and whatever a version manager reads. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Finds the toolchain of a language: the first on PATH that answers.
 * @throws PerfagentError `backend` naming the missing tool and how to install it.
 */
export async function findToolchain(language: Language, options: ToolchainOptions): Promise<Toolchain> {
  return await FINDERS[language](options);
}

// --- internal ---

/** A tool that does not tell its version within this time is not usable. A cold shim takes a second. */
const PROBE_TIMEOUT_MS = 20_000;

type Environment = ToolchainOptions["env"];

const FINDERS: Readonly<Record<Language, (options: ToolchainOptions) => Promise<Toolchain>>> = {
  python3: findPython,
  cpp: findCpp,
  java: findJava,
  javascript: findNode,
  golang: findGo,
  ruby: findRuby,
};

/** Prints where Python really is, the folders it reads, and the benchmark's packages with their places. */
const PYTHON_PROBE = `import importlib.util, json, os, platform, sys
def package(name):
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        return None
    place = os.path.dirname(os.path.dirname(spec.origin))
    try:
        from importlib.metadata import version
        return [version(name), place]
    except Exception:
        return ["", place]
print(json.dumps({"executable": sys.executable, "version": platform.python_version(),
    "prefixes": [sys.prefix, sys.base_prefix, sys.exec_prefix],
    "packages": {name: package(name) for name in sys.argv[1:]}}))`;

async function findPython({ env }: ToolchainOptions): Promise<Toolchain> {
  const names = packageNames("python3");
  const found = await firstAnswer("python3", "python3", env, ["-c", PYTHON_PROBE, ...names], (output) => {
    const answer = JSON.parse(output) as {
      executable: string;
      version: string;
      prefixes: string[];
      packages: Record<string, [string, string] | null>;
    };
    return answer.executable === "" ? null : answer;
  });
  // A virtual environment is known by the link inside it; a link elsewhere is only another name.
  const inPlace = isUnder(found.executable, found.prefixes);
  const executable = inPlace ? found.executable : realpathSync(found.executable);
  const places = Object.values(found.packages).flatMap((entry) => (entry === null ? [] : [entry[1]]));
  // Packages of the user's own site (`pip install --user`) are outside the prefix, and HOME is another one in a box.
  const extra = distinct(places).filter((place) => !isUnder(place, found.prefixes));
  return {
    language: "python3",
    version: `Python ${found.version}`,
    majorVersion: firstNumber(found.version),
    tools: { python3: executable },
    readOnlyPaths: outsideSystem([...found.prefixes, realpathSync(executable), ...extra]),
    environment: extra.length === 0 ? {} : { PYTHONPATH: extra.join(delimiter) },
    packages: Object.fromEntries(names.map((name) => [name, found.packages[name]?.[0] ?? null])),
  };
}

async function findCpp({ env }: ToolchainOptions): Promise<Toolchain> {
  const found = await firstAnswer("cpp", "g++", env, ["--version"], (output, path) => {
    const real = realpathSync(path);
    // A wrapper such as ccache works by its name: resolved, it is no compiler.
    return /\+\+|gcc|clang/.test(basename(real))
      ? { real, firstLine: output.split("\n")[0]?.trim() ?? "" }
      : null;
  });
  const library = await runProbe([found.real, "-print-file-name=libstdc++.so.6"], env);
  const libraryPath = library.stdout.trim();
  const libraryFolder =
    isAbsolute(libraryPath) && existsSync(libraryPath) ? dirname(realpathSync(libraryPath)) : "";
  const ownLibrary = libraryFolder !== "" && outsideSystem([libraryFolder]).length > 0;
  return {
    language: "cpp",
    version: found.firstLine,
    majorVersion: firstNumber(found.firstLine.replace(/^.*\)/, "")),
    tools: { "g++": found.real },
    readOnlyPaths: outsideSystem([dirname(dirname(found.real)), ...(ownLibrary ? [libraryFolder] : [])]),
    environment: ownLibrary ? { LD_LIBRARY_PATH: libraryFolder } : {},
    packages: {},
  };
}

async function findJava({ env }: ToolchainOptions): Promise<Toolchain> {
  const home = await firstAnswer(
    "java",
    "javac",
    env,
    ["-J-XshowSettings:properties", "-version"],
    (_stdout, _path, stderr) => /^\s*java\.home = (.+)$/m.exec(stderr)?.[1]?.trim() ?? null,
  );
  const tools = { javac: join(home, "bin", "javac"), java: join(home, "bin", "java") };
  if (!isExecutable(tools.java)) throw missing("java", toolOf("java", "java"));
  const answer = await runProbe([tools.javac, "-version"], env);
  const version = /\d[\w.+-]*/.exec(answer.stdout + answer.stderr)?.[0] ?? "";
  return {
    language: "java",
    version: `Java ${version}`,
    majorVersion: firstNumber(version),
    tools,
    readOnlyPaths: outsideSystem([home]),
    environment: {},
    packages: {},
  };
}

const NODE_PROBE = "console.log(JSON.stringify({ executable: process.execPath, version: process.version }))";

async function findNode({ env }: ToolchainOptions): Promise<Toolchain> {
  const found = await firstAnswer("javascript", "node", env, ["-e", NODE_PROBE], (output) => {
    return JSON.parse(output) as { executable: string; version: string };
  });
  const prefix = dirname(dirname(found.executable));
  const packages: Record<string, string | null> = {};
  const folders: string[] = [];
  for (const name of packageNames("javascript")) {
    const folder = nodeFolders(prefix, env).find((place) => existsSync(join(place, name, "package.json")));
    packages[name] = folder === undefined ? null : packageVersion(join(folder, name, "package.json"));
    if (folder !== undefined) folders.push(folder);
  }
  const modules = distinct(folders);
  return {
    language: "javascript",
    version: `Node.js ${found.version.replace(/^v/, "")}`,
    majorVersion: firstNumber(found.version),
    tools: { node: found.executable },
    readOnlyPaths: outsideSystem([prefix, ...modules, ...modules.map((folder) => realpathSync(folder))]),
    environment: modules.length === 0 ? {} : { NODE_PATH: modules.join(delimiter) },
    packages,
  };
}

/** Where `npm install -g` and distributions put modules; asking npm itself would take half a second. */
function nodeFolders(prefix: string, env: Environment): string[] {
  const home = env.HOME ?? "";
  const npmrc = join(home, ".npmrc");
  const configured = existsSync(npmrc)
    ? /^\s*prefix\s*=\s*(.+?)\s*$/m.exec(readFileSync(npmrc, "utf8"))?.[1]
    : undefined;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: npm's own spelling of a variable
  const npmPrefix = configured?.replace("${HOME}", home).replace(/^~(?=\/)/, home);
  return [
    ...(env.NODE_PATH ?? "").split(delimiter).filter((folder) => isAbsolute(folder)),
    ...(env.npm_config_prefix === undefined ? [] : [join(env.npm_config_prefix, "lib/node_modules")]),
    ...(npmPrefix === undefined ? [] : [join(npmPrefix, "lib/node_modules")]),
    join(prefix, "lib/node_modules"),
    "/usr/local/lib/node_modules",
    "/usr/lib/node_modules",
    "/usr/share/nodejs",
  ];
}

function packageVersion(path: string): string {
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version?: unknown };
  return typeof version === "string" ? version : "";
}

async function findGo({ env }: ToolchainOptions): Promise<Toolchain> {
  const found = await firstAnswer("golang", "go", env, ["env", "GOROOT", "GOVERSION"], (output) => {
    const [root, version] = output.trim().split("\n");
    return root === undefined || root === "" ? null : { root, version: (version ?? "").replace(/^go/, "") };
  });
  const real = join(found.root, "bin", "go");
  return {
    language: "golang",
    version: `Go ${found.version}`,
    majorVersion: firstNumber(found.version),
    tools: { go: isExecutable(real) ? realpathSync(real) : real },
    readOnlyPaths: outsideSystem([found.root, realpathSync(found.root)]),
    environment: { GOROOT: found.root },
    packages: {},
  };
}

const RUBY_PROBE = `require "json"
packages = ARGV.to_h do |name|
  spec = begin
    Gem::Specification.find_by_name(name)
  rescue LoadError
    nil
  end
  [name, spec && spec.version.to_s]
end
puts JSON.generate({executable: RbConfig.ruby, version: RUBY_VERSION, prefix: RbConfig::CONFIG["prefix"],
  gems: Gem.path.select { |folder| File.directory?(folder) }, packages: packages})`;

async function findRuby({ env }: ToolchainOptions): Promise<Toolchain> {
  const names = packageNames("ruby");
  const found = await firstAnswer("ruby", "ruby", env, ["-e", RUBY_PROBE, "--", ...names], (output) => {
    return JSON.parse(output) as {
      executable: string;
      version: string;
      prefix: string;
      gems: string[];
      packages: Record<string, string | null>;
    };
  });
  return {
    language: "ruby",
    version: `Ruby ${found.version}`,
    majorVersion: firstNumber(found.version),
    tools: { ruby: realpathSync(found.executable) },
    readOnlyPaths: outsideSystem([found.prefix, realpathSync(found.prefix), ...found.gems]),
    environment: found.gems.length === 0 ? {} : { GEM_PATH: found.gems.join(delimiter) },
    packages: found.packages,
  };
}

/**
 * Asks each tool of that name on PATH, in order, and returns the first usable answer. A shim whose version is not
 * installed fails, and the system's own tool behind it is taken.
 */
async function firstAnswer<T>(
  language: Language,
  toolName: string,
  env: Environment,
  args: readonly string[],
  read: (stdout: string, path: string, stderr: string) => T | null,
): Promise<T> {
  const tool = toolOf(language, toolName);
  let words = "";
  for (const path of onPath(toolName, env)) {
    const { exitCode, stdout, stderr } = await runProbe([path, ...args], env);
    if (exitCode !== 0) {
      words ||= `'${path}' failed: ${stderr.trim().split("\n")[0] ?? ""}`;
      continue;
    }
    const answer = read(stdout, path, stderr);
    if (answer !== null) return answer;
  }
  throw missing(language, tool, words);
}

function toolOf(language: Language, name: string): Tool {
  const tool = LANGUAGES[language].tools.find((entry) => entry.name === name);
  if (tool === undefined) throw new Error(`The table has no tool '${name}' for ${language}`);
  return tool;
}

function missing(language: Language, tool: Tool, words = ""): PerfagentError {
  const { title, install } = LANGUAGES[language];
  const found = words === "" ? "it is not on PATH" : words;
  return new PerfagentError(
    "backend",
    `Cannot build or run ${title} programs: '${tool.name}', ${tool.title}, is not installed: ${found}`,
    {
      hint: `Install it (Debian/Ubuntu: ${install.debian}; macOS: ${install.macos}), then run 'perfagent doctor'.`,
    },
  );
}

/** All executables of a name on PATH, in its order. */
function onPath(name: string, env: Environment): string[] {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  return distinct(folders.map((folder) => join(folder, name))).filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not for us: the next one on PATH is tried.
    return false;
  }
}

async function runProbe(
  argv: readonly string[],
  env: Environment,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([...argv], {
    env: { ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: PROBE_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

function packageNames(language: Language): string[] {
  return LANGUAGES[language].packages.map(({ name }) => name);
}

/** Paths that a box does not show anyway, each once, and none below another. */
function outsideSystem(paths: readonly string[]): string[] {
  const own = distinct(paths).filter((path) => path !== "/" && !isInBaseSystem(path));
  return own.filter((path) => !own.some((other) => other !== path && isUnder(path, [other])));
}

function isUnder(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function firstNumber(text: string): number {
  return Number(/\d+/.exec(text)?.[0] ?? 0);
}
