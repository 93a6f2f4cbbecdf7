import { describe, expect, test } from "bun:test";
import { renderCsv } from "../../src/lib/table/csv.ts";
import { renderLatex } from "../../src/lib/table/latex.ts";
import { formatNumber, type Table } from "../../src/lib/table/table.ts";
import { renderTextTable } from "../../src/lib/table/text.ts";

const table: Table = {
  title: "Runs of 50 %",
  columns: [
    { key: "task_name", label: "task", align: "left" },
    { key: "speed_up", label: "speed-up", align: "right", decimals: 2 },
    { key: "runtime", label: "s", align: "right" },
  ],
  rows: [
    ["a_1", 1.5, 0.000012345],
    ['横浜 "x", y', null, 123456.7],
    ["line\nbreak \u001b[31mred\u001b[0m", 10, 0.41234],
  ],
  notes: ["A note."],
};

describe("tables", () => {
  test("renderTextTable() aligns by columns on the screen and keeps a row on its line", () => {
    expect(renderTextTable(table)).toMatchInlineSnapshot(`
      "Runs of 50 %

      task            speed-up         s
      ──────────────  ────────  ────────
      a_1                 1.50  1.234e-5
      横浜 "x", y            –    123457
      line break red     10.00    0.4123

      A note.
      "
    `);
  });

  test("renderCsv() quotes, keeps full numbers and leaves missing values empty", () => {
    expect(renderCsv(table)).toBe(
      "task_name,speed_up,runtime\n" +
        "a_1,1.5,0.000012345\n" +
        '"横浜 ""x"", y",,123456.7\n' +
        '"line\nbreak \u001b[31mred\u001b[0m",10,0.41234\n',
    );
  });

  test("renderLatex() escapes what LaTeX reads as commands", () => {
    expect(renderLatex(table)).toMatchInlineSnapshot(`
      "% needs \\usepackage{booktabs}
      % A note.
      \\begin{table}
        \\centering
        \\caption{Runs of 50 \\%}
        \\begin{tabular}{lrr}
          \\toprule
          task & speed-up & s \\\\
          \\midrule
          a\\_1 & 1.50 & 1.234e-5 \\\\
          横浜 "x", y & -- & 123457 \\\\
          line break \x1B[31mred\x1B[0m & 10.00 & 0.4123 \\\\
          \\bottomrule
        \\end{tabular}
      \\end{table}
      "
    `);
    const nasty = { ...table, rows: [["\\input{/etc/x} $a$ #1 ~^<>", 1, 1]] };
    expect(renderLatex(nasty)).toContain(
      "\\textbackslash{}input\\{/etc/x\\} \\$a\\$ \\#1 \\textasciitilde{}\\textasciicircum{}\\textless{}\\textgreater{}",
    );
  });

  test.each([
    [0, "0"],
    [0.5, "0.5"],
    [0.123456, "0.1235"],
    [999.96, "1000"],
    [123456.7, "123457"],
    [0.00001234, "1.234e-5"],
    [-1.23456, "-1.235"],
  ])("formatNumber() writes %p as %p", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});
