/** One line of `perfagent doctor`, and how lines are printed. Pure. */

/** `degraded` works with less than could be had; `missing` does not work. */
export type CheckStatus = "ok" | "degraded" | "missing";

export interface Check {
  /** Heading that it is listed under. */
  readonly section: string;
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found. */
  readonly detail: string;
  /** What to do about it; empty when nothing is to be done. */
  readonly advice: string;
}

/** The report for a person: a heading per section, a line per check, advice under it. */
export function renderChecks(checks: readonly Check[]): string {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const lines: string[] = [];
  let section = "";
  for (const check of checks) {
    if (check.section !== section) lines.push(...(section === "" ? [] : [""]), check.section);
    section = check.section;
    lines.push(
      `  ${check.status.padEnd(STATUS_WIDTH)}  ${check.name.padEnd(nameWidth)}  ${check.detail}`.trimEnd(),
    );
    if (check.advice !== "") lines.push(`${" ".repeat(STATUS_WIDTH + 4)}→ ${check.advice}`);
  }
  return `${lines.join("\n")}\n`;
}

/** The worst of the statuses. */
export function worstStatus(checks: readonly Check[]): CheckStatus {
  if (checks.some(({ status }) => status === "missing")) return "missing";
  return checks.some(({ status }) => status === "degraded") ? "degraded" : "ok";
}

// --- internal ---

const STATUS_WIDTH = "degraded".length;
