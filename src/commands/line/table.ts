import type { ArgsDef, CommandDef } from "citty";

/** One row of the table of commands. The command itself is loaded only when it is used. */
export interface CommandEntry {
  readonly description: string;
  readonly aliases?: readonly string[];
  /** Command lines that work, with `perfagent` in front; shown by `--help`. */
  readonly examples: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: citty's commands differ in their argument types; they meet only here.
  readonly load: () => Promise<{ readonly default: CommandDef<any> }>;
}

/** Every command, in the order of the help text. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: {
    description: "Optimize one instance",
    examples: [
      "perfagent run --instance problem.json --max-iterations 5",
      "perfagent run --instance problem.json --language cpp --initial-code slow.cpp --output result.json",
      "cat problem.json | perfagent run --instance - --output - | jq .final_metrics",
    ],
    load: () => import("../run.ts"),
  },
  batch: {
    description: "Optimize many instances",
    aliases: ["run-batch", "run_batch"],
    examples: [
      "perfagent batch --instances-dir problems --base-dir out --max-workers 8",
      "perfagent batch --instances-dir problems --base-dir out --resume",
      "perfagent batch --instances-dir 'problems/aizu_*.json' --language python3,cpp --estimate",
    ],
    load: () => import("../batch.ts"),
  },
  eval: {
    description: "Measure given code on an instance, without a model",
    examples: [
      "perfagent eval --instance problem.json --solution mine.py",
      "perfagent eval --instance problem.json --solution a.cpp --language cpp --json",
    ],
    load: () => import("../eval.ts"),
  },
  compare: {
    description: "Tell whether one program is faster than another",
    examples: [
      "perfagent compare --instance problem.json --baseline old.py --candidate new.py",
      "perfagent compare --instance problem.json --baseline old.py --candidate new.py --fail-unless-faster",
      "perfagent compare --stdin input.txt --baseline old.py --candidate new.py --verbose",
    ],
    load: () => import("../compare.ts"),
  },
  apply: {
    description: "Apply a model's answer to a program",
    examples: [
      "perfagent apply --program slow.py --response answer.md",
      "cat answer.md | perfagent apply --program slow.py --response - --format diff",
    ],
    load: () => import("../apply.ts"),
  },
  report: {
    description: "Turn journals, trajectories or a batch directory into a table, JSON or an HTML page",
    examples: [
      "perfagent report out",
      "perfagent report out --format html --output report.html",
      "perfagent report shard-0 shard-1 --scores --format latex",
      "perfagent report new --compare old",
    ],
    load: () => import("../report.ts"),
  },
  serve: {
    description: "Be an EffiBench-X compatible sandbox service",
    examples: ["perfagent serve --port 8000"],
    load: () => import("../serve.ts"),
  },
  init: {
    description: "Make an instance from a program and a folder of test inputs and outputs",
    examples: ["perfagent init --tests tests --program slow.py --output problem.json"],
    load: () => import("../init.ts"),
  },
  doctor: {
    description: "Show what works on this machine: toolchains, isolation, timing noise, key, backend",
    examples: ["perfagent doctor", "perfagent doctor --json"],
    load: () => import("../doctor.ts"),
  },
  config: {
    description: "Show the resolved configuration, its JSON schema, or a commented example",
    examples: [
      "perfagent config",
      "perfagent config --config perfagent.yaml --max-iterations 3 --json",
      "perfagent config --example > perfagent.yaml",
    ],
    load: () => import("../config.ts"),
  },
  demo: {
    description: "Show the whole loop on a bundled problem with scripted answers: no key, no network",
    examples: ["perfagent demo"],
    load: () => import("../demo.ts"),
  },
  completions: {
    description: "Print a completion script for bash, zsh or fish",
    examples: ["perfagent completions bash > ~/.local/share/bash-completion/completions/perfagent"],
    load: () => import("../completions.ts"),
  },
};

/** Loads a command and its arguments. */
export async function loadCommand(entry: CommandEntry) {
  const { default: command } = await entry.load();
  const args: ArgsDef =
    (typeof command.args === "function" ? await command.args() : await command.args) ?? {};
  return { command, args };
}

/** Every name a command answers to → its own name. */
export function commandNames(): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, { aliases = [] }] of Object.entries(COMMANDS)) {
    for (const spelling of [name, ...aliases]) names.set(spelling, name);
  }
  return names;
}
