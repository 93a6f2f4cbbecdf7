// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are what is tested.
import { expect, test } from "bun:test";
import { expandVariables } from "../../src/config/expand.ts";

const SET: Readonly<Record<string, string>> = { NAME: "value", EMPTY: "", DOLLAR: "$&${NAME}" };
const lookup = (name: string) => (Object.hasOwn(SET, name) ? SET[name] : undefined);

const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ["plain", "plain", []],
  ["${NAME}", "value", []],
  ["a${NAME}b${NAME}", "avaluebvalue", []],
  ["${NONE}", "${NONE}", ["NONE"]],
  ["${NONE}${OTHER}", "${NONE}${OTHER}", ["NONE", "OTHER"]],
  ["${NONE:-default}", "default", []],
  ["${NONE:-}", "", []],
  ["${NAME:-default}", "value", []],
  ["${EMPTY}", "", []],
  ["${EMPTY:-default}", "default", []],
  ["${NONE:-a:-b c}", "a:-b c", []],
  ["$${NAME}", "${NAME}", []],
  ["$NAME", "$NAME", []],
  ["${}", "${}", []],
  ["${a + b}", "${a + b}", []],
  ["${1X}", "${1X}", []],
  ["${toString}", "${toString}", ["toString"]],
  ["${DOLLAR}", "$&${NAME}", []],
];

for (const [text, result, unset] of CASES) {
  test(`expandVariables() of ${text}`, () => {
    expect(expandVariables(text, lookup)).toMatchObject({ text: result, unset: [...unset] });
  });
}
