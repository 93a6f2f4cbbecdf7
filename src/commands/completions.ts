import { defineCommand } from "citty";
import { bashScript, type CompletionModel, fishScript, zshScript } from "./completions/scripts.ts";
import { isMultiple, optionsOf, usageError } from "./line/shared.ts";
import { COMMANDS, loadCommand } from "./line/table.ts";
import { writeStdout } from "./process/stdout.ts";

const SCRIPTS: Readonly<Record<string, (model: CompletionModel) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export default defineCommand({
  meta: { name: "completions" },
  args: {
    shell: { type: "positional", required: true, description: "bash, zsh or fish" },
  },
  async run({ args }) {
    const script = Object.hasOwn(SCRIPTS, args.shell) ? SCRIPTS[args.shell] : undefined;
    if (script === undefined) {
      throw usageError("perfagent completions", [
        `the shell '${args.shell}' is given; one of ${Object.keys(SCRIPTS).join(", ")} is wanted`,
      ]);
    }
    await writeStdout(script(await completionModel()));
  },
});

// --- internal ---

/** Every command with its flags, read from the commands themselves. */
async function completionModel(): Promise<CompletionModel> {
  const commands: CompletionModel["commands"][number][] = [];
  for (const [name, entry] of Object.entries(COMMANDS)) {
    const { aliases = [], description } = entry;
    const { args } = await loadCommand(entry);
    const flags = Object.entries(args)
      .filter(([, arg]) => arg.type !== "positional")
      .map(([flag, arg]) => ({
        name: flag,
        description: arg.description ?? "",
        takesValue: arg.type !== "boolean",
        values: optionsOf(arg),
        multiple: isMultiple(arg),
      }));
    const words = name === "completions" ? Object.keys(SCRIPTS) : [];
    commands.push({ name, aliases, description, flags, words });
  }
  return { commands };
}
