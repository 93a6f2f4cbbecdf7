/**
 * Splits a text into its lines, without their ends. Only `\n` and `\r\n` end a line: a lone `\r`, a form feed or U+2028
 * are text. A line end at the very end of the text does not begin another line.
 */
export function splitLines(text: string): string[] {
  const lines = text.split("\n");
  const last = lines.length - 1;
  if (lines[last] === "") lines.pop();
  for (let index = 0; index < Math.min(last, lines.length); index++) {
    const line = lines[index] ?? "";
    if (line.endsWith("\r")) lines[index] = line.slice(0, -1);
  }
  return lines;
}

/** Whether a line holds nothing but blanks (spaces and tabs). */
export function isBlank(line: string): boolean {
  return indentLength(line) === line.length;
}

/** Number of blanks that a line begins with. */
export function indentLength(line: string): number {
  let length = 0;
  while (length < line.length && isBlankCode(line.charCodeAt(length))) length++;
  return length;
}

/** The blanks that a line begins with. */
export function indentOf(line: string): string {
  return line.slice(0, indentLength(line));
}

/** A line without the blanks at its end. */
export function trimLineEnd(line: string): string {
  let end = line.length;
  while (end > 0 && isBlankCode(line.charCodeAt(end - 1))) end--;
  return end === line.length ? line : line.slice(0, end);
}

/** A line without the blanks on either side. */
export function trimLine(line: string): string {
  return trimLineEnd(line.slice(indentLength(line)));
}

/** Number of blank lines that a list of lines begins with. */
export function leadingBlankLines(lines: readonly string[]): number {
  let count = 0;
  while (count < lines.length && isBlank(lines[count] ?? "")) count++;
  return count;
}

/** Number of blank lines that a list of lines ends with. */
export function trailingBlankLines(lines: readonly string[]): number {
  let count = 0;
  while (count < lines.length && isBlank(lines[lines.length - 1 - count] ?? "")) count++;
  return count;
}

/** Whether two lists hold the same lines. */
export function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}

/** Whether a character is a blank: a space or a tab. */
export function isBlankCode(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Byte order mark: U+FEFF at the very beginning of a file. */
export const BOM = "\uFEFF";

// --- internal ---

const TAB = 0x09;
const SPACE = 0x20;
