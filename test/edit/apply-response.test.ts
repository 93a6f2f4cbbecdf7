import { describe, expect, test } from "bun:test";
import { applyResponse } from "../../src/edit/index.ts";
import { CASES } from "./cases.ts";
import { PYTHON } from "./programs.ts";

for (const [group, cases] of Object.entries(CASES)) {
  describe(`applyResponse() ${group}`, () => {
    for (const {
      name,
      program = PYTHON,
      response,
      mode = "diff",
      language = "python3",
      expect: wanted,
    } of cases) {
      test(name, () => {
        const outcome = applyResponse(program, response, { mode, language });
        if (typeof wanted === "string") {
          expect(outcome.status === "applied" ? outcome.program : outcome).toEqual(wanted);
          return;
        }
        if (outcome.status === "applied") throw new Error(`Applied:\n${outcome.program}`);
        expect({ reason: outcome.reason, block: outcome.block }).toEqual({
          reason: wanted.reason,
          block: wanted.block ?? outcome.block,
        });
        for (const word of wanted.says ?? []) expect(outcome.message).toContain(word);
        expect(outcome.feedback).toContain(outcome.message);
      });
    }
  });
}
