/**
 * Runs benchmarks by name: `npm run bench -- edit journal`. Each prints its figures beside their bars; nothing here is a
 * test, because a shared machine may be busy. Without a name it lists them.
 */
import { Glob } from "bun";

const names: string[] = [];
for await (const file of new Glob("*.ts").scan(import.meta.dir)) {
  const source = await Bun.file(`${import.meta.dir}/${file}`).text();
  if (file !== "index.ts" && source.includes("export async function run("))
    names.push(file.replace(/\.ts$/, ""));
}
names.sort();

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));
if (wanted.length === 0 || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`There is no benchmark ${unknown.join(", ")}.\n`);
  process.stderr.write(`Benchmarks: ${names.join(", ")}\n`);
  process.exit(unknown.length > 0 ? 2 : 0);
}
for (const name of wanted) {
  process.stdout.write(`\n== ${name}\n`);
  const { run } = (await import(`./${name}.ts`)) as { run: () => Promise<void> };
  await run();
}
