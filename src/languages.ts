/**
 * The six languages in one table: how a program is named, built, run and spelled, what its toolchain is called and how
 * it is installed. Commands are pure functions of a context, because a path, a memory limit or a version decides them.
 */
import type { Language } from "./types.ts";

/** An executable that a language needs. */
export interface Tool {
  /** The name looked up on PATH. */
  readonly name: string;
  /** What it is, for a person: "the Python 3 interpreter". */
  readonly title: string;
  /** Arguments that make it print its version. */
  readonly versionArgs: readonly string[];
}

/** A third-party package that the benchmark's programs may use. */
export interface BenchmarkPackage {
  readonly name: string;
  /** The command that installs it. */
  readonly install: string;
}

/** What a command depends on. */
export interface CommandContext {
  /** Absolute path of a tool of the language. */
  readonly tool: (name: string) => string;
  /** Absolute path, inside the box, of the folder with source and artefact. */
  readonly dir: string;
  readonly layout: SourceLayout;
  /** Memory that the program may use, in bytes; a virtual machine is told about it. */
  readonly memoryBytes: number;
  /** First number of the toolchain's version: 21 for "javac 21.0.2", 0 when unknown. */
  readonly majorVersion: number;
}

/** Where a program's source goes and what is started. */
export interface SourceLayout {
  readonly fileName: string;
  /** What the run command names: the file, the built executable or the Java class. */
  readonly entry: string;
}

/** One row of the table. */
export interface LanguageSpec {
  readonly language: Language;
  /** For a person: "C++". */
  readonly title: string;
  /** Without a dot. */
  readonly extension: string;
  /** Spellings on the command line, lower case. */
  readonly spellings: readonly string[];
  /** Info strings of a Markdown fence that mean this language, lower case; the first is used when writing. */
  readonly fenceTags: readonly string[];
  /** The name of an EffiBench-X sandbox service. */
  readonly sandboxId: string;
  /** Tools in the order of use; the first one names the toolchain's version. */
  readonly tools: readonly Tool[];
  readonly install: { readonly debian: string; readonly macos: string };
  readonly packages: readonly BenchmarkPackage[];
  /** File and entry of a program; Java's depend on its source. */
  readonly layout: (code: string) => SourceLayout;
  /**
   * The command that turns the source into what is run. Interpreted languages have their syntax checked, so that a
   * program that cannot start fails once, with the parser's words, instead of on every test.
   */
  readonly build: (context: CommandContext) => readonly string[];
  readonly run: (context: CommandContext) => readonly string[];
  /** How the published benchmark runs it, where that differs; for reproducing its numbers. */
  readonly officialRun?: (context: CommandContext) => readonly string[];
  /** Environment of build and run, beside PATH, HOME, TMPDIR and LANG. */
  readonly environment: Readonly<Record<string, string>>;
  /** One comment that stands for "no program yet"; with `text` inside. */
  readonly placeholder: (text: string) => string;
  /**
   * Multiplies an instance's time limit, which is set with C++ in mind. A limit is there to end hopeless programs, so
   * the factors are generous: about the usual distance between the languages on the same algorithm.
   */
  readonly timeLimitFactor: number;
  /**
   * The last words of a runtime that was refused memory: such an end is a memory limit, whoever noticed it first (the
   * virtual machine knows the limit from its command line; the system refuses what it does not have).
   */
  readonly outOfMemory: RegExp;
}

/** Least heap, in MiB, that the Java VM and V8 are given however small the limit is; below, they do not start. */
const SMALLEST_HEAP_MIB = 16;

/**
 * The heap a virtual machine may use, as a share of the program's memory limit. Above 1, because the limit itself is
 * held by the sandbox, on the whole process: with a lower cap the VM would fail first, in its own words, and a program
 * that needs too much could not be told from one that crashed.
 */
const HEAP_SHARE = 1.25;

/** Main and worker threads' stack in MiB. Memory is only used as deep as a program recurses. */
const JAVA_STACK_MIB = 64;

