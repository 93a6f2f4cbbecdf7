/** Whether a text is a number in decimal digits: "12", "-.5", "1e-3"; not "0x10", "1_000" or "Infinity". */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

// --- internal ---

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
