/** The words in braces that a template may hold; everything else in braces stays as it is. */
export const PLACEHOLDERS = [
  "language",
  "optimization_target",
  "task_description",
  "additional_requirements",
  "local_memory",
  "global_memory",
  "allowed_imports_scope",
  "current_program",
  "current_metrics",
  "current_artifacts_section",
  "current_code",
  "performance_analysis",
  "optimization_history",
] as const;

export type Placeholder = (typeof PLACEHOLDERS)[number];

/**
 * Words in braces that look like placeholders and are none: lower-case identifiers, as in `{current_progam}`. A brace
 * with anything else in it is code and is not looked at.
 */
export function unknownPlaceholders(template: string): string[] {
  const known: readonly string[] = PLACEHOLDERS;
  const words = Array.from(
    template.matchAll(/(?<![$\\{])\{([a-z][a-z0-9_]*)\}(?!\})/g),
    (match) => match[1] ?? "",
  );
  return [...new Set(words)].filter((word) => !known.includes(word));
}
