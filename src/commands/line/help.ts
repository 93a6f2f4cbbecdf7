import type { ArgDef, ArgsDef } from "citty";
import { VERSION } from "../../version.ts";
import { isMultiple, optionsOf } from "./shared.ts";
import { COMMANDS, type CommandEntry } from "./table.ts";

/** Columns of every help text. Asking the terminal for its width takes longer than all the rest of `--help`. */
const COLUMNS = 88;

/** Widest column of flags; a longer flag has a line for itself. */
const MAX_FLAG_COLUMN = 30;

/**
 * The help of perfagent itself. It comes from the table alone: citty's own help would load every command, which costs
 * more than most commands do.
 */
export function rootHelp(): string {
  const rows = Object.entries(COMMANDS).map(([name, { description }]) => [name, description] as const);
  return [
    `perfagent ${VERSION}: makes a program faster with a language model, and proves it`,
    "",
    "Usage: perfagent <command> [flags]",
    "",
    "Commands:",
    ...table(rows),
    "",
    "  perfagent --instance FILE …       means run",
    "  perfagent --instances-dir DIR …   means batch",
    "",
    "Flags:",
    ...table([
      ["-h, --help", "Help of perfagent, or of a command"],
      ["-v, --version", "The version"],
    ]),
    "",
    "Examples:",
    "  perfagent demo",
    "  perfagent run --instance problem.json --model deepseek-chat --max-iterations 5",
    "  perfagent eval --instance problem.json --solution mine.py",
    "",
    "Exit codes: 0 done · 1 a bug in perfagent · 2 usage or configuration · 3 unusable instance or code ·",
    "4 execution backend unavailable · 5 model unavailable · 6 budget exhausted before any result ·",
    "7 output cannot be written · 10 a --fail-unless-… condition does not hold · 130 interrupted",
    "",
  ].join("\n");
}

/** The help of one command. */
export function commandHelp(name: string, entry: CommandEntry, args: ArgsDef): string {
  const all = Object.entries(args);
  const positionals = all.filter(([, arg]) => arg.type === "positional");
  const flags = all.filter(([, arg]) => arg.type !== "positional");
  const groups = new Map<string, [string, string][]>();
  for (const [flag, arg] of flags) {
    const group = "group" in arg ? String(arg.group) : "Options";
    groups.set(group, [...(groups.get(group) ?? []), [flagColumn(flag, arg), description(arg)]]);
  }
  const options = groups.get("Options") ?? [];
  groups.set("Options", [...options, ["-h, --help", "This help"]]);
  const ordered = [...groups].sort(([a], [b]) => Number(b === "Options") - Number(a === "Options"));
  const words = positionals.map(([word, arg]) => ` ${positionalWord(word, arg)}`).join("");
  const also = entry.aliases === undefined ? [] : [`Also: ${entry.aliases.join(", ")}`];
  return [
    entry.description,
    "",
    `Usage: perfagent ${name}${words} [flags]`,
    ...also,
    "",
    ...(positionals.length === 0
      ? []
      : [
          "Arguments:",
          ...table(positionals.map(([word, arg]) => [word.toUpperCase(), description(arg)])),
          "",
        ]),
    ...ordered.flatMap(([group, rows]) => [`${group}:`, ...table(rows), ""]),
    "Examples:",
    ...entry.examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

// --- internal ---

function positionalWord(word: string, arg: ArgDef): string {
  const text = `${word.toUpperCase()}${isMultiple(arg) ? "…" : ""}`;
  return arg.required === false || arg.default !== undefined ? `[${text}]` : text;
}

function flagColumn(name: string, arg: ArgDef): string {
  const alias =
    "alias" in arg && arg.alias !== undefined ? [arg.alias].flat().map((letter) => `-${letter}, `) : [];
  // A switch that a configuration file may have set can be taken back.
  const no = arg.type === "boolean" && "group" in arg && name !== "quiet" ? "[no-]" : "";
  return `${alias.join("")}--${no}${name}${valueColumn(name, arg)}`;
}

function valueColumn(name: string, arg: ArgDef): string {
  if (arg.type === "boolean") return "";
  const options = optionsOf(arg);
  if (options.length > 0) return ` ${options.join("|")}`;
  return ` ${arg.valueHint ?? name.toUpperCase()}`;
}

function description(arg: ArgDef): string {
  const fallback = arg.default === undefined || arg.default === false ? "" : `; default: ${arg.default}`;
  return `${arg.description ?? ""}${fallback}`;
}

/** Two columns, the second one wrapped. */
function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(
    ...rows.map(([left]) => left.length).filter((length) => length <= MAX_FLAG_COLUMN),
    0,
  );
  const indent = " ".repeat(width + 4);
  return rows.flatMap(([left, right]) => {
    const lines = wrap(right, COLUMNS - width - 4);
    if (left.length > width) return [`  ${left}`, ...lines.map((line) => `${indent}${line}`)];
    const [first = "", ...rest] = lines;
    return [`  ${left.padEnd(width)}  ${first}`.trimEnd(), ...rest.map((line) => `${indent}${line}`)];
  });
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
