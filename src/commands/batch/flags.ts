/** Values of the batch's own flags. Pure. */
import type { Shard } from "../../batch/tasks.ts";
import { LANGUAGE_IDS, parseLanguage } from "../../languages.ts";
import type { Language } from "../../types.ts";
import { usageError } from "../line/shared.ts";

/**
 * The languages of "python3,cpp"; null when the flag was not given.
 * @throws PerfagentError `usage`
 */
export function parseLanguages(text: string | undefined): readonly Language[] | null {
  if (text === undefined) return null;
  const languages = text.split(",").map((name) => {
    const language = parseLanguage(name);
    if (language === null) {
      throw wrong(
        `--language: '${name.trim()}' is given; one or more of ${LANGUAGE_IDS.join(", ")} are wanted`,
      );
    }
    return language;
  });
  return [...new Set(languages)];
}

/**
 * "10:20", ":5" or "7:": positions from 0, the end not included.
 * @throws PerfagentError `usage`
 */
export function parseRange(text: string): { readonly from: number; readonly to: number | null } {
  const match = /^(\d*):(\d*)$/.exec(text);
  const from = Number(match?.[1] ?? "");
  const to = match?.[2] === undefined || match[2] === "" ? null : Number(match[2]);
  if (match === null || text === ":" || (to !== null && to <= from)) {
    throw wrong(`--range: '${text}' is given; A:B with A before B is wanted, such as 0:100, :50 or 50:`);
  }
  return { from, to };
}

/**
 * "2/8": part 2 of 8; null for the only part of one.
 * @throws PerfagentError `usage`
 */
export function parseShard(text: string): Shard | null {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (match === null || index < 1 || index > count) {
    throw wrong(`--shard: '${text}' is given; I/N with I from 1 to N is wanted, such as 2/8`);
  }
  return count === 1 ? null : { index, count };
}

/**
 * The part that a Slurm array job gives this task; null outside of one, and in an array of one task.
 * @throws PerfagentError `usage` when the task's number does not tell which part of how many it is: running all
 * instances in each of the tasks would be the worst reading of it.
 */
export function shardOfScheduler(env: Readonly<Record<string, string | undefined>>): Shard | null {
  const id = integer(env.SLURM_ARRAY_TASK_ID);
  if (id === null) return null;
  const count = integer(env.SLURM_ARRAY_TASK_COUNT);
  const first = integer(env.SLURM_ARRAY_TASK_MIN) ?? 0;
  const step = Math.max(1, integer(env.SLURM_ARRAY_TASK_STEP) ?? 1);
  const index = (id - first) / step + 1;
  if (count === null || !Number.isInteger(index) || index < 1 || index > count) {
    throw wrong(
      `SLURM_ARRAY_TASK_ID is ${id} and SLURM_ARRAY_TASK_COUNT is ${count ?? "not set"}, which does not tell a part; ` +
        "submit with --array=0-7 or the like, or give --shard I/N (--shard 1/1 for all instances)",
    );
  }
  return count === 1 ? null : { index, count };
}

// --- internal ---

function integer(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

function wrong(problem: string) {
  return usageError("perfagent batch", [problem]);
}
