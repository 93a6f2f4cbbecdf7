/**
 * Keys of earlier versions of the tool that have no meaning any more, and why. They are accepted with one warning, so
 * that an old file keeps working.
 */
export const OBSOLETE: Readonly<Record<string, string>> = {
  "model.use_llm": "a model is always asked; set max_iterations to 0 to evaluate only",
  "optimization.enable_memory_checks":
    "the memory limit is always held; change runtime.memory_limit to allow more",
  "optimization.enable_runtime_checks":
    "the time limit is always held; change runtime.time_limit to allow more",
};

/** Older spellings of keys, and the key that each names today. */
export const RENAMED: Readonly<Record<string, string>> = {
  "model.include_all_history": "prompts.include_all_history",
};
