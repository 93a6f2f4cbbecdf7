/** Values of the batch's own flags. Pure. */
import type { Shard } from "../batch/tasks.ts";
import { LANGUAGE_IDS, parseLanguage } from "../languages.ts";
import type { Language } from "../types.ts";
import { usageError } from "./shared.ts";

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
 * "2/8": part 2 of 8.
 * @throws PerfagentError `usage`
 */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (match === null || index < 1 || index > count) {
    throw wrong(`--shard: '${text}' is given; I/N with I from 1 to N is wanted, such as 2/8`);
  }
  return { index, count };
}

/** The part that a Slurm array job gives this task; null outside of one. */
export function shardOfScheduler(env: Readonly<Record<string, string | undefined>>): Shard | null {
  const id = integer(env.SLURM_ARRAY_TASK_ID);
  const count = integer(env.SLURM_ARRAY_TASK_COUNT);
  if (id === null || count === null || count < 2) return null;
  const first = integer(env.SLURM_ARRAY_TASK_MIN) ?? 0;
  const step = integer(env.SLURM_ARRAY_TASK_STEP) ?? 1;
  const index = Math.floor((id - first) / Math.max(1, step)) + 1;
  return index >= 1 && index <= count ? { index, count } : null;
}

// --- internal ---

function integer(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

function wrong(problem: string) {
  return usageError("perfagent batch", [problem]);
}
