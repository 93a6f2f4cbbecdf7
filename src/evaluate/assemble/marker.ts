/** The line of a runner that the solution replaces. Pure. */

const MARKER = "==Code Submission==";

/** True when a runner says where the solution goes. */
export function hasMarker(runner: string): boolean {
  return runner.includes(MARKER);
}

/** Puts the solution in place of the first marker's whole line. */
export function fillMarker(runner: string, solution: string): string {
  const lines = runner.split("\n");
  const line = lines.findIndex((text) => text.includes(MARKER));
  if (line < 0) return `${runner}\n${solution}`;
  lines[line] = solution;
  return lines.join("\n");
}

/** Blanks before the first marker, as they stand in its line. */
export function markerIndentation(runner: string): string {
  const line = runner.split("\n").find((text) => text.includes(MARKER));
  return /^[ \t]*/.exec(line ?? "")?.[0] ?? "";
}
