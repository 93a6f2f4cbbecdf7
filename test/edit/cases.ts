import type { EditRejection, Language, Mode } from "../../src/types.ts";
import {
  block,
  CPP,
  edited,
  FASTER_PYTHON,
  FORMAT_OWNER,
  GO,
  JAVA,
  JAVASCRIPT,
  PYTHON,
  RUBY,
  TWINS,
} from "./programs.ts";

/** An answer, and what must come of it: the exact program, or a refusal. */
export interface EditCase {
  readonly name: string;
  /** Default: PYTHON. */
  readonly program?: string;
  readonly response: string;
  /** Default: diff. */
  readonly mode?: Mode;
  /** Default: python3. */
  readonly language?: Language;
  readonly expect:
    | string
    | { readonly reason: EditRejection; readonly block?: number; readonly says?: readonly string[] };
}

const TOTAL = "                total += 1";
const ONE = block(TOTAL, "                total += 2");
const ONE_DONE = edited(PYTHON, TOTAL, "                total += 2");
const IMPORT = block("import sys", "import os\nimport sys");
const BOTH_DONE = `import os\n${ONE_DONE}`;
const crlf = (text: string) => text.replaceAll("\n", "\r\n");
const fence = (info: string, code: string, mark = "```") =>
  `${mark}${info}\n${code}${code.endsWith("\n") ? "" : "\n"}${mark}\n`;
const LOOP =
  "        for j in range(i + 1, len(values)):\n            if values[i] + values[j] == target:\n                total += 1";
const LOOP_NEW = "        for j in range(i):\n            total += values[i] + values[j] == target";
const LOOP_DONE = edited(PYTHON, LOOP, LOOP_NEW);
const outdent = (text: string, blanks: number) =>
  text
    .split("\n")
    .map((line) => line.slice(Math.min(blanks, line.search(/\S|$/))))
    .join("\n");
const indent = (text: string, by: string) =>
  text
    .split("\n")
    .map((line) => (line === "" ? "" : by + line))
    .join("\n");

