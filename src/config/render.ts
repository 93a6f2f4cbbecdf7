/** Texts generated from the schema: the commented example file and the README's table. */
import { KEYS, type Key, wanted } from "./keys.ts";

/** A complete configuration file with every key at its default, each with its meaning. */
export function exampleYaml(): string {
  const lines = [HEADER];
  let section = "";
  for (const key of topLevelFirst()) {
    const parent = key.path.slice(0, -1).join(".");
    const indent = parent === "" ? "" : "  ";
    if (parent !== section) lines.push("", `${parent}:`);
    else if (parent === "") lines.push("");
    section = parent;
    lines.push(...wrap(`${key.text}.${accepted(key)}`, `${indent}# `));
    if (key.example !== undefined) lines.push(`${indent}# For example: ${flow(key.example)}`);
    lines.push(`${indent}${key.path.at(-1)}: ${flow(key.fallback)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** The table of all keys for the README, in Markdown. */
export function markdownTable(): string {
  const rows = KEYS.map((key) => [
    [key.name, ...key.flat.filter((flat) => flat !== key.name)].map(code).join(" "),
    key.flags.map((flag) => code(`--${flag}`)).join(" "),
    code(flow(key.fallback)),
    `${key.text}${key.unit === undefined ? "" : ` (${key.unit})`}`,
  ]);
  const lines = [["Key (nested, flat)", "Flag", "Default", "Meaning"], ["---", "---", "---", "---"], ...rows];
  return `${lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n")}\n`;
}

// --- internal ---

/** `\${` keeps a template string from filling it in. */
const HEADER = `\
# Every configuration key of perfagent at its default. Keep only what you change.
#
# A value may hold \${NAME} or \${NAME:-default}, taken from the environment or a .env file beside this file or in the
# current directory; $\${ stands for \${ itself. Keys with a short spelling may also stand at the top (num_runs: 5).
# Stronger than this file: environment variables (PERFAGENT_MAX_ITERATIONS, PERFAGENT_MODEL__NAME), then flags.`;

/** Longest line of a comment. */
const COMMENT_COLUMNS = 110;

/** A key below a section must not follow as if it were inside of it. */
function topLevelFirst(): Key[] {
  const top = KEYS.filter((key) => key.path.length === 1);
  return [...top, ...KEYS.filter((key) => key.path.length > 1)];
}

function accepted(key: Key): string {
  if (key.kind === "boolean" || key.kind === "string" || key.kind === "list") {
    return key.flat.length === 0 || key.path.length === 1 ? "" : ` Also: ${key.flat.join(", ")}`;
  }
  const words = wanted(key);
  const also = key.flat.length === 0 || key.path.length === 1 ? "" : `; also: ${key.flat.join(", ")}`;
  return ` ${words.charAt(0).toUpperCase()}${words.slice(1)}${also}`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A value as YAML in one line; JSON is YAML, and bare words are easier to read. */
function flow(value: unknown): string {
  if (typeof value === "string") return /^[A-Za-z][\w.-]*$/.test(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([name, inner]) => `${name}: ${flow(inner)}`)
      .join(", ")}}`;
  }
  return String(value);
}

function wrap(text: string, prefix: string): string[] {
  const lines: string[] = [];
  let line = prefix;
  for (const word of text.split(" ")) {
    if (line.length + word.length > COMMENT_COLUMNS) {
      lines.push(line.trimEnd());
      line = prefix;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
