import { createRedactor, redactKeyShapes, secretsOf } from "../../lib/redact.ts";

/**
 * Every secret this process has seen. It is kept for the whole process, because the last error message and every log
 * line must be cleaned of a key that any part has read.
 */
const known = new Set<string>(secretsOf(process.env));
let redactor = createRedactor(known);

/** Makes values disappear from every log line and error message from now on. */
export function registerSecrets(secrets: Iterable<string>): void {
  const before = known.size;
  for (const secret of secrets) known.add(secret);
  if (known.size > before) redactor = createRedactor(known);
}

/** A text without any secret this process has seen. */
export function redactSecrets(text: string): string {
  return redactKeyShapes(redactor(text));
}