export const CASES: Readonly<Record<string, readonly EditCase[]>> = {
  "plain blocks": [
    { name: "one block", response: ONE, expect: ONE_DONE },
    { name: "two blocks, file order", response: IMPORT + ONE, expect: BOTH_DONE },
    { name: "two blocks, against file order", response: ONE + IMPORT, expect: BOTH_DONE },
    {
      name: "prose around",
      response: `I change one line.\n\n${ONE}\nThat is all; \`total += 2\` is right.`,
      expect: ONE_DONE,
    },
    { name: "no line end behind the last marker", response: ONE.trimEnd(), expect: ONE_DONE },
    {
      name: "the first lines",
      response: block("import sys\n\n", "import sys\nimport os\n\n"),
      expect: edited(PYTHON, "import sys\n", "import sys\nimport os\n"),
    },
    {
      name: "the last line",
      response: block("main()", "main()  # run"),
      expect: `${PYTHON.slice(0, -7)}main()  # run\n`,
    },
    {
      name: "the whole program as SEARCH",
      response: block(PYTHON.trimEnd(), FASTER_PYTHON.trimEnd()),
      expect: FASTER_PYTHON,
    },
    {
      name: "insertion by an anchor",
      response: block("def main():", "def extra():\n    return 1\n\n\ndef main():"),
      expect: edited(PYTHON, "def main():", "def extra():\n    return 1\n\n\ndef main():"),
    },
  ],
  "wrappers and fences": [
    {
      name: "EVOLVE wrapper in a fence",
      response: `### 2. Diffs\n${fence("python", `EVOLVE-BLOCK-START\n${ONE}EVOLVE-BLOCK-END`)}`,
      expect: ONE_DONE,
    },
    {
      name: "EVOLVE wrapper as a comment",
      response: fence("python", `# EVOLVE-BLOCK-START\n${ONE}# EVOLVE-BLOCK-END`),
      expect: ONE_DONE,
    },
    {
      name: "wrapper end missing",
      response: fence("python", `EVOLVE-BLOCK-START\n${ONE}`),
      expect: ONE_DONE,
    },
    { name: "fence end missing", response: `\`\`\`python\nEVOLVE-BLOCK-START\n${ONE}`, expect: ONE_DONE },
    {
      name: "file name before the head",
      response: fence("python", `src/solve.py\n${ONE}`),
      expect: ONE_DONE,
    },
    { name: "file name as the info string", response: fence("solve.py", ONE), expect: ONE_DONE },
    { name: "diff as the info string", response: fence("diff", ONE), expect: ONE_DONE },
    {
      name: "tilde fence per block",
      response: `${fence("", IMPORT, "~~~")}and\n${fence("", ONE, "~~~")}`,
      expect: BOTH_DONE,
    },
    {
      name: "four backticks around three",
      response: fence("markdown", fence("python", ONE), "````"),
      expect: ONE_DONE,
    },
    {
      name: "fence around each section",
      response:
        "<<<<<<< SEARCH\n```python\n                total += 1\n```\n=======\n```python\n                total += 2\n```\n>>>>>>> REPLACE\n",
      expect: ONE_DONE,
    },
    {
      name: "fence around REPLACE only",
      response:
        "<<<<<<< SEARCH\n                total += 1\n=======\n```\n                total += 2\n```\n>>>>>>> REPLACE\n",
      expect: ONE_DONE,
    },
    {
      name: "closing fence before the tail",
      response: `\`\`\`python\n${ONE.replace(">>>>>>>", "```\n>>>>>>>")}`,
      expect: ONE_DONE,
    },
    {
      name: "wrapper lines inside both sections",
      response:
        "<<<<<<< SEARCH\nEVOLVE-BLOCK-START\n                total += 1\nEVOLVE-BLOCK-END\n=======\nEVOLVE-BLOCK-START\n                total += 2\nEVOLVE-BLOCK-END\n>>>>>>> REPLACE\n",
      expect: ONE_DONE,
    },
    {
      name: "wrapper end before the tail",
      response: ONE.replace(">>>>>>>", "// EVOLVE-BLOCK-END\n>>>>>>>"),
      expect: ONE_DONE,
    },
    {
      name: "markers indented as a list item",
      response: `1. Do this:\n\n${indent(ONE, "   ")}`,
      expect: ONE_DONE,
    },
    {
      name: "a quoted original before and an example behind",
      response: `${fence("python", "    total = 0")}\n${ONE}\n${fence("bash", "python solve.py")}`,
      expect: ONE_DONE,
    },
    {
      name: "a fence line inside REPLACE that the program lacks",
      response: block(TOTAL, `${TOTAL}\n\`\`\`\n# note`),
      expect: { reason: "malformed", block: 1 },
    },
    {
      name: "an indented fence in a docstring is text",
      response: block(
        "    total = 0",
        '    """Count.\n\n    ```\n    pairs([1], 2)\n    ```\n    """\n    total = 0',
      ),
      expect: edited(
        PYTHON,
        "    total = 0",
        '    """Count.\n\n    ```\n    pairs([1], 2)\n    ```\n    """\n    total = 0',
      ),
    },
  ],
  markers: [
    ...[5, 6, 8, 9].map((count) => ({
      name: `${count} chevrons`,
      response: ONE.replace("<<<<<<<", "<".repeat(count)).replace(">>>>>>>", ">".repeat(count)),
      expect: ONE_DONE,
    })),
    {
      name: "uneven chevrons",
      response: ONE.replace("<<<<<<<", "<<<<<<").replace(">>>>>>>", ">>>>>>>>"),
      expect: ONE_DONE,
    },
    ...["=====", "======", "========", "==========="].map((divider) => ({
      name: `divider ${divider}`,
      response: ONE.replace("=======", divider),
      expect: ONE_DONE,
    })),
    {
      name: "no blank before the keyword",
      response: ONE.replace("<<<<<<< SEARCH", "<<<<<<<SEARCH").replace(">>>>>>> REPLACE", ">>>>>>>REPLACE"),
      expect: ONE_DONE,
    },
    {
      name: "blanks behind the markers",
      response: ONE.replace("SEARCH", "SEARCH  ")
        .replace("=======", "======= ")
        .replace("REPLACE", "REPLACE\t"),
      expect: ONE_DONE,
    },
    {
      name: "extra > behind the keywords",
      response: ONE.replace("SEARCH", "SEARCH>").replace("REPLACE", "REPLACE>"),
      expect: ONE_DONE,
    },
    { name: "fence glued to the tail", response: `\`\`\`python\n${ONE.trimEnd()}\`\`\`\n`, expect: ONE_DONE },
    { name: "text behind the tail", response: `${ONE.trimEnd()} (faster)\n`, expect: ONE_DONE },
    {
      name: "text behind the tail, then another block",
      response: `${ONE.trimEnd()} # done\n${IMPORT}`,
      expect: BOTH_DONE,
    },
    { name: "tail sent twice", response: `${ONE}>>>>>>> REPLACE\n`, expect: ONE_DONE },
    {
      name: "lower case keywords",
      response: ONE.replace("SEARCH", "search").replace("REPLACE", "replace"),
      expect: ONE_DONE,
    },
    {
      name: "four chevrons are no marker",
      response: ONE.replace("<<<<<<<", "<<<<").replace(">>>>>>>", ">>>>"),
      expect: { reason: "no_blocks" },
    },
    {
      name: "ten chevrons are no marker",
      response: ONE.replace("<<<<<<<", "<".repeat(10)).replace(">>>>>>>", ">".repeat(10)),
      expect: { reason: "no_blocks" },
    },
    {
      name: "conflict markers of git",
      response: ONE.replace("SEARCH", "HEAD").replace("REPLACE", "branch"),
      expect: { reason: "no_blocks" },
    },
    {
      name: "marker words in prose",
      response: `Between \`<<<<<<< SEARCH\` and \`>>>>>>> REPLACE\` stand the lines.\n<<<<<<< SEARCH blocks must match.\n\n${ONE}`,
      expect: ONE_DONE,
    },
    {
      name: "a heading underlined in prose",
      response: `Plan\n=======\nChange a line.\n\n${ONE}`,
      expect: ONE_DONE,
    },
  ],
  "markers as content": [
    {
      name: "divider in SEARCH, decided by the program",
      program: FORMAT_OWNER,
      response: block("Parser\n=======\nSplits an answer.", "Reader\n=======\nReads an answer."),
      expect: edited(FORMAT_OWNER, "Parser\n=======\nSplits", "Reader\n=======\nReads"),
    },
    {
      name: "divider only in SEARCH",
      program: FORMAT_OWNER,
      response: block("Parser\n=======\nSplits an answer.", "Reads an answer."),
      expect: edited(FORMAT_OWNER, "Parser\n=======\nSplits", "Reads"),
    },
    {
      name: "a heading deeper than the markers is no divider",
      response: block("    Title\n    =======", "    Other\n    ======="),
      expect: { reason: "no_match", block: 1 },
    },
    {
      name: "divider in neither reading",
      program: FORMAT_OWNER,
      response: block("Lexer\n=======\nSplits it.", "Reads an answer."),
      expect: { reason: "malformed", block: 1 },
    },
    {
      name: "a whole block as SEARCH text",
      program: FORMAT_OWNER,
      response: block('SAMPLE = """\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n"""', 'SAMPLE = ""'),
      expect: edited(
        FORMAT_OWNER,
        'SAMPLE = """\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n"""',
        'SAMPLE = ""',
      ),
    },
    {
      name: "a whole block in both texts",
      program: FORMAT_OWNER,
      response: block(
        '<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n"""',
        '<<<<<<< SEARCH\nold\n=======\nnewer\n>>>>>>> REPLACE\n"""',
      ),
      expect: edited(FORMAT_OWNER, "=======\nnew\n", "=======\nnewer\n"),
    },
    {
      name: "wrapper lines that the program owns",
      program: FORMAT_OWNER,
      response: block("# EVOLVE-BLOCK-START\nLIMIT = 10", "# EVOLVE-BLOCK-START\nLIMIT = 20"),
      expect: edited(FORMAT_OWNER, "10", "20"),
    },
    {
      name: "reasoning tags that the program owns",
      program: FORMAT_OWNER,
      response: block("<think>\nplan\n</think>", "<think>\nbetter plan\n</think>"),
      expect: edited(FORMAT_OWNER, "plan", "better plan"),
    },
    {
      name: "fences that the program owns",
      program: FORMAT_OWNER,
      response: fence("python", block("```\ncode\n```", "```\nmore code\n```"), "````"),
      expect: edited(FORMAT_OWNER, "\ncode", "\nmore code"),
    },
    {
      name: "markers in strings and comments",
      response: block(
        TOTAL,
        `${TOTAL}  # >>>>>>> REPLACE\n                # =======\n                text = "<<<<<<< SEARCH"`,
      ),
      expect: edited(
        PYTHON,
        TOTAL,
        `${TOTAL}  # >>>>>>> REPLACE\n                # =======\n                text = "<<<<<<< SEARCH"`,
      ),
    },
    {
      name: "a divider that would get into a program without one",
      response: ONE.replace(">>>>>>>", "=======\nx\n>>>>>>>"),
      expect: { reason: "malformed", block: 1 },
    },
  ],
  "malformed blocks": [
    {
      name: "no divider",
      response: ONE.replace("=======\n", ""),
      expect: { reason: "malformed", block: 1, says: ["Block 1"] },
    },
    {
      name: "no head",
      response: ONE.replace("<<<<<<< SEARCH\n", ""),
      expect: { reason: "malformed", block: 1 },
    },
    {
      name: "code on the head's line",
      response: ONE.replace("SEARCH\n", "SEARCH"),
      expect: { reason: "malformed", block: 1 },
    },
    {
      name: "a bad block behind a good one",
      response: IMPORT + ONE.replace("=======\n", ""),
      expect: { reason: "malformed", block: 2, says: ["Block 2"] },
    },
    {
      name: "a bad block before a good one",
      response: ONE.replace("=======\n", "") + IMPORT,
      expect: { reason: "malformed", block: 1, says: ["Block 1"] },
    },
    {
      name: "first block not closed",
      response: ONE.replace(">>>>>>> REPLACE\n", "") + IMPORT,
      expect: { reason: "malformed", block: 1 },
    },
    {
      name: "second block without a head",
      response: IMPORT + ONE.replace("<<<<<<< SEARCH\n", ""),
      expect: { reason: "malformed", block: 2 },
    },
    {
      name: "sections swapped by their markers",
      response: ONE.replace("<<<<<<< SEARCH", ">>>>>>> REPLACE").replace(
        />>>>>>> REPLACE\n$/,
        "<<<<<<< SEARCH\n",
      ),
      expect: { reason: "malformed", block: 1 },
    },
    ...[">>>> REPLACE", "<<<<<<< REPLACE", "======= REPLACE"].map((tail) => ({
      name: `closed by ${tail}`,
      response: ONE.replace(">>>>>>> REPLACE", tail),
      expect: { reason: "malformed" as const, block: 1, says: [tail] },
    })),
    {
      name: "the tail glued to code",
      response: ONE.replace("total += 2\n", "total += 2"),
      expect: { reason: "truncated", block: 1 },
    },
  ],
  truncated: [
    {
      name: "inside SEARCH",
      response: "<<<<<<< SEARCH\n                total",
      expect: { reason: "truncated", block: 1 },
    },
    {
      name: "behind the divider",
      response: "<<<<<<< SEARCH\n                total += 1\n=======",
      expect: { reason: "truncated", block: 1 },
    },
    {
      name: "inside REPLACE of the second block",
      response: `${IMPORT}${ONE.slice(0, -25)}`,
      expect: { reason: "truncated", block: 2, says: ["2"] },
    },
    { name: "inside the tail", response: ONE.slice(0, -5), expect: { reason: "truncated", block: 1 } },
    {
      name: "inside the head of the next block",
      response: `${ONE}<<<<<<< SEA`,
      expect: { reason: "truncated", block: 2 },
    },
    {
      name: "behind the wrapper of the next block",
      response: `EVOLVE-BLOCK-START\n${ONE}EVOLVE-BLOCK-END\nEVOLVE-BLOCK-START\n`,
      expect: { reason: "truncated", block: 2 },
    },
    {
      name: "behind the opening fence",
      response: "### 2. Diffs\n```python\n",
      expect: { reason: "truncated" },
    },
    { name: "in the prose behind the blocks", response: `${ONE}\nThis makes it fas`, expect: ONE_DONE },
  ],
  reasoning: [
    {
      name: "draft in <think>",
      response: `<think>\nMaybe\n${block("import sys", "import re")}no.\n</think>\n${ONE}`,
      expect: ONE_DONE,
    },
    {
      name: "draft in <thinking>",
      response: `<thinking>\n${block("import sys", "import re")}</thinking>\n${ONE}`,
      expect: ONE_DONE,
    },
    {
      name: "only the end tag",
      response: `Maybe\n${block("import sys", "import re")}no.\n</think>\n\n${ONE}`,
      expect: ONE_DONE,
    },
    {
      name: "only the end tag, behind an unfinished draft",
      response: `Maybe\n<<<<<<< SEARCH\nimport\n</think>\n\n${ONE}`,
      expect: ONE_DONE,
    },
    {
      name: "end tag behind text",
      response: `Maybe\n${block("import sys", "import re")}no, once more.</think>\n${ONE}`,
      expect: ONE_DONE,
    },
    {
      name: "fence glued to the end tag",
      response: `<think>short</think>\`\`\`python\n${ONE}\`\`\``,
      expect: ONE_DONE,
    },
    {
      name: "unfinished draft in <think>",
      response: `<think>\n<<<<<<< SEARCH\nimport\n</think>\n${ONE}`,
      expect: ONE_DONE,
    },
    {
      name: "everything in <think>",
      response: `<think>\n${ONE}</think>\nDone.`,
      expect: { reason: "no_blocks" },
    },
    {
      name: "<think> never closed",
      response: `<think>\nI would do\n${ONE}`,
      expect: { reason: "no_blocks" },
    },
    {
      name: "tags in prose are text",
      response: `The tag <think> and its end </think> are not used.\n${ONE}`,
      expect: ONE_DONE,
    },
    {
      name: "mention of the end tag inside a thought",
      response: `<think>\nIt writes \`</think>\` itself.\n${block("import sys", "import re")}</think>\n${ONE}`,
      expect: ONE_DONE,
    },
    {
      name: "channels that were not taken apart",
      response: `<|channel|>analysis<|message|>Hm\n${block("import sys", "import re")}<|end|><|start|>assistant<|channel|>final<|message|>${ONE}`,
      expect: ONE_DONE,
    },
    {
      name: "draft program in <think>, direct",
      mode: "direct",
      response: `<think>\n${fence("python", PYTHON.replace("sys", "re"))}</think>\n${fence("python", FASTER_PYTHON)}`,
      expect: FASTER_PYTHON,
    },
    {
      name: "draft program only, direct",
      mode: "direct",
      response: `<think>\n${fence("python", FASTER_PYTHON)}</think>\nDone.`,
      expect: { reason: "no_blocks" },
    },
    {
      name: "unfinished draft before the end tag, direct",
      mode: "direct",
      response: `Let me see\n\`\`\`python\nimport sys\nno\n</think>\n${fence("python", FASTER_PYTHON)}`,
      expect: FASTER_PYTHON,
    },
    {
      name: "tags in the program, direct",
      mode: "direct",
      response: fence(
        "python",
        FASTER_PYTHON.replace("main()\n\n", "").concat('"""\n<think>\n</think>\n"""\n'),
      ),
      expect: FASTER_PYTHON.replace("main()\n\n", "").concat('"""\n<think>\n</think>\n"""\n'),
    },
  ],
  "all or none": [
    {
      name: "second block does not match",
      response: ONE + block("nothing like it", "x"),
      expect: { reason: "no_match", block: 2, says: ["Block 2"] },
    },
    {
      name: "first block does not match",
      response: block("nothing like it", "x") + ONE,
      expect: { reason: "no_match", block: 1 },
    },
    {
      name: "line numbers are those of the program that was sent",
      program: TWINS,
      response:
        block("def rows(grid):", "import re\n\n\ndef rows(grid):") +
        block("        acc = 0", "        acc = 0.0"),
      expect: { reason: "ambiguous", block: 2, says: ["lines 4, 14"] },
    },
    {
      name: "closest lines are those of the program that was sent",
      program: TWINS,
      response:
        block("def rows(grid):", "import re\n\n\ndef rows(grid):") +
        block("    for column in zip(grid):", "x"),
      expect: { reason: "no_match", block: 2, says: ["13 |     for column in zip(*grid):"] },
    },
    {
      name: "second block is ambiguous",
      program: TWINS,
      response:
        block("def rows(grid):", "def row_sums(grid):") + block("        acc = 0", "        acc = 0.0"),
      expect: { reason: "ambiguous", block: 2, says: ["4", "14"] },
    },
  ],
  "blocks in sequence": [
    {
      name: "second quotes what the first wrote",
      response: ONE + block("                total += 2", "                total += 3"),
      expect: edited(PYTHON, TOTAL, "                total += 3"),
    },
    {
      name: "second quotes what the first removed",
      response: ONE + block(TOTAL, "                total += 3"),
      expect: { reason: "no_match", block: 2, says: ["an earlier block"] },
    },
    {
      name: "two lines swapped",
      program: "a = 1\nb = 2\nc = 3\n",
      response: block("a = 1", "b = 2") + block("b = 2", "a = 1"),
      expect: "b = 2\na = 1\nc = 3\n",
    },
    {
      name: "first block makes the second unique",
      program: TWINS,
      response:
        block("        acc = 0\n        for value in row:", "        acc = 1\n        for value in row:") +
        block("        acc = 0", "        acc = 2"),
      expect: TWINS.replace("acc = 0", "acc = 1").replace("acc = 0", "acc = 2"),
    },
    {
      name: "first block writes a copy of the second's place",
      program: "a = 1\nb = 2\n",
      response: block("a = 1", "b = 2\na = 1") + block("b = 2", "b = 3"),
      expect: "b = 2\na = 1\nb = 3\n",
    },
    {
      name: "net effect nothing",
      response: ONE + block("                total += 2", TOTAL),
      expect: { reason: "unchanged" },
    },
  ],
  ambiguous: [
    {
      name: "two places",
      program: TWINS,
      response: block("        acc = 0", "        acc = 1"),
      expect: { reason: "ambiguous", block: 1, says: ["4", "14", "2 places"] },
    },
    {
      name: "same block once per place",
      program: TWINS,
      response: block("        acc = 0", "        acc = 1").repeat(2),
      expect: TWINS.replaceAll("acc = 0", "acc = 1"),
    },
    {
      name: "same block once per place, others between",
      program: TWINS,
      response:
        block("        acc = 0", "        acc = 1") +
        block("def rows(grid):", "def row_sums(grid):") +
        block("        acc = 0", "        acc = 1"),
      expect: TWINS.replaceAll("acc = 0", "acc = 1").replace("def rows", "def row_sums"),
    },
    {
      name: "same block three times for two places",
      program: TWINS,
      response: block("        acc = 0", "        acc = 1").repeat(3),
      expect: { reason: "ambiguous" },
    },
    { name: "same block twice for one place", response: ONE.repeat(2), expect: ONE_DONE },
    {
      name: "same insertion twice for one place",
      response: IMPORT.repeat(2),
      expect: `import os\n${PYTHON}`,
    },
    {
      name: "different edits of twins",
      program: TWINS,
      response: block("        acc = 0", "        acc = 1") + block("        acc = 0", "        acc = 2"),
      expect: { reason: "ambiguous", block: 1 },
    },
    {
      name: "same block once per place, of which one has a blank more",
      program: "a = 1 \nb\na = 1\n",
      response: block("a = 1", "a = 2").repeat(2),
      expect: "a = 2\nb\na = 2\n",
    },
    {
      name: "same block once per place, with their own indentation",
      program: "if x:\n    a = 1\nif y:\n        a = 1\n",
      response: block("a = 1", "a = 2").repeat(2),
      expect: "if x:\n    a = 2\nif y:\n        a = 2\n",
    },
    {
      name: "overlapping places",
      program: "x()\nx()\nx()\n",
      response: block("x()\nx()", "y()").repeat(2),
      expect: { reason: "ambiguous" },
    },
    {
      name: "exact match among tolerant ones",
      program: "a = 1 \na = 1\n",
      response: block("a = 1", "a = 2"),
      expect: "a = 1 \na = 2\n",
    },
    {
      name: "exact match among shifted ones",
      program: "if x:\n    a = 1\na = 1\n",
      response: block("a = 1", "a = 2"),
      expect: "if x:\n    a = 1\na = 2\n",
    },
    {
      name: "two shifted places",
      program: "if x:\n    a = 1\nif y:\n    a = 1\n",
      response: block("a = 1", "a = 2"),
      expect: { reason: "ambiguous" },
    },
    {
      name: "two places but for trailing blanks",
      program: "a = 1 \nb\na = 1\t\n",
      response: block("a = 1", "a = 2"),
      expect: { reason: "ambiguous" },
    },
    {
      name: "a blank line at the edge decides",
      program: "}\nx\n\n}\ny\n",
      response: block("\n}", "\n};"),
      expect: "}\nx\n\n};\ny\n",
    },
    {
      name: "a line of blanks at the edge decides",
      program: "}\nx\n \n}\ny\n",
      response: block("\n}", "\n};"),
      expect: "}\nx\n\n};\ny\n",
    },
    {
      name: "line ends of the answer decide",
      program: "a\r\nb\na\n",
      response: block("a", "c"),
      expect: "a\r\nb\nc\n",
    },
    {
      name: "many places are counted and not all listed",
      program: "x()\n".repeat(500),
      response: block("x()", "y()"),
      expect: { reason: "ambiguous", says: ["500 places"] },
    },
  ],
  layout: [
    {
      name: "outdented as a whole",
      response: block(outdent(LOOP, 8), outdent(LOOP_NEW, 8)),
      expect: LOOP_DONE,
    },
    { name: "partly outdented", response: block(outdent(LOOP, 4), outdent(LOOP_NEW, 4)), expect: LOOP_DONE },
    {
      name: "indented too deep",
      response: block(indent(LOOP, "    "), indent(LOOP_NEW, "    ")),
      expect: LOOP_DONE,
    },
    {
      name: "tabs outdented",
      program: GO,
      language: "golang",
      response: block("for i := 0; i < n; i++ {\n\ttotal += i\n}", "total = n * (n - 1) / 2"),
      expect: edited(GO, "\tfor i := 0; i < n; i++ {\n\t\ttotal += i\n\t}", "\ttotal = n * (n - 1) / 2"),
    },
    {
      name: "empty lines in shifted text stay empty",
      response: block("total = 0", "total = 0\n\nbest = 1"),
      expect: edited(PYTHON, "    total = 0", "    total = 0\n\n    best = 1"),
    },
    {
      name: "blanks at line ends of SEARCH",
      response: block("    total = 0   ", "    total = 1"),
      expect: edited(PYTHON, "total = 0", "total = 1"),
    },
    {
      name: "blanks at line ends of the program",
      program: PYTHON.replace("total = 0", "total = 0 \t"),
      response: block("    total = 0", "    total = 1"),
      expect: edited(PYTHON, "total = 0", "total = 1"),
    },
    {
      name: "blanks on empty lines",
      response: block(
        "import sys\n  \n\t\ndef pairs(values, target):",
        "import sys\n\n\ndef pairs(values, goal):",
      ),
      expect: edited(PYTHON, "pairs(values, target):\n    total", "pairs(values, goal):\n    total"),
    },
    {
      name: "extra empty lines next to all markers",
      response: block(`\n${TOTAL}\n`, "\n                total += 2\n"),
      expect: ONE_DONE,
    },
    {
      name: "extra empty line before the divider only",
      response: block(`${TOTAL}\n`, "                total += 2"),
      expect: ONE_DONE,
    },
    {
      name: "empty lines that the program has are matched",
      response: block("\n\ndef main():", "\ndef main():"),
      expect: edited(PYTHON, "\n\ndef main", "\ndef main"),
    },
    {
      name: "another nesting of an interior line",
      response: block("            if values[i] + values[j] == target:\n            total += 1", "x"),
      expect: { reason: "no_match" },
    },
    {
      name: "another nesting of the last line",
      response: block(
        "for i in range(len(values)):\n    for j in range(i + 1, len(values)):\n            if values[i] + values[j] == target:",
        "x",
      ),
      expect: { reason: "no_match" },
    },
    {
      name: "many equal lines, anchored by the nesting of the last one",
      program: `${"    x = x + 1\n".repeat(300)}        x = x + 1\n`,
      response: block(`${"x = x + 1\n".repeat(200)}    x = x + 1`, "x += 201"),
      expect: `${"    x = x + 1\n".repeat(100)}    x += 201\n`,
    },
    {
      name: "many equal lines, another nesting of the last one",
      program: "    x = x + 1\n".repeat(300),
      response: block(`${"x = x + 1\n".repeat(200)}  x = x + 1`, "x += 201"),
      expect: { reason: "no_match" },
    },
    {
      name: "many equal lines, tabs against blanks",
      program: "\t\tx = x + 1\n".repeat(300),
      response: block(Array.from({ length: 200 }, () => "  x = x + 1").join("\n"), "x += 200"),
      expect: { reason: "no_match" },
    },
    {
      name: "SEARCH deeper, REPLACE too flat to follow",
      response: block(indent(LOOP, "    "), "x = 1"),
      expect: { reason: "no_match" },
    },
    {
      name: "the rest keeps its blanks",
      program: "a   \n\n\t\nb\nc \t\n\n\n",
      response: block("b", "d"),
      expect: "a   \n\n\t\nd\nc \t\n\n\n",
    },
  ],
  "blank lines at the end of a section": [
    {
      name: "in REPLACE only: layout",
      response: block(TOTAL, "                total += 2\n"),
      expect: ONE_DONE,
    },
    {
      name: "in SEARCH only, where the program has it: stays",
      response: block("import sys\n\n", "import os"),
      expect: PYTHON.replace("import sys", "import os"),
    },
    {
      name: "in both",
      response: block("import sys\n\n", "import os\n\n"),
      expect: PYTHON.replace("import sys", "import os"),
    },
    {
      name: "more of them in REPLACE",
      response: block("import sys\n", "import os\n\n\n\n"),
      expect: PYTHON.replace("import sys", "import os"),
    },
    {
      name: "quoted in SEARCH for a deletion: go with it",
      response: block("import sys\n\n", ""),
      expect: PYTHON.replace("import sys\n\n\n", ""),
    },
    {
      name: "a blank line as REPLACE stands for the lines",
      response: block("import sys", "gone").replace("gone\n", "\n"),
      expect: PYTHON.replace("import sys", ""),
    },
    {
      name: "they tell places apart",
      program: "}\n\n}\nx\n",
      response: block("}\n", "};\n"),
      expect: "};\n\n}\nx\n",
    },
  ],
  "no match": [
    ...[
      ["letters", "                totals += 1"],
      ["case", "                Total += 1"],
      ["numbers", "                total += 2"],
      ["a comment", "                total += 1  # count"],
      ["inner blanks", "                total +=  1"],
      ["half a line", "                total +="],
    ].map(([what, search]) => ({
      name: `${what} differ`,
      response: block(search ?? "", "x"),
      expect: { reason: "no_match" as const, block: 1, says: ["total += 1"] },
    })),
    {
      name: "interior drift",
      response: block(LOOP.replace("i + 1", "i"), "x"),
      expect: { reason: "no_match", says: ["for j in range(i + 1, len(values)):"] },
    },
    {
      name: "a line left out",
      response: block(
        LOOP.split("\n")
          .filter((_, index) => index !== 1)
          .join("\n"),
        "x",
      ),
      expect: { reason: "no_match", says: ["if values[i] + values[j] == target:", "leaves out"] },
    },
    {
      name: "elision in SEARCH",
      response: block(
        "def pairs(values, target):\n    ...\n    return total",
        "def pairs(values, target):\n    return 0",
      ),
      expect: { reason: "no_match" },
    },
    {
      name: "SEARCH goes on behind the end",
      response: block("main()\nexit()", "main()"),
      expect: { reason: "no_match", says: ["main()"] },
    },
    { name: "SEARCH on an empty program", program: "", response: ONE, expect: { reason: "no_match" } },
    {
      name: "escaped text is other text",
      response: block("            if values[i] + values[j] =&#61; target:", "x"),
      expect: { reason: "no_match" },
    },
    {
      name: "composed letters against decomposed ones",
      program: "e\u0301 = 1\n",
      response: block("\u00e9 = 1", "x = 1"),
      expect: { reason: "no_match" },
    },
  ],
  "empty texts": [
    {
      name: "empty REPLACE removes the lines",
      response: block(TOTAL, ""),
      expect: edited(PYTHON, `${TOTAL}\n`, ""),
    },
    {
      name: "empty REPLACE at the end without a final line end",
      program: "a\nb",
      response: block("b", ""),
      expect: "a",
    },
    { name: "empty SEARCH", response: block("", "x = 1"), expect: { reason: "malformed", block: 1 } },
    { name: "blank SEARCH", response: block("\n  \n", "x = 1"), expect: { reason: "malformed", block: 1 } },
    {
      name: "empty SEARCH on an empty program",
      program: "",
      response: block("", "x = 1\nprint(x)"),
      expect: "x = 1\nprint(x)\n",
    },
    {
      name: "empty SEARCH on a blank program",
      program: "\n",
      response: block("", "x = 1"),
      expect: "x = 1\n",
    },
    { name: "both empty", response: block("", ""), expect: { reason: "malformed" } },
    { name: "everything removed", program: "a\n", response: block("a", ""), expect: { reason: "malformed" } },
  ],
  unchanged: [
    { name: "same text on both sides", response: block(TOTAL, TOTAL), expect: { reason: "unchanged" } },
    { name: "a no-op beside an edit", response: block("import sys", "import sys") + ONE, expect: ONE_DONE },
    {
      name: "an ambiguous no-op beside an edit",
      program: TWINS,
      response: block("        acc = 0", "        acc = 0") + block("def rows(grid):", "def row_sums(grid):"),
      expect: TWINS.replace("def rows", "def row_sums"),
    },
    {
      name: "a no-op that matches nowhere",
      response: block("nothing", "nothing") + ONE,
      expect: { reason: "no_match", block: 1 },
    },
    {
      name: "same program, direct",
      mode: "direct",
      response: fence("python", PYTHON),
      expect: { reason: "unchanged" },
    },
    {
      name: "same program but for blanks at line ends, direct",
      mode: "direct",
      response: fence("python", PYTHON.replaceAll("\n", "  \n")),
      expect: { reason: "unchanged" },
    },
  ],
  "bytes that stay": [
    {
      name: "CRLF program, LF answer",
      program: crlf(PYTHON),
      response: ONE + IMPORT,
      expect: crlf(BOTH_DONE),
    },
    { name: "LF program, CRLF answer", response: crlf(ONE + IMPORT), expect: BOTH_DONE },
    { name: "both CRLF", program: crlf(PYTHON), response: crlf(ONE), expect: crlf(ONE_DONE) },
    {
      name: "mixed line ends: new lines as the replaced ones",
      program: "a\r\nb\nc\r\nd\n",
      response: block("b", "x\ny") + block("c", "z\nw"),
      expect: "a\r\nx\ny\nz\r\nw\r\nd\n",
    },
    {
      name: "mixed line ends: kept context keeps its own",
      program: "a\r\nb\nc\r\n",
      response: block("a\nb\nc", "a\nx\nc"),
      expect: "a\r\nx\nc\r\n",
    },
    {
      name: "mixed line ends: insertion as the line before",
      program: "a\r\nb\n",
      response: block("a\nb", "a\nx\nb"),
      expect: "a\r\nx\r\nb\n",
    },
    {
      name: "no final line end stays so",
      program: PYTHON.trimEnd(),
      response: block("main()", "main()\nmain()"),
      expect: `${PYTHON}main()`,
    },
    {
      name: "no final line end, CRLF",
      program: "a\r\nb",
      response: block("b", "c\nd"),
      expect: "a\r\nc\r\nd",
    },
    {
      name: "final line end stays when the last line goes",
      program: "a\nb\n",
      response: block("b", ""),
      expect: "a\n",
    },
    {
      name: "several final line ends stay",
      program: `${PYTHON}\n\n`,
      response: ONE,
      expect: `${ONE_DONE}\n\n`,
    },
    {
      name: "byte order mark stays first",
      program: `\uFEFF${PYTHON}`,
      response: IMPORT,
      expect: `\uFEFFimport os\n${PYTHON}`,
    },
    {
      name: "byte order mark quoted in both texts",
      program: `\uFEFF${PYTHON}`,
      response: block("\uFEFFimport sys", "\uFEFFimport os"),
      expect: `\uFEFF${PYTHON.replace("import sys", "import os")}`,
    },
    {
      name: "byte order mark in SEARCH only",
      response: block("\uFEFFimport sys", "import os"),
      expect: PYTHON.replace("import sys", "import os"),
    },
    { name: "byte order mark before the answer", response: `\uFEFF${ONE}`, expect: ONE_DONE },
    {
      name: "U+2028, U+0085, form feed and lone CR are text",
      program: 'a = "\u2028\u0085"\n\f\nb = "x\ry"\n',
      response: block('a = "\u2028\u0085"', 'a = "\u2029"') + block('b = "x\ry"', 'b = "\r"'),
      expect: 'a = "\u2029"\n\f\nb = "\r"\n',
    },
    {
      name: "a form feed line is not an empty line to skip",
      program: "a\n\f\nb\n",
      response: block("a\n\nb", "c"),
      expect: { reason: "no_match" },
    },
    {
      name: "decomposed letters stay",
      program: "n\u0303 = 1\nb = 2\n",
      response: block("b = 2", "b = 3"),
      expect: "n\u0303 = 1\nb = 3\n",
    },
    {
      name: "NUL and lone surrogates stay",
      program: "a\u0000b\n\uD800\nc\n",
      response: block("c", "d"),
      expect: "a\u0000b\n\uD800\nd\n",
    },
    {
      name: "typographic quotes stay",
      program: "print(\u201Ca\u201D)\nb\n",
      response: block("b", "print(\u2018c\u2019)"),
      expect: "print(\u201Ca\u201D)\nprint(\u2018c\u2019)\n",
    },
  ],
  "literal REPLACE": [
    {
      name: "dollar patterns",
      response: block(TOTAL, "                total += '$&$1$$$`$\\''"),
      expect: edited(PYTHON, TOTAL, "                total += '$&$1$$$`$\\''"),
    },
    {
      name: "backslashes and entities",
      response: block(TOTAL, "                total += '\\1\\n\\\\ &lt;&amp;'"),
      expect: edited(PYTHON, TOTAL, "                total += '\\1\\n\\\\ &lt;&amp;'"),
    },
    {
      name: "blanks at line ends",
      response: block(TOTAL, "                total += 2  \n                total += 3\t"),
      expect: edited(PYTHON, TOTAL, "                total += 2  \n                total += 3\t"),
    },
    {
      name: "SEARCH with characters of patterns",
      program: "a = r'(\\d+)[$^.*]'\nb\n",
      response: block("a = r'(\\d+)[$^.*]'", "a = 1"),
      expect: "a = 1\nb\n",
    },
  ],
  elision: [
    ...[
      "# ... rest of the function unchanged ...",
      "# existing code here ...",
      "# ...",
      "// ... existing code ...",
      "# rest of the code remains the same",
      "# … remaining methods …",
      "/* ... */",
      "# ... (same as before)",
      "... rest of the code ...",
    ].map((note) => ({
      name: `REPLACE adds ${note}`,
      response: block(LOOP, `        for j in range(i):\n            ${note}`),
      expect: { reason: "malformed" as const, block: 1, says: [note] },
    })),
    {
      name: "bare ... in place of a body",
      response: block(LOOP, "        for j in range(i + 1, len(values)):\n            ..."),
      expect: { reason: "malformed" },
    },
    {
      name: "bare ... between statements",
      response: block(LOOP, "        x = 1\n        ...\n        y = 2"),
      expect: { reason: "malformed" },
    },
    {
      name: "bare ... in another language",
      program: GO,
      language: "golang",
      response: block("\t\ttotal += i", "\t\ttotal += i\n\t\t..."),
      expect: { reason: "malformed" },
    },
    {
      name: "stub bodies are code",
      response: block("def main():", "class Shape:\n    def area(self):\n        ...\n\n\ndef main():"),
      expect: edited(
        PYTHON,
        "def main():",
        "class Shape:\n    def area(self):\n        ...\n\n\ndef main():",
      ),
    },
    {
      name: "a placeholder that SEARCH quotes is the program's",
      program: "a = 1\n# ... existing code ...\nb = 2\n",
      response: block("a = 1\n# ... existing code ...", "a = 3\n# ... existing code ..."),
      expect: "a = 3\n# ... existing code ...\nb = 2\n",
    },
    ...[
      "# keep the rest of the queue sorted",
      "# wait for more...",
      "# the remaining values are equal",
      "call(*args, ...)",
      "# previous value",
    ].map((line) => ({
      name: `${line} is code`,
      response: block(TOTAL, `                ${line}\n                total += 2`),
      expect: edited(PYTHON, TOTAL, `                ${line}\n                total += 2`),
    })),
    {
      name: "spread operators are code",
      program: JAVASCRIPT,
      language: "javascript",
      response: block("    total += i;", "    total = Math.max(...rest,\n      ...other);"),
      expect: edited(JAVASCRIPT, "    total += i;", "    total = Math.max(...rest,\n      ...other);"),
    },
    {
      name: "placeholder in a whole program",
      mode: "direct",
      response: fence(
        "python",
        FASTER_PYTHON.replace("    data = sys.stdin.read().split()\n", "    # ... existing code ...\n"),
      ),
      expect: { reason: "malformed" },
    },
  ],
  "whole program": [
    { name: "one fence", mode: "direct", response: fence("python", FASTER_PYTHON), expect: FASTER_PYTHON },
    ...[
      "python3",
      "py",
      "Python",
      "PYTHON",
      'python title="a.py" {1-3}',
      "{.python}",
      "python:solve.py",
      "solve.py",
      "python3.11",
      "",
      "code",
    ].map((info) => ({
      name: `info string '${info}'`,
      mode: "direct" as const,
      response: fence(info, FASTER_PYTHON),
      expect: FASTER_PYTHON,
    })),
    ...(
      [
        ["cpp", CPP, "i < n", "i < n + 0", ["cpp", "c++", "C++", "cc", "cxx", "c++17", "main.cpp"]],
        ["java", JAVA, "i < n", "i <= n", ["java", "Java", "Main.java"]],
        ["javascript", JAVASCRIPT, "i < n", "i <= n", ["javascript", "js", "node", "JavaScript", "mjs"]],
        ["golang", GO, "i < n", "i <= n", ["go", "golang", "Go", "main.go"]],
        ["ruby", RUBY, "total += i", "total += i + 0", ["ruby", "rb", "Ruby"]],
      ] as const
    ).flatMap(([language, program, from, to, infos]) =>
      infos.map((info) => ({
        name: `${language} in '${info}'`,
        mode: "direct" as const,
        language,
        program,
        response: fence(info, program.replace(from, to)),
        expect: program.replace(from, to),
      })),
    ),
    {
      name: "tildes",
      mode: "direct",
      response: fence("python", FASTER_PYTHON, "~~~"),
      expect: FASTER_PYTHON,
    },
    {
      name: "longer fence around shorter ones",
      mode: "direct",
      response: fence(
        "python",
        FASTER_PYTHON.replace("import sys\n", 'import sys\n"""\n```\nx\n```\n"""\n'),
        "````",
      ),
      expect: FASTER_PYTHON.replace("import sys\n", 'import sys\n"""\n```\nx\n```\n"""\n'),
    },
    {
      name: "deeply indented inner fence is text",
      mode: "direct",
      response: fence(
        "python",
        FASTER_PYTHON.replace(
          "    total = 0\n",
          '    """\n    ```\n    x\n    ```\n    """\n    total = 0\n',
        ),
      ),
      expect: FASTER_PYTHON.replace(
        "    total = 0\n",
        '    """\n    ```\n    x\n    ```\n    """\n    total = 0\n',
      ),
    },
    {
      name: "inner fence that ends the outer one",
      mode: "direct",
      response: fence("python", FASTER_PYTHON.replace("import sys\n", 'import sys\n"""\n```\nx\n```\n"""\n')),
      expect: { reason: "no_blocks" },
    },
    {
      name: "fence in a list item",
      mode: "direct",
      response: `1. So:\n\n${indent(fence("python", FASTER_PYTHON), "    ")}`,
      expect: FASTER_PYTHON,
    },
    ...["bash", "sh", "shell", "console", "text", "output", "diff", "json", "java"].map((info) => ({
      name: `a ${info} fence behind`,
      mode: "direct" as const,
      response: `${fence("python", FASTER_PYTHON)}\nRun:\n${fence(info, "main()\nprint(1)")}`,
      expect: FASTER_PYTHON,
    })),
    {
      name: "last of two versions",
      mode: "direct",
      response: `${fence("python", PYTHON.replace("total = 0", "total = 1"))}Better:\n${fence("python", FASTER_PYTHON)}`,
      expect: FASTER_PYTHON,
    },
    {
      name: "an excerpt behind",
      mode: "direct",
      response: `${fence("python", FASTER_PYTHON)}The point is\n${fence("python", "    seen = {}\n    for value in values:")}`,
      expect: FASTER_PYTHON,
    },
    {
      name: "a function as an excerpt behind",
      mode: "direct",
      response: `${fence("python", FASTER_PYTHON)}The point is\n${fence("python", FASTER_PYTHON.slice(12, FASTER_PYTHON.indexOf("def main")))}`,
      expect: FASTER_PYTHON,
    },
    {
      name: "the original quoted behind",
      mode: "direct",
      response: `${fence("python", FASTER_PYTHON)}Before:\n${fence("python", PYTHON)}`,
      expect: FASTER_PYTHON,
    },
    {
      name: "only an excerpt",
      mode: "direct",
      response: fence("python", "def pairs(values, target):\n    return 0"),
      expect: { reason: "no_blocks" },
    },
    {
      name: "only the end of a program",
      mode: "direct",
      response: fence("python", PYTHON.slice(PYTHON.indexOf("def main"))),
      expect: { reason: "no_blocks" },
    },
    {
      name: "unlabelled program cut in two by an inner fence",
      mode: "direct",
      response: fence("", FASTER_PYTHON.replace("import sys\n", 'import sys\n"""\n```\nx\n```\n"""\n')),
      expect: { reason: "no_blocks" },
    },
    {
      name: "own version of a built-in given up",
      mode: "direct",
      program: "import sys\n\n\ndef input():\n    return sys.stdin.readline()\n\n\nprint(int(input()) + 1)\n",
      response: fence("python", "print(int(input()) - -1)"),
      expect: "print(int(input()) - -1)\n",
    },
    {
      name: "a recursion limit given up",
      mode: "direct",
      program:
        "import sys\nsys.setrecursionlimit(9999)\n\n\nclass Solution:\n    def f(self, n):\n        return n and n + self.f(n - 1)\n",
      response: fence("python", "class Solution:\n    def f(self, n):\n        return n * (n + 1) // 2"),
      expect: "class Solution:\n    def f(self, n):\n        return n * (n + 1) // 2\n",
    },
    {
      name: "a prototype that becomes a class",
      mode: "direct",
      language: "javascript",
      program:
        "var Stack = function() {\n  this.a = [];\n};\nStack.prototype.push = function(x) {\n  this.a.push(x);\n};\n",
      response: fence(
        "js",
        "class Stack {\n  constructor() { this.a = []; }\n  push(x) { this.a.push(x); }\n}",
      ),
      expect: "class Stack {\n  constructor() { this.a = []; }\n  push(x) { this.a.push(x); }\n}\n",
    },
    {
      name: "only a method of a class",
      mode: "direct",
      program: "class Solution:\n    def f(self, n):\n        return sum(range(n))\n",
      response: fence("python", "    def f(self, n):\n        return 0"),
      expect: { reason: "no_blocks" },
    },
    {
      name: "only a shell fence",
      mode: "direct",
      response: fence("bash", "python solve.py"),
      expect: { reason: "no_blocks" },
    },
    {
      name: "only another language",
      mode: "direct",
      response: fence("java", JAVA),
      expect: { reason: "no_blocks" },
    },
    {
      name: "unlabelled sample output behind an unlabelled program",
      mode: "direct",
      response: `${fence("", FASTER_PYTHON)}prints\n${fence("", "3\n4 5")}`,
      expect: FASTER_PYTHON,
    },
    {
      name: "open fence",
      mode: "direct",
      response: fence("python", FASTER_PYTHON).slice(0, -4),
      expect: { reason: "truncated" },
    },
    {
      name: "open fence in the middle of the code",
      mode: "direct",
      response: `\`\`\`python\n${FASTER_PYTHON.slice(0, 150)}`,
      expect: { reason: "truncated" },
    },
    {
      name: "a second version cut off",
      mode: "direct",
      response: `${fence("python", FASTER_PYTHON)}Better:\n\`\`\`python\nimport sys\n`,
      expect: { reason: "truncated" },
    },
    {
      name: "a shell example cut off",
      mode: "direct",
      response: `${fence("python", FASTER_PYTHON)}Run:\n\`\`\`bash\npython sol`,
      expect: FASTER_PYTHON,
    },
    {
      name: "prose cut off",
      mode: "direct",
      response: `${fence("python", FASTER_PYTHON)}This is fas`,
      expect: FASTER_PYTHON,
    },
    { name: "empty fence", mode: "direct", response: fence("python", "\n"), expect: { reason: "no_blocks" } },
    { name: "prose only", mode: "direct", response: "Use a dictionary.", expect: { reason: "no_blocks" } },
    {
      name: "blocks where a program is wanted",
      mode: "direct",
      response: fence("python", ONE),
      expect: { reason: "no_blocks" },
    },
    {
      name: "a diff where a program is wanted",
      mode: "direct",
      response: fence("python", "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-import sys\n+import os"),
      expect: { reason: "no_blocks" },
    },
    {
      name: "CRLF program",
      mode: "direct",
      program: crlf(PYTHON),
      response: fence("python", FASTER_PYTHON),
      expect: crlf(FASTER_PYTHON),
    },
    {
      name: "CRLF answer",
      mode: "direct",
      response: crlf(fence("python", FASTER_PYTHON)),
      expect: FASTER_PYTHON,
    },
    {
      name: "no final line end stays so",
      mode: "direct",
      program: PYTHON.trimEnd(),
      response: fence("python", FASTER_PYTHON),
      expect: FASTER_PYTHON.trimEnd(),
    },
    {
      name: "byte order mark stays",
      mode: "direct",
      program: `\uFEFF${PYTHON}`,
      response: fence("python", FASTER_PYTHON),
      expect: `\uFEFF${FASTER_PYTHON}`,
    },
    {
      name: "first program of a task",
      mode: "direct",
      program: "# The program is not written yet\n",
      response: fence("python", FASTER_PYTHON),
      expect: FASTER_PYTHON,
    },
    {
      name: "wrapper lines around it",
      mode: "direct",
      response: fence("python", `# EVOLVE-BLOCK-START\n${FASTER_PYTHON}# EVOLVE-BLOCK-END\n`),
      expect: FASTER_PYTHON,
    },
    {
      name: "a class that stays a class",
      mode: "direct",
      program: "class Solution:\n    def f(self, n):\n        return sum(range(n))\n",
      response: fence("python", "class Solution:\n    def f(self, n):\n        return n * (n - 1) // 2\n"),
      expect: "class Solution:\n    def f(self, n):\n        return n * (n - 1) // 2\n",
    },
    {
      name: "a program whose text is the format, direct",
      mode: "direct",
      program: FORMAT_OWNER,
      response: fence("python", FORMAT_OWNER.replace("LIMIT = 10", "LIMIT = 20"), "````"),
      expect: FORMAT_OWNER.replace("LIMIT = 10", "LIMIT = 20"),
    },
    {
      name: "whole program where blocks are wanted",
      response: fence("python", FASTER_PYTHON),
      expect: FASTER_PYTHON,
    },
    {
      name: "excerpt where blocks are wanted",
      response: fence("python", "    total = 1"),
      expect: { reason: "no_blocks" },
    },
  ],
  "unified diffs": [
    {
      name: "one hunk in a fence",
      response: fence(
        "diff",
        "--- a/solve.py\n+++ b/solve.py\n@@ -7,5 +7,5 @@\n             if values[i] + values[j] == target:\n-                total += 1\n+                total += 2\n     return total",
      ),
      expect: ONE_DONE,
    },
    {
      name: "wrong line numbers",
      response: fence(
        "diff",
        "--- a\n+++ b\n@@ -700,2 +700,9 @@ def x\n-                total += 1\n+                total += 2",
      ),
      expect: ONE_DONE,
    },
    {
      name: "two hunks",
      response: fence(
        "diff",
        "--- a\n+++ b\n@@ -1,2 +1,3 @@\n+import os\n import sys\n \n@@ -9,1 +10,1 @@\n-                total += 1\n+                total += 2",
      ),
      expect: BOTH_DONE,
    },
    {
      name: "no hunk header",
      response: fence("diff", "--- a\n+++ b\n-                total += 1\n+                total += 2"),
      expect: ONE_DONE,
    },
    {
      name: "without a fence",
      response: "--- a\n+++ b\n@@ -9 +9 @@\n-                total += 1\n+                total += 2\n",
      expect: ONE_DONE,
    },
    {
      name: "blank context lines without their blank",
      response: fence(
        "diff",
        "@@ -1,4 +1,4 @@\n-import sys\n+import os, sys\n\n\n def pairs(values, target):",
      ),
      expect: PYTHON.replace("import sys", "import os, sys"),
    },
    {
      name: "an apply_patch envelope",
      response:
        "*** Begin Patch\n*** Update File: solve.py\n@@\n-                total += 1\n+                total += 2\n*** End Patch\n",
      expect: ONE_DONE,
    },
    {
      name: "one hunk that does not match",
      response: fence(
        "diff",
        "@@ -1 +1 @@\n-import sys\n+import os\n@@ -5 +5 @@\n-    nothing = 0\n+    x = 1",
      ),
      expect: { reason: "no_match", block: 2 },
    },
    {
      name: "ambiguous hunk",
      program: TWINS,
      response: fence("diff", "@@ -4 +4 @@\n-        acc = 0\n+        acc = 1"),
      expect: { reason: "ambiguous", block: 1 },
    },
    {
      name: "lines without a place",
      response: fence("diff", "@@ -0,0 +1 @@\n+import os"),
      expect: { reason: "malformed", block: 1 },
    },
    {
      name: "cut off",
      response: "```diff\n@@ -1 +1 @@\n-import sys\n+import o",
      expect: { reason: "truncated" },
    },
    {
      name: "no newline marker",
      response: fence(
        "diff",
        "@@ -18 +18 @@\n-main()\n\\ No newline at end of file\n+main()  # run\n\\ No newline at end of file",
      ),
      expect: `${PYTHON.slice(0, -7)}main()  # run\n`,
    },
    {
      name: "blocks win over an illustration",
      response: `${fence("diff", "@@ -1 +1 @@\n-import sys\n+import os")}${ONE}`,
      expect: ONE_DONE,
    },
  ],
  "no answer": [
    { name: "empty", response: "", expect: { reason: "no_blocks" } },
    { name: "blank", response: "\n \n\t\n", expect: { reason: "no_blocks" } },
    { name: "refusal", response: "I'm sorry, but I can't help with that.", expect: { reason: "no_blocks" } },
    {
      name: "tool call",
      response: fence("json", '{"old_string": "a", "new_string": "b"}'),
      expect: { reason: "no_blocks" },
    },
  ],
  "formats of other tools": [
    {
      name: "ORIGINAL and UPDATED",
      response: ONE.replace("SEARCH", "ORIGINAL").replace("REPLACE", "UPDATED"),
      expect: ONE_DONE,
    },
    {
      name: "dashes and pluses",
      response: ONE.replace("<<<<<<<", "-------").replace(">>>>>>>", "+++++++"),
      expect: ONE_DONE,
    },
    {
      name: "a line number above SEARCH",
      response: ONE.replace("SEARCH\n", "SEARCH\n:start_line:9\n-------\n"),
      expect: ONE_DONE,
    },
    { name: "head sent twice", response: `<<<<<<< SEARCH\n${ONE}`, expect: ONE_DONE },
  ],
};
