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

/** The text that is judged, as EffiBench-X cleans it: no ANSI escapes, LF line ends, no blanks around it. */
export function cleanOutput(text: string): string {
  return text.replace(ANSI_ESCAPE, "").replaceAll("\r\n", "\n").trim();
}

/** What a program reads: an empty input becomes one newline, as in EffiBench-X, so that one line can be read. */
export function programInput(input: string): string {
  return input === "" ? "\n" : input;
}

// --- internal ---

/** ECMA-48: a control sequence (colours, cursor) or a two-character escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked for
const ANSI_ESCAPE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])/g;
