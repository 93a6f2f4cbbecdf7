import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LANGUAGE_IDS, LANGUAGES } from "../../../src/languages.ts";
import { findToolchain } from "../../../src/sandbox/local/toolchain.ts";
import type { Language } from "../../../src/types.ts";
import { withFolder } from "../../support/cli.ts";
import { optionalTest } from "../../support/optional.ts";

/** A probe takes a fraction of a second; a machine that is overwhelmed is no failure. */
const TIMEOUT_MS = 60_000;

/** Why a language cannot be looked for here, or null. */
function missing(language: Language): string | null {
  const tool = LANGUAGES[language].tools.find(({ name }) => Bun.which(name) === null);
  return tool === undefined ? null : `${tool.name} is not installed`;
}

function script(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

describe("findToolchain()", () => {
  for (const language of LANGUAGE_IDS) {
    optionalTest(missing(language))(
      `finds ${language} with its version and real executables`,
      async () => {
        const toolchain = await findToolchain(language, { env: process.env });
        expect(toolchain.version).toMatch(/\d+\.\d+/);
        expect(toolchain.majorVersion).toBeGreaterThan(0);
        for (const { name } of LANGUAGES[language].tools) {
          const path = toolchain.tools[name] ?? "";
          expect(path).toStartWith("/");
          expect(path).not.toContain("/shims/");
          const answer = Bun.spawnSync([path, language === "golang" ? "version" : "--version"], { env: {} });
          expect(answer.exitCode).toBe(0);
        }
        expect(Object.keys(toolchain.packages)).toEqual(LANGUAGES[language].packages.map(({ name }) => name));
        for (const path of toolchain.readOnlyPaths) expect(path).toStartWith("/");
      },
      TIMEOUT_MS,
    );

    test(`refuses without ${language}, naming the tool and how to install it`, async () => {
      const spec = LANGUAGES[language];
      const failure = await findToolchain(language, { env: { PATH: "/nonexistent" } }).catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({
        code: "backend",
        message: expect.stringContaining(
          `'${spec.tools[0]?.name}', ${spec.tools[0]?.title}, is not installed`,
        ),
        hint: expect.stringContaining(spec.install.debian),
      });
    });
  }

  optionalTest(missing("python3"))(
    "looks through a shim once",
    () =>
      withFolder(async (root) => {
        const real = (await findToolchain("python3", { env: process.env })).tools.python3 ?? "";
        script(join(root, "shims/python3"), `echo run >> ${root}/log; exec ${real} "$@"`);
        const env = { PATH: `${root}/shims:/usr/bin:/bin`, HOME: root };
        expect((await findToolchain("python3", { env })).tools.python3).toBe(real);
        expect((await Bun.file(join(root, "log")).text()).trim().split("\n").length).toBe(1);
      }),
    TIMEOUT_MS,
  );

  optionalTest(missing("python3"))(
    "passes over a shim whose version is not installed",
    () =>
      withFolder(async (root) => {
        const real = (await findToolchain("python3", { env: process.env })).tools.python3 ?? "";
        script(join(root, "shims/python3"), "echo 'pyenv: python3: command not found' >&2; exit 127");
        mkdirSync(join(root, "bin"));
        symlinkSync(real, join(root, "bin/python3"));
        const toolchain = await findToolchain("python3", { env: { PATH: `${root}/shims:${root}/bin` } });
        expect(toolchain.version).toStartWith("Python 3");
      }),
    TIMEOUT_MS,
  );

  test("says what a tool that fails said", () =>
    withFolder(async (root) => {
      script(join(root, "node"), "echo 'nodenv: version 99 is not installed' >&2; exit 1");
      const failure = await findToolchain("javascript", { env: { PATH: root } }).catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({
        message: expect.stringContaining("nodenv: version 99 is not installed"),
      });
    }));

  optionalTest(missing("cpp"))(
    "passes over a compiler wrapper that works by its name",
    () =>
      withFolder(async (root) => {
        script(join(root, "ccache"), "echo 'ccache version 4'; exit 0");
        symlinkSync("ccache", join(root, "g++"));
        const real = Bun.which("g++") ?? "";
        const env = { PATH: `${root}:${dirname(real)}` };
        expect((await findToolchain("cpp", { env })).tools["g++"]).toBe(realpathSync(real));
      }),
    TIMEOUT_MS,
  );

  optionalTest(missing("javascript"))(
    "finds Node's packages where NODE_PATH and npm put them",
    () =>
      withFolder(async (root) => {
        for (const folder of ["mine/lodash", "npm/lib/node_modules/datastructures-js"]) {
          mkdirSync(join(root, folder), { recursive: true });
          writeFileSync(join(root, folder, "package.json"), '{"version": "9.9.9"}');
        }
        writeFileSync(join(root, ".npmrc"), `prefix=$` + "{HOME}/npm\n");
        const env = { ...process.env, HOME: root, NODE_PATH: join(root, "mine") };
        const toolchain = await findToolchain("javascript", { env });
        expect(toolchain.packages).toEqual({ lodash: "9.9.9", "datastructures-js": "9.9.9" });
        const folders = [join(root, "mine"), join(root, "npm/lib/node_modules")];
        expect(toolchain.environment.NODE_PATH).toBe(folders.join(":"));
        for (const folder of folders) expect(toolchain.readOnlyPaths).toContain(folder);
      }),
    TIMEOUT_MS,
  );
});
