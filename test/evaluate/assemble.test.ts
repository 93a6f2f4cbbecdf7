import { describe, expect, test } from "bun:test";
import { maskCode } from "../../src/evaluate/assemble/mask.ts";
import { assembleProgram } from "../../src/evaluate/assemble.ts";
import { LANGUAGE_IDS } from "../../src/languages.ts";
import type { Instance, Language } from "../../src/types.ts";
import { UNIQUE_SUM, UNIQUE_SUM_SOLUTIONS } from "./functional-instance.ts";

function withRunner(language: Language, runner: string): Instance {
  return { ...UNIQUE_SUM, runners: { [language]: runner } };
}

function assemble(language: Language, runner: string, solution: string): string {
  return assembleProgram(withRunner(language, runner), language, solution);
}

/** The program without the benchmark's own import block. */
function own(language: Language, program: string): string {
  const block = new Set(assemble(language, "==Code Submission==", "").split("\n"));
  return program
    .split("\n")
    .filter((line) => !block.has(line))
    .join("\n")
    .trim();
}

describe("assembleProgram()", () => {
  test("an io program stays as it is", () => {
    const io: Instance = { ...UNIQUE_SUM, type: "io", runners: {} };
    for (const language of LANGUAGE_IDS) {
      expect(assembleProgram(io, language, "import x\r\n\n")).toBe("import x\r\n\n");
    }
  });

  test("refuses a functional instance without a runner or without a marker", () => {
    expect(() => assembleProgram(withRunner("cpp", "==Code Submission=="), "ruby", "")).toThrow(
      "its field 'test_runners' has runners for cpp; one for ruby is wanted",
    );
    expect(() => assembleProgram({ ...UNIQUE_SUM, runners: {} }, "ruby", "")).toThrow("has no runner");
    expect(() => assemble("ruby", "puts 1", "")).toThrow("no line with '==Code Submission=='");
  });

  test("a dollar pattern in a solution stays as it is", () => {
    expect(assemble("ruby", "# ==Code Submission==", "puts '$&'")).toContain("puts '$&'");
  });

  test("names each import once in every language", () => {
    for (const language of LANGUAGE_IDS) {
      const lines = assembleProgram(UNIQUE_SUM, language, UNIQUE_SUM_SOLUTIONS[language])
        .split("\n")
        .filter(
          (line) => /^(?:import|from|#include|require|const .*require\()/.test(line) && !line.endsWith("("),
        );
      expect(lines).toEqual([...new Set(lines)]);
      expect(lines.length).toBeGreaterThanOrEqual(language === "golang" ? 0 : 7);
    }
  });
});

describe("assembleProgram() in Python", () => {
  test("hoists top-level imports, future imports first, and keeps the others", () => {
    const program = assemble(
      "python3",
      "import os.path\n# ==Code Submission==\nprint(Solution().f())\n",
      [
        "from __future__ import annotations",
        "import numpy as np  # fast",
        "from collections import (",
        "    deque as dq,",
        ")",
        "from os import \\",
        "    sep",
        "import sys; sys.setrecursionlimit(10**6)",
        "try:",
        "    import scipy",
        "except ImportError:",
        "    scipy = None",
        "TEXT = '''",
        "import not_code",
        "'''",
        "class Solution:",
        "    def f(self):",
        "        import math",
        "        return math.pi",
      ].join("\n"),
    );
    expect(program.split("\n")[0]).toBe("from __future__ import annotations");
    expect(own("python3", program)).toMatchInlineSnapshot(`
      "from __future__ import annotations
      import os.path
      import numpy as np  # fast
      from collections import (
          deque as dq,
      )
      from os import \\
          sep
      import sys; sys.setrecursionlimit(10**6)
      try:
          import scipy
      except ImportError:
          scipy = None
      TEXT = '''
      import not_code
      '''
      class Solution:
          def f(self):
              import math
              return math.pi
      print(Solution().f())"
    `);
  });

  test("adds sortedcontainers only for a program that names it", () => {
    expect(assemble("python3", "# ==Code Submission==", "x = 1")).not.toContain("sortedcontainers");
    expect(assemble("python3", "# ==Code Submission==", "x = SortedList()")).toContain(
      "from sortedcontainers import SortedList, SortedDict, SortedSet",
    );
  });

  test("an indented marker indents the solution, but not the inside of its strings", () => {
    const program = assemble(
      "python3",
      "def outer():\n    # ==Code Submission==\n    return f()\n",
      'def f():\n    return """a\nb"""',
    );
    expect(own("python3", program)).toBe(
      'def outer():\n    def f():\n        return """a\nb"""\n    return f()',
    );
  });
});

describe("assembleProgram() in C++", () => {
  test("hoists headers, but not those inside a condition or a comment", () => {
    const program = assemble(
      "cpp",
      "#include <iostream>\n// ==Code Submission==\nint main() {}\n",
      '#include<bits/stdc++.h>\n#pragma GCC optimize("O3")\n/*\n#include <commented>\n*/\n#ifdef X\n#include <x>\n#endif\nint f() { return 1\'000; } // it\'s\n#include "own.h"\n',
    );
    expect(own("cpp", program)).toMatchInlineSnapshot(`
      "#include <bits/stdc++.h>
      #include "own.h"
      #pragma GCC optimize("O3")
      /*
      #include <commented>
      */
      #ifdef X
      #include <x>
      #endif
      int f() { return 1'000; } // it's
      int main() {}"
    `);
  });
});

describe("assembleProgram() in Java", () => {
  test("hoists imports and leaves one public class", () => {
    const program = assemble(
      "java",
      "package a;\nimport java.util.List;\n// ==Code Submission==\npublic class Main {\n  public static class Inner {}\n  public static void main(String[] args) {}\n}\n",
      'package b;\nimport java.util.*;\nimport static java.lang.Math.max;\n/* public class No {} */\npublic final class Solution { String s = "public class Not {"; public class Nested {} }\npublic record Pair(int a) {}\n',
    );
    expect(own("java", program)).toMatchInlineSnapshot(`
      "import java.util.List;
      import static java.lang.Math.max;
      /* public class No {} */
      final class Solution { String s = "public class Not {"; public class Nested {} }
      record Pair(int a) {}
      public class Main {
        public static class Inner {}
        public static void main(String[] args) {}
      }"
    `);
  });
});

describe("assembleProgram() in JavaScript", () => {
  test("declares each name once and leaves out what the program declares", () => {
    const program = assemble(
      "javascript",
      "const fs = require('fs');\n// ==Code Submission==\nconsole.log(f());\n",
      [
        "const fs = require('fs');",
        "const { readFileSync: read, writeFileSync } = require('node:fs');",
        "import path from 'path';",
        "const input = require('fs').readFileSync(0, 'utf8');",
        "class Deque {}",
        ["const url = 1, http = `$", "{'}'}const os`;"].join(""),
        "var { util, x: [crypto] } = {};",
        "function f() { const os = require('os'); return new Queue() + /[/'\"]const vm/.source; }",
      ].join("\n"),
    );
    const declared = [...program.matchAll(/^const (\w+) = require/gm)].map((match) => match[1]);
    expect(declared).not.toContain("url");
    expect(declared).not.toContain("http");
    expect(declared).not.toContain("util");
    expect(declared).not.toContain("crypto");
    expect(declared).toContain("os");
    expect(own("javascript", program)).toMatchInlineSnapshot(`
      "const { readFileSync: read, writeFileSync } = require('node:fs');
      const { Queue } = require('datastructures-js');
      const input = require('fs').readFileSync(0, 'utf8');
      class Deque {}
      const url = 1, http = \`\${'}'}const os\`;
      var { util, x: [crypto] } = {};
      function f() { const os = require('os'); return new Queue() + /[/'"]const vm/.source; }
      console.log(f());"
    `);
    new Bun.Transpiler({ loader: "js" }).scan(program);
  });

  test("adds lodash and datastructures-js only for a program that uses them", () => {
    const modules = (solution: string) =>
      [...assemble("javascript", "// ==Code Submission==", solution).matchAll(/require\('([a-z-]+)'\)/g)]
        .map((match) => match[1])
        .filter((name) => name === "lodash" || name === "datastructures-js");
    expect(modules("[1].map((_, i) => i)")).toEqual([]);
    expect(modules("_.sum([1]); new PriorityQueue()")).toEqual(["lodash", "datastructures-js"]);
    expect(modules("const _ = 1; class PriorityQueue {} _.x; new PriorityQueue()")).toEqual([]);
  });
});

describe("assembleProgram() in Go", () => {
  test("merges imports, drops unused ones and adds the block's", () => {
    const program = assemble(
      "golang",
      'package main\n\nimport (\n\t"fmt"\n\t"os" // unused\n)\n\n// ==Code Submission==\n\nfunc main() { fmt.Println(f()) }\n',
      'package main\nimport "strings"\nimport str "strings"\nimport (\n\t_ "embed"\n\t"math/rand/v2"\n)\n\nfunc f() string {\n\theap := newHeap()\n\theap.Push(1)\n\treturn str.Repeat(`import "x"`, rand.IntN(sort.SearchInts(nil, 1)))\n}\n',
    );
    expect(program).toMatchInlineSnapshot(`
      "package main

      import (
      	"fmt"
      	str "strings"
      	_ "embed"
      	"math/rand/v2"
      	"sort"
      )

      func f() string {
      	heap := newHeap()
      	heap.Push(1)
      	return str.Repeat(\`import "x"\`, rand.IntN(sort.SearchInts(nil, 1)))
      }


      func main() { fmt.Println(f()) }
      "
    `);
  });

  test("tidies the imports of an io program, as the benchmark does", () => {
    const io: Instance = { ...UNIQUE_SUM, type: "io" };
    const right = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("os.Exit") }\n';
    expect(assembleProgram(io, "golang", right)).toBe(right);
    const wrong = right
      .replace('import "fmt"', 'import (\n\t"fmt"\n\t"os"\n)')
      .replace("fmt.Println(", "bufio.NewReader(");
    expect(assembleProgram(io, "golang", wrong)).toContain('import (\n\t"bufio"\n)');
    expect(assembleProgram(io, "golang", "nonsense os.Exit")).toBe("nonsense os.Exit");
  });
});

