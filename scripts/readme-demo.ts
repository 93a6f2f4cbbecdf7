/**
 * Puts a fresh transcript of the demo into the README: `bun scripts/readme-demo.ts` after `npm run build`, on a machine that
 * does nothing else. A test compares the README with what the demo prints, numbers apart.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const readme = join(root, "README.md");
const folder = mkdtempSync(join(tmpdir(), "perfagent-readme-"));
const done = Bun.spawnSync([join(root, "dist", "perfagent"), "demo", "--base-dir", folder, "--quiet"]);
rmSync(folder, { recursive: true, force: true });
if (done.exitCode !== 0) {
  process.stderr.write(`Cannot make the transcript: the demo ended with ${done.exitCode}\n${done.stderr}`);
  process.exit(1);
}
const transcript = done.stdout.toString().replaceAll(folder, "demo").trim();
const text = readFileSync(readme, "utf8");
writeFileSync(
  readme,
  text.replace(
    /(<!-- demo:begin -->\n)[\s\S]*?(<!-- demo:end -->)/,
    (_, begin: string, end: string) => `${begin}\n\`\`\`text\n${transcript}\n\`\`\`\n\n${end}`,
  ),
);
