import { defineCommand } from "citty";
import { PLACEHOLDERS, unknownPlaceholders } from "../agent/placeholders.ts";
import { jsonSchema } from "../config/json-schema.ts";
import { KEYS } from "../config/keys.ts";
import { sourceText } from "../config/problem.ts";
import { exampleYaml } from "../config/render.ts";
import { shownConfig, shownValue } from "../config/shown.ts";
import { nearest } from "../lib/nearest.ts";
import { REDACTED } from "../lib/redact.ts";
import { configArgs, type ResolvedConfig, resolveConfig } from "./line/flags.ts";
import { usageError } from "./line/shared.ts";
import { createLogger } from "./process/logger.ts";
import { redactSecrets } from "./process/secrets.ts";
import { writeJson, writeStdout } from "./process/stdout.ts";

export default defineCommand({
  meta: { name: "config" },
  args: {
    ...configArgs,
    json: { type: "boolean", description: "Print {config, sources, warnings} as JSON" },
    schema: { type: "boolean", description: "Print the JSON schema of a configuration file" },
    example: {
      type: "boolean",
      description: "Print a configuration file with every key, its default and its meaning",
    },
  },
  async run({ args }) {
    const chosen = ["json", "schema", "example"].filter((name) => args[name] === true);
    if (chosen.length > 1) {
      throw usageError("perfagent config", [
        `${chosen.map((name) => `--${name}`).join(" and ")} exclude each other`,
      ]);
    }
    if (args.schema === true) return writeJson(jsonSchema());
    if (args.example === true) return writeStdout(exampleYaml());
    const resolved = await resolveConfig(args);
    const warnings = [...resolved.warnings, ...templateWarnings(resolved)].map(redactSecrets);
    const logger = createLogger({ level: resolved.config.logging.log_level, quiet: args.quiet === true });
    for (const warning of warnings) logger.warn(warning);
    if (args.json === true) {
      const sources = Object.fromEntries(
        KEYS.map((key) => [key.name, sourceText(resolved.provenance.get(key.name) ?? { kind: "default" })]),
      );
      return writeStdout(`${redactJson({ config: shownConfig(resolved.config), sources, warnings })}\n`);
    }
    return writeStdout(redactSecrets(textTable(resolved)));
  },
});

// --- internal ---

/** Longest value in the table; `--json` shows all of it. */
const VALUE_COLUMNS = 60;

function redactJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, inner: unknown) => (typeof inner === "string" ? redactSecrets(inner) : inner),
    2,
  );
}

function textTable(resolved: ResolvedConfig): string {
  const rows = KEYS.map((key) => {
    const value = shownValue(resolved.config, key);
    const text = value === REDACTED ? REDACTED : (JSON.stringify(value) ?? "");
    const short = text.length > VALUE_COLUMNS ? `${text.slice(0, VALUE_COLUMNS - 1)}…` : text;
    return [key.name, short, sourceText(resolved.provenance.get(key.name) ?? { kind: "default" })] as const;
  });
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  const [first, second] = [width(0), width(1)];
  return rows
    .map(([name, value, source]) => `${name.padEnd(first)}  ${value.padEnd(second)}  ${source}\n`)
    .join("");
}

function templateWarnings(resolved: ResolvedConfig): string[] {
  const { prompts } = resolved.config;
  return (["system_template", "optimization_template"] as const).flatMap((name) =>
    unknownPlaceholders(prompts[name] ?? "").map((word) => {
      const source = sourceText(resolved.provenance.get(`prompts.${name}`) ?? { kind: "default" });
      const guess = nearest(word, PLACEHOLDERS);
      const advice = guess === null ? `known are ${PLACEHOLDERS.join(", ")}` : `did you mean {${guess}}?`;
      return `${source}: prompts.${name}: {${word}} is no placeholder and stays as it is; ${advice}`;
    }),
  );
}
