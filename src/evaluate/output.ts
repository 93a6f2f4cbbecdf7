/** What a program printed, made ready for judging and for showing. Pure. */

/** Bytes of a stream that results and prompts may hold. */
export const SHOWN_BYTES = 64 * 1024;

/** Decodes bytes that a program printed; bytes that are not UTF-8 become U+FFFD. */
export function decodeOutput(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** The beginning of a stream as text. */
export function shownOutput(bytes: Uint8Array, truncated: boolean): { text: string; truncated: boolean } {
  return {
    text: decodeOutput(bytes.subarray(0, SHOWN_BYTES)),
    truncated: truncated || bytes.length > SHOWN_BYTES,
  };
}

/**
 * The text that is judged, expected and printed alike, as EffiBench-X cleans it: no ANSI escapes, LF line ends, no
 * blanks around it (what Python's `strip` calls blank).
 */
export function cleanOutput(text: string): string {
  const plain = text.replace(ANSI_ESCAPE, "").replace(/\r?\r\n/g, "\n");
  let start = 0;
  let end = plain.length;
  while (start < end && BLANK.test(plain[start] ?? "")) start += 1;
  while (end > start && BLANK.test(plain[end - 1] ?? "")) end -= 1;
  return plain.slice(start, end);
}

/** What a program reads: an empty input becomes one newline, as in EffiBench-X, so that one line can be read. */
export function programInput(input: string): string {
  return input === "" ? "\n" : input;
}

// --- internal ---

/** ECMA-48: a control sequence (colours, cursor) or a two-character escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked for
const ANSI_ESCAPE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])/g;

/** `str.isspace` of Python: unlike JavaScript's, with the separators U+001C to U+001F and U+0085, without U+FEFF. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const BLANK = /[\t-\r\u001c- \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
