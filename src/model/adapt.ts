/** Answers a refused request by leaving out or renaming what the service names. Pure. */
import type { Adaptation, RequestBody } from "./parameters.ts";
import type { ServiceError } from "./service-error.ts";

export interface Adapted {
  readonly adaptation: Adaptation;
  /** What was changed, for a person. */
  readonly change: string;
}

/**
 * @param error What the service said to the request.
 * @returns null when it names no field of the request that was not changed before: the request is wrong in another way.
 */
export function adaptRequest(body: RequestBody, error: ServiceError, before: Adaptation): Adapted | null {
  if (!before.foldSystem && refusesSystemRole(error)) {
    return {
      adaptation: { ...before, foldSystem: true },
      change: "the system message is sent as part of the first user message",
    };
  }
  const field = namedField(body, error);
  if (field === null || Object.hasOwn(before.fields, field)) return null;
  const other = otherName(field, body, error);
  const isUsable = other !== null && !Object.hasOwn(before.fields, other);
  return {
    adaptation: { ...before, fields: { ...before.fields, [field]: isUsable ? other : null } },
    change: isUsable ? `'${field}' is sent as '${other}'` : `'${field}' is not sent any more`,
  };
}

// --- internal ---

/** Without them a request asks nothing. */
const ESSENTIAL: ReadonlySet<string> = new Set(["model", "messages"]);

const REFUSAL =
  /not support|unsupported|does not|unknown|unrecogni[sz]ed|unexpected|invalid|not permitted|not allowed|extra (?:inputs|fields)|too (?:large|high|long)|must be|out of range|instead/i;

function refusesSystemRole({ message, field }: ServiceError): boolean {
  const speaksOfRole =
    /\bsystem\b[^.]{0,40}\b(?:role|message|prompt|instruction)|\brole\b[^.]{0,40}\bsystem\b/i;
  if (!REFUSAL.test(message)) return false;
  return speaksOfRole.test(message) || (/^messages\b.*role$/.test(field ?? "") && /\bsystem\b/.test(message));
}

function namedField(body: RequestBody, { message, field }: ServiceError): string | null {
  const fields = Object.keys(body).filter((name) => !ESSENTIAL.has(name));
  const head = field?.split(/[.[]/)[0] ?? "";
  if (fields.includes(head)) return head;
  if (!REFUSAL.test(message)) return null;
  // The field that is named first is the refused one; what follows is often the one to use instead.
  const named = fields
    .map((name) => ({ name, at: positionOf(name, message) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  return named[0]?.name ?? null;
}

/** Where a text names a field: an ordinary word ("stream", "stop") counts only in quotes. */
function positionOf(name: string, message: string): number {
  const escaped = name.replace(/[^A-Za-z0-9_]/g, "\\$&");
  const pattern = name.includes("_")
    ? `(?<![A-Za-z0-9_])${escaped}(?![A-Za-z0-9_])`
    : `['"\`]${escaped}['"\`]`;
  const isTemperature = name === "temperature" ? "|\\btemperature\\b" : "";
  return message.search(new RegExp(pattern + isTemperature));
}

/** The name that the service gives in its place. */
function otherName(field: string, body: RequestBody, { message }: ServiceError): string | null {
  const match =
    /\b(?:use|try|specify)\s+['"`]?([a-z][a-z0-9]*(?:_[a-z0-9]+)+)['"`]?(?:\s+instead|\s+parameter|\.|,|$)/i.exec(
      message,
    ) ?? /\bdid you mean\s+['"`]?([a-z][a-z0-9_]*)['"`]?/i.exec(message);
  const name = match?.[1] ?? null;
  return name === null || name === field || Object.hasOwn(body, name) ? null : name;
}
