/**
 * Values shorter than this are not looked for: a key of a local server such as "none" or "EMPTY" is an ordinary word,
 * and removing it everywhere would make a log unreadable. No provider issues keys this short.
 */
export const MIN_SECRET_LENGTH = 8;

/** What stands where a secret was. */
export const REDACTED = "***";

/** Names of environment variables, headers and settings whose values are secrets. "max_tokens" is none. */
const SECRET_NAME =
  /(^|[_-])((api[_-]?)?keys?|token|secrets?|pass|passwd|passwords?|credentials?|authorization|cookies?)([_-]id)?$/i;

/** How keys of well-known services look, for keys that stand where no key is expected. */
const KEY_SHAPE = /\b(?:sk-|xai-|gsk_|hf_|gh[pousr]_|AIza)[A-Za-z0-9_-]{8,}/g;

/** Whether a variable, header or setting of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The values of an environment that are secrets by their names, and passwords inside its URLs. */
export function secretsOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  const found: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (isSecretName(name)) found.push(value);
    found.push(...urlPasswords(value));
  }
  return found;
}

/** Passwords of `scheme://user:password@host` inside a text. */
export function urlPasswords(text: string): string[] {
  return Array.from(text.matchAll(/:\/\/[^\s/:@]*:([^\s/@]+)@/g), (match) => match[1] ?? "");
}

/**
 * A function that replaces every secret in a text by {@link REDACTED}, also where it is written inside a JSON string,
 * a URL, or base64 (as in `Authorization: Basic`). Longer secrets go first, so that one that contains another leaves no rest.
 */
export function createRedactor(secrets: Iterable<string>): (text: string) => string {
  const spellings = new Set<string>();
  for (const secret of secrets) {
    const value = secret.trim();
    if (value.length < MIN_SECRET_LENGTH) continue;
    spellings.add(value);
    spellings.add(JSON.stringify(value).slice(1, -1));
    spellings.add(encodeURIComponent(value));
    spellings.add(Buffer.from(value).toString("base64"));
  }
  const ordered = [...spellings].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const spelling of ordered) clean = clean.replaceAll(spelling, REDACTED);
    return clean;
  };
}

/** Replaces what looks like a key of a well-known service. For messages and logs only: code may hold such words. */
export function redactKeyShapes(text: string): string {
  return text.replaceAll(KEY_SHAPE, REDACTED);
}
