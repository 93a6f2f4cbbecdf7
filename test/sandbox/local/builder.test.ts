import { describe, expect } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createLocalSandbox } from "../../../src/sandbox/local/index.ts";
import type { Build, Language, Sandbox } from "../../../src/types.ts";
import { withFolder } from "../../support/cli.ts";
import { MISSING_FOR_LOCAL, SILENT } from "../../support/local-sandbox.ts";
import { optionalTest } from "../../support/optional.ts";

const cppTest = optionalTest(
  MISSING_FOR_LOCAL ?? (Bun.which("g++") === null ? "g++ is not installed" : null),
);
const TIMEOUT_MS = 240_000;
const signal = new AbortController().signal;

async function withSandbox<T>(root: string, body: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  const sandbox = await createLocalSandbox({
    allowUnsafe: false,
    cacheDir: join(root, "cache"),
    tmpDir: join(root, "tmp"),
    env: process.env,
    logger: SILENT,
  });
  try {
    return await body(sandbox);
  } finally {
    await sandbox.close();
  }
}

function build(sandbox: Sandbox, language: Language, code: string): Promise<Build> {
  return sandbox.build({ language, code }, signal);
}

async function output(sandbox: Sandbox, built: Build): Promise<string> {
  if (built.status === "failed") return built.message;
  const limits = { wallMs: 60_000, memoryBytes: 2 ** 30, outputBytes: 1e6 };
  const [result] = await sandbox.run([{ build: built, stdin: "", limits }], { purpose: "check" }, signal);
  return new TextDecoder().decode(result?.stdout);
}

/** Files of the cache that hold builds. */
function kept(root: string): string[] {
  return readdirSync(join(root, "cache/builds"), { recursive: true, encoding: "utf8" })
    .map((name) => join(root, "cache/builds", name))
    .filter((path) => statSync(path).isFile());
}

const HELLO = '#include <cstdio>\nint main() { std::puts("hello"); }\n';

describe("createBuilder()", () => {
  cppTest(
    "builds a program once: in a process, and across processes from the cache",
    () =>
      withFolder(async (root) => {
        const first = await withSandbox(root, async (sandbox) => {
          const [one, two] = await Promise.all([build(sandbox, "cpp", HELLO), build(sandbox, "cpp", HELLO)]);
          expect(one).toEqual(two);
          expect(await output(sandbox, one)).toBe("hello\n");
          return one;
        });
        const [entry = ""] = kept(root);
        const before = readFileSync(entry);
        await withSandbox(root, async (sandbox) => {
          const again = await build(sandbox, "cpp", HELLO);
          expect(again).toEqual(first);
          expect(await output(sandbox, again)).toBe("hello\n");
          expect(await output(sandbox, await build(sandbox, "cpp", HELLO.replace("hello", "other")))).toBe(
            "other\n",
          );
        });
        expect(readFileSync(entry).equals(before)).toBe(true);
        expect(kept(root).length).toBe(2);
      }),
    TIMEOUT_MS,
  );

  cppTest(
    "keeps warnings, also from the cache, and no failed build",
    () =>
      withFolder(async (root) => {
        const code = '#warning "mind this"\nint main() {}\n';
        for (let round = 0; round < 2; round += 1) {
          await withSandbox(root, async (sandbox) => {
            expect((await build(sandbox, "cpp", code)).message).toContain("mind this");
            const failed = await build(sandbox, "cpp", "int main() { return x; }");
            expect(failed).toMatchObject({
              status: "failed",
              message: expect.stringContaining("was not declared in this scope"),
            });
          });
        }
        expect(kept(root).length).toBe(1);
      }),
    TIMEOUT_MS,
  );

  cppTest(
    "a program cannot change what was built, nor what is kept",
    () =>
      withFolder(async (root) => {
        const code = `#include <cstdio>
#include <fstream>
#include <unistd.h>
#include <sys/stat.h>
int main(int, char **argv) {
  chmod(argv[0], 0777);
  bool changed = unlink(argv[0]) == 0 || (std::ofstream(argv[0], std::ios::app) << "x").flush().good();
  std::ofstream beside("/box/beside");
  std::puts(changed || beside.good() ? "changed" : "kept");
}
`;
        const first = await withSandbox(root, async (sandbox) => {
          const built = await build(sandbox, "cpp", code);
          expect(await output(sandbox, built)).toBe("kept\n");
          return kept(root).map((path) => readFileSync(path));
        });
        expect(kept(root).map((path) => readFileSync(path))).toEqual(first);
        await withSandbox(root, async (sandbox) => {
          expect(await output(sandbox, await build(sandbox, "cpp", code))).toBe("kept\n");
        });
      }),
    TIMEOUT_MS,
  );

  cppTest(
    "compiles in a box: no file of the host is read",
    () =>
      withFolder(async (root) => {
        await withSandbox(root, async (sandbox) => {
          for (const path of ["/etc/hostname", "/etc/passwd", import.meta.path]) {
            const built = await build(sandbox, "cpp", `#include "${path}"\nint main() {}\n`);
            expect(built).toMatchObject({
              status: "failed",
              message: expect.stringContaining("No such file or directory"),
            });
          }
        });
      }),
    TIMEOUT_MS,
  );

  cppTest(
    "a source that makes the compiler fill memory is a failed build with the reason",
    () =>
      withFolder(async (root) => {
        await withSandbox(root, async (sandbox) => {
          const bomb = "int main[-1u] = {1};\n";
          const built = await build(sandbox, "cpp", bomb);
          expect(built.status).toBe("failed");
          expect(built.message).not.toBe("");
          expect(await output(sandbox, await build(sandbox, "cpp", HELLO))).toBe("hello\n");
        });
      }),
    TIMEOUT_MS,
  );

  cppTest(
    "a source that builds to nothing that runs is a failed build",
    () =>
      withFolder(async (root) => {
        await withSandbox(root, async (sandbox) => {
          const nothing = await build(sandbox, "cpp", "int f() { return 1; }\n");
          expect(nothing).toMatchObject({ status: "failed", message: expect.stringContaining("main") });
          if (Bun.which("javac") !== null) {
            expect((await build(sandbox, "java", "// nothing\n")).status).toBe("failed");
          }
        });
      }),
    TIMEOUT_MS,
  );

  cppTest(
    "an interrupt ends a build",
    () =>
      withFolder(async (root) => {
        await withSandbox(root, async (sandbox) => {
          const controller = new AbortController();
          const slow =
            "template <int N> struct S { static constexpr int v = S<N - 1>::v + S<N - 2>::v; };\nint main() { constexpr auto f = [](auto) { int n = 0; for (long i = 0; i < 1L << 40; ++i) ++n; return n; }; constexpr int x = f(0); return x; }\n";
          const building = sandbox
            .build({ language: "cpp", code: slow }, controller.signal)
            .catch((error: unknown) => error);
          setTimeout(() => controller.abort(), 50);
          expect(await building).toMatchObject({ code: "interrupted" });
          expect(await output(sandbox, await build(sandbox, "cpp", HELLO))).toBe("hello\n");
        });
      }),
    TIMEOUT_MS,
  );
});
