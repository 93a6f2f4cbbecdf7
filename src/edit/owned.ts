import { trimLine } from "./lines.ts";

/**
 * Tells whether the program holds a line with the same text, blanks at its sides aside: then the line is code, whatever
 * it looks like.
 */
export type Owns = (line: string) => boolean;

/** The lines of a program, gathered when the first one is asked for: most answers ask for none. */
export function ownedLines(program: () => readonly string[]): Owns {
  let lines: Set<string> | null = null;
  return (line) => {
    lines ??= new Set(program().map(trimLine));
    return lines.has(trimLine(line));
  };
}