export const LANGUAGES: Readonly<Record<Language, LanguageSpec>> = {
  python3: {
    language: "python3",
    title: "Python 3",
    extension: "py",
    spellings: ["python3", "python", "py"],
    fenceTags: ["python", "py", "python3"],
    sandboxId: "python",
    tools: [{ name: "python3", title: "the Python 3 interpreter", versionArgs: ["--version"] }],
    install: { debian: "apt install python3", macos: "brew install python@3.12" },
    packages: [
      { name: "sortedcontainers", install: "python3 -m pip install sortedcontainers" },
      { name: "numpy", install: "python3 -m pip install numpy" },
    ],
    layout: () => ({ fileName: "code.py", entry: "code.py" }),
    build: ({ tool, dir }) => [
      tool("python3"),
      "-X",
      "utf8",
      "-I",
      "-c",
      PYTHON_SYNTAX_CHECK,
      `${dir}/code.py`,
    ],
    run: ({ tool, dir }) => [tool("python3"), "-u", `${dir}/code.py`],
    environment: { PYTHONDONTWRITEBYTECODE: "1", PYTHONIOENCODING: "utf-8" },
    placeholder: (text) => `# ${text}\n`,
    timeLimitFactor: 5,
    outOfMemory: /^MemoryError\b/m,
  },
  cpp: {
    language: "cpp",
    title: "C++",
    extension: "cpp",
    spellings: ["cpp", "c++", "cxx"],
    fenceTags: ["cpp", "c++", "cxx", "cc"],
    sandboxId: "cpp",
    tools: [{ name: "g++", title: "the C++ compiler", versionArgs: ["--version"] }],
    install: { debian: "apt install g++", macos: "xcode-select --install" },
    packages: [],
    layout: () => ({ fileName: "code.cpp", entry: "a.out" }),
    build: ({ tool, dir }) => [tool("g++"), "-std=c++20", "-O2", "-o", `${dir}/a.out`, `${dir}/code.cpp`],
    run: ({ dir }) => [`${dir}/a.out`],
    environment: {},
    placeholder: (text) => `// ${text}\n`,
    timeLimitFactor: 1,
    outOfMemory: /^terminate called after throwing an instance of 'std::bad_(?:array_new_length|alloc)'/m,
  },
  java: {
    language: "java",
    title: "Java",
    extension: "java",
    spellings: ["java"],
    fenceTags: ["java"],
    sandboxId: "java",
    tools: [
      { name: "javac", title: "the Java compiler", versionArgs: ["-version"] },
      { name: "java", title: "the Java VM", versionArgs: ["-version"] },
    ],
    install: { debian: "apt install default-jdk-headless", macos: "brew install openjdk" },
    packages: [],
    layout: javaLayout,
    build: ({ tool, dir, layout, majorVersion }) => [
      tool("javac"),
      "-J-XX:+UseSerialGC",
      "-J-XX:TieredStopAtLevel=1",
      "-encoding",
      "UTF-8",
      ...javaPreview(majorVersion, true),
      "-d",
      dir,
      `${dir}/${layout.fileName}`,
    ],
    run: ({ tool, dir, layout, memoryBytes, majorVersion }) => [
      tool("java"),
      ...javaPreview(majorVersion, false),
      // One collector thread and no shared performance file: the same on every machine, and fair to short programs.
      "-XX:+UseSerialGC",
      "-XX:-UsePerfData",
      `-Xmx${heapMib(memoryBytes)}m`,
      `-Xss${JAVA_STACK_MIB}m`,
      "-Dfile.encoding=UTF-8",
      "-cp",
      dir,
      layout.entry,
    ],
    officialRun: ({ tool, dir, layout, majorVersion }) => [
      tool("java"),
      ...javaPreview(majorVersion, false),
      "-cp",
      dir,
      layout.entry,
    ],
    environment: {},
    placeholder: (text) => `// ${text}\n`,
    timeLimitFactor: 2,
    outOfMemory: /\bjava\.lang\.OutOfMemoryError\b/,
  },
  javascript: {
    language: "javascript",
    title: "JavaScript",
    extension: "js",
    spellings: ["javascript", "js", "node"],
    fenceTags: ["javascript", "js", "node"],
    sandboxId: "javascript",
    tools: [{ name: "node", title: "Node.js", versionArgs: ["--version"] }],
    install: { debian: "apt install nodejs", macos: "brew install node" },
    packages: [
      { name: "lodash", install: "npm install -g lodash" },
      { name: "datastructures-js", install: "npm install -g datastructures-js" },
    ],
    layout: () => ({ fileName: "code.js", entry: "code.js" }),
    build: ({ tool, dir }) => [tool("node"), "--harmony", "--check", `${dir}/code.js`],
    run: ({ tool, dir, memoryBytes }) => [
      tool("node"),
      "--harmony",
      `--max-old-space-size=${heapMib(memoryBytes)}`,
      `${dir}/code.js`,
    ],
    officialRun: ({ tool, dir }) => [tool("node"), "--harmony", `${dir}/code.js`],
    environment: {},
    placeholder: (text) => `// ${text}\n`,
    timeLimitFactor: 3,
    outOfMemory: /\bJavaScript heap out of memory\b/,
  },
  golang: {
    language: "golang",
    title: "Go",
    extension: "go",
    spellings: ["golang", "go"],
    fenceTags: ["go", "golang"],
    sandboxId: "go",
    tools: [{ name: "go", title: "the Go toolchain", versionArgs: ["version"] }],
    install: { debian: "apt install golang-go", macos: "brew install go" },
    packages: [],
    layout: () => ({ fileName: "main.go", entry: "main" }),
    build: ({ tool, dir }) => [tool("go"), "build", "-o", `${dir}/main`, `${dir}/main.go`],
    run: ({ dir }) => [`${dir}/main`],
    officialRun: ({ tool, dir }) => [tool("go"), "run", `${dir}/main.go`],
    // Offline, with the installed toolchain, without a C compiler: what is built depends on the source alone.
    environment: {
      CGO_ENABLED: "0",
      GO111MODULE: "auto",
      GOFLAGS: "-mod=mod",
      GOPROXY: "off",
      GOSUMDB: "off",
      GOTELEMETRY: "off",
      GOTOOLCHAIN: "local",
    },
    placeholder: (text) => `// ${text}\n`,
    timeLimitFactor: 2,
    outOfMemory: /^fatal error: runtime: (?:out of memory|cannot allocate memory)/m,
  },
  ruby: {
    language: "ruby",
    title: "Ruby",
    extension: "rb",
    spellings: ["ruby", "rb"],
    fenceTags: ["ruby", "rb"],
    sandboxId: "ruby",
    tools: [{ name: "ruby", title: "the Ruby interpreter", versionArgs: ["--version"] }],
    install: { debian: "apt install ruby", macos: "brew install ruby" },
    packages: [{ name: "algorithms", install: "gem install algorithms" }],
    layout: () => ({ fileName: "code.rb", entry: "code.rb" }),
    build: ({ tool, dir }) => [tool("ruby"), "-c", `${dir}/code.rb`],
    run: ({ tool, dir }) => [tool("ruby"), `${dir}/code.rb`],
    environment: {},
    placeholder: (text) => `# ${text}\n`,
    timeLimitFactor: 5,
    outOfMemory: /\bNoMemoryError\b/,
  },
};

