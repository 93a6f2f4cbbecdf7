/** Python sources of the built-in checkers: `evaluate(expected_output, program_output) -> bool`. Pure. */

/**
 * `tokens`: the same words, whatever the blanks and line ends between them. `exact`: the same text, but for blanks
 * around the whole and the kind of line end. `floats`: as tokens, numbers within a tolerance.
 */
export type BuiltInChecker = "tokens" | "exact" | "floats";

export const BUILT_IN_CHECKERS: readonly BuiltInChecker[] = ["tokens", "exact", "floats"];

/** Absolute or relative; the usual one of contests that print real numbers. */
export const DEFAULT_FLOAT_TOLERANCE = 1e-6;

/** The source of a built-in checker. `floatTolerance` is for `floats` only. */
export function checkerSource(checker: BuiltInChecker, floatTolerance = DEFAULT_FLOAT_TOLERANCE): string {
  switch (checker) {
    case "tokens":
      return TOKENS;
    case "exact":
      return EXACT;
    case "floats":
      return FLOATS.replace("@TOLERANCE@", () => String(floatTolerance));
  }
}

// --- internal ---

const TOKENS = `def evaluate(expected_output: str, program_output: str) -> bool:
    return expected_output.split() == program_output.split()
`;

// The text around the answer cannot count: outputs are trimmed before they are judged.
const EXACT = `def evaluate(expected_output: str, program_output: str) -> bool:
    def normalize(text):
        return text.replace("\\r\\n", "\\n").strip()

    return normalize(expected_output) == normalize(program_output)
`;

// Whole numbers are compared exactly: as floating-point numbers, 10000000 and 10000001 would be within the tolerance.
const FLOATS = `import math
import re
from decimal import Decimal

TOLERANCE = @TOLERANCE@
INTEGER = re.compile(r"[+-]?[0-9]+")
NUMBER = re.compile(r"[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?")


def same(expected, actual):
    if expected == actual:
        return True
    if INTEGER.fullmatch(expected) and INTEGER.fullmatch(actual):
        return Decimal(expected) == Decimal(actual)
    if not (NUMBER.fullmatch(expected) and NUMBER.fullmatch(actual)):
        return False
    return math.isclose(float(expected), float(actual), rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def evaluate(expected_output: str, program_output: str) -> bool:
    expected, actual = expected_output.split(), program_output.split()
    return len(expected) == len(actual) and all(map(same, expected, actual))
`;