describe("assembleProgram() in Ruby", () => {
  test("hoists plain requires and keeps the others", () => {
    const program = assemble(
      "ruby",
      "require 'json'\n# ==Code Submission==\nputs f\n",
      "require \"matrix\"\nrequire('prime') # primes\n=begin\nrequire 'no'\n=end\nrequire 'x' if $y\ndef f\n  require 'csv'\nend\n",
    );
    expect(own("ruby", program)).toMatchInlineSnapshot(`
      "require 'matrix'
      require 'prime'
      =begin
      require 'no'
      =end
      require 'x' if $y
      def f
        require 'csv'
      end
      puts f"
    `);
  });

  test("adds algorithms only for a program that names it", () => {
    expect(assemble("ruby", "# ==Code Submission==", "x = 1")).not.toContain("algorithms");
    expect(assemble("ruby", "# ==Code Submission==", "q = Containers::Heap.new")).toContain(
      "require 'algorithms'",
    );
  });
});

describe("maskCode()", () => {
  test("keeps length and lines, whatever the text", () => {
    const style = {
      lineComment: "//",
      blockComments: true,
      strings: [{ mark: '"', escapes: true, lines: false }],
      rawStrings: true,
      javascript: true,
    } as const;
    for (const text of ['a "b', "a /* b", "`${`", 'R"x(\n)x" b', "/[", '"\\', "// c\nd", "x = a / b / c"]) {
      const masked = maskCode(text, style);
      expect(masked.length).toBe(text.length);
      expect(masked.split("\n").length).toBe(text.split("\n").length);
    }
    expect(maskCode("x = a / b; y = /'/; z", style)).toBe("x = a / b; y =    ; z");
  });
});
