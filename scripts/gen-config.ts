/**
 * Writes what is generated from the configuration schema: `config_example.yaml`, and the table of README.md between
 * `<!-- config:begin -->` and `<!-- config:end -->`. With `--check` nothing is written; a file that would change is
 * named and the exit code is 1.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exampleYaml, markdownTable } from "../src/config/render.ts";

const REGION = /(<!-- config:begin -->\n)[\s\S]*?(<!-- config:end -->)/;

const root = join(import.meta.dir, "..");
const check = process.argv.includes("--check");
const stale: string[] = [];

function generate(name: string, wanted: string): void {
  const path = join(root, name);
  if (existsSync(path) && readFileSync(path, "utf8") === wanted) return;
  if (check) stale.push(name);
  else writeFileSync(path, wanted);
}

generate("config_example.yaml", exampleYaml());
const readme = join(root, "README.md");
if (existsSync(readme)) {
  const text = readFileSync(readme, "utf8");
  // A function as replacement, because the table holds `$`.
  generate(
    "README.md",
    text.replace(REGION, (_, begin: string, end: string) => `${begin}\n${markdownTable()}\n${end}`),
  );
}
if (stale.length > 0) {
  process.stderr.write(`Out of date: ${stale.join(", ")}. Run: bun scripts/gen-config.ts\n`);
  process.exit(1);
}
