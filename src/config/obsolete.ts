/**
 * Keys that earlier versions of the tool had and that have no meaning any more, and why. They are accepted with one
 * warning, so that an old file keeps working.
 */
export const OBSOLETE: ReadonlyMap<string, string> = new Map([
  ["model.use_llm", "a model is always asked; set max_iterations to 0 to evaluate only"],
  [
    "optimization.enable_memory_checks",
    "memory is always measured and its limit always held; set runtime.memory_limit to allow more",
  ],
  [
    "optimization.enable_runtime_checks",
    "time is always measured and its limit always held; set runtime.time_limit to allow more",
  ],
]);

/** Older spellings of keys, and the key that each names today. */
export const RENAMED: ReadonlyMap<string, string> = new Map([
  ["model.include_all_history", "prompts.include_all_history"],
]);

/** Flags that set a key without meaning, and that key: old scripts keep working, with the same warning. */
export const OBSOLETE_FLAGS: ReadonlyMap<string, string> = new Map([["llm-use", "model.use_llm"]]);