/** All languages, in the order of messages and reports. */
export const LANGUAGE_IDS: readonly Language[] = ["python3", "cpp", "java", "javascript", "golang", "ruby"];

/** The language that a spelling names, in any case ("C++", "go", "py"); null when none. */
export function parseLanguage(text: string): Language | null {
  const wanted = text.trim().toLowerCase();
  return LANGUAGE_IDS.find((language) => LANGUAGES[language].spellings.includes(wanted)) ?? null;
}

/** The language of a file name by its extension ("a.cc" is C++); null when none. */
export function languageOfFile(fileName: string): Language | null {
  const extension = /\.([^./\\]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? "";
  if (extension === "cc" || extension === "cxx" || extension === "c++") return "cpp";
  if (extension === "mjs" || extension === "cjs") return "javascript";
  return LANGUAGE_IDS.find((language) => LANGUAGES[language].extension === extension) ?? null;
}

// --- internal ---

/** Compiles without running; prints the parser's words as Python itself does, without a traceback of this check. */
const PYTHON_SYNTAX_CHECK = `import sys, traceback
path = sys.argv[1]
with open(path, "rb") as file:
    source = file.read()
try:
    compile(source, path, "exec", dont_inherit=True)
except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
    sys.stderr.write("".join(traceback.format_exception_only(type(error), error)))
    sys.exit(1)
`;

/** First JDK whose preview features EffiBench-X's programs may use. */
const FIRST_PREVIEW_JDK = 21;

/** `--enable-preview` is only allowed with the JDK's own release, so an older JDK compiles what it offers. */
function javaPreview(majorVersion: number, compiling: boolean): readonly string[] {
  if (majorVersion < FIRST_PREVIEW_JDK) return [];
  return compiling ? ["--enable-preview", "--release", String(majorVersion)] : ["--enable-preview"];
}

function heapMib(memoryBytes: number): number {
  return Math.max(SMALLEST_HEAP_MIB, Math.ceil((memoryBytes * HEAP_SHARE) / 2 ** 20));
}

/**
 * Java wants a public class in a file of its name; the class started is the one with `main`, the public one first.
 */
function javaLayout(code: string): SourceLayout {
  const { packageName, types } = javaTopLevelTypes(code);
  const publicType = types.find((type) => type.isPublic);
  const main = types.find((type) => type.isPublic && type.hasMain) ?? types.find((type) => type.hasMain);
  const entry = main?.name ?? publicType?.name ?? types[0]?.name ?? "Main";
  return {
    fileName: `${publicType?.name ?? entry}.java`,
    entry: packageName === "" ? entry : `${packageName}.${entry}`,
  };
}

interface JavaType {
  readonly name: string;
  readonly isPublic: boolean;
  readonly hasMain: boolean;
}

function javaTopLevelTypes(code: string): { packageName: string; types: JavaType[] } {
  const tokens = javaTokens(code);
  const types: JavaType[] = [];
  let packageName = "";
  let depth = 0;
  let isPublic = false;
  let current: { name: string; isPublic: boolean; hasMain: boolean } | null = null;
  for (const [index, token] of tokens.entries()) {
    if (token === "{") depth += 1;
    else if (token === "}") depth -= 1;
    if (depth === 0) {
      if (token === "package" && packageName === "") packageName = dottedName(tokens, index + 1);
      if (token === "public") isPublic = true;
      if (token === ";" || token === "}") isPublic = false;
      const name = tokens[index + 1];
      const declares = JAVA_TYPE_WORDS.has(token) && tokens[index - 1] !== "." && name !== undefined;
      if (declares && /^[\p{L}_$]/u.test(name)) {
        current = { name, isPublic, hasMain: false };
        types.push(current);
        isPublic = false;
      }
    } else if (depth === 1 && current !== null && token === "main" && tokens[index + 1] === "(") {
      // `static void main(…)`; the word before the name is its type.
      if (tokens[index - 1] === "void") current.hasMain = true;
    }
  }
  return { packageName, types };
}

const JAVA_TYPE_WORDS: ReadonlySet<string> = new Set(["class", "interface", "enum", "record"]);

function dottedName(tokens: readonly string[], start: number): string {
  let name = "";
  for (let index = start; index < tokens.length && tokens[index] !== ";"; index += 1) name += tokens[index];
  return name;
}

/** Words and punctuation of Java source; comments, strings and characters are left out. */
function javaTokens(code: string): string[] {
  const pattern =
    /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"""[\s\S]*?(?:(?<!\\)"""|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|([\p{L}_$][\p{L}\p{N}_$]*|[^\s\p{L}_$])/gu;
  const tokens: string[] = [];
  for (const match of code.matchAll(pattern)) if (match[1] !== undefined) tokens.push(match[1]);
  return tokens;
}
