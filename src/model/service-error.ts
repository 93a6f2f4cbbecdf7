/** Reads the errors of services, which share an outline and little else. Pure. */

export interface ServiceError {
  /** One line, shortened. */
  readonly message: string;
  /** The service's own code, such as "insufficient_quota"; empty when there is none. */
  readonly code: string;
  /** The request's field that it names, such as "temperature" or "messages[0].role"; null when it names none. */
  readonly field: string | null;
  /** A status inside the error itself; gateways send one in a reply whose own status was 200. */
  readonly status: number | null;
  readonly retryAfterMs: number | null;
}

/**
 * Reads an error's body: `{error: {message, type, param, code}}`, `{error: "…"}`, `{message}`, `{detail: […]}`, a list of
 * one of them, an HTML page, or plain text.
 */
export function readServiceError(body: string): ServiceError {
  const text = body.trim();
  if (text.startsWith("<")) return plain(htmlText(text));
  try {
    return errorOf(JSON.parse(text));
  } catch {
    return plain(text);
  }
}

/** Reads an error that is JSON already: the `error` of a stream's event. */
export function errorOf(value: unknown): ServiceError {
  const outer = Array.isArray(value) ? value[0] : value;
  const error = isObject(outer) && isObject(outer.error) ? outer.error : outer;
  if (!isObject(error)) return plain(typeof error === "string" ? error : JSON.stringify(error ?? ""));
  const message = [error.message, error.error, error.detail, error.msg].find((part) => part !== undefined);
  const nested =
    isObject(error.metadata) && typeof error.metadata.raw === "string" ? `: ${error.metadata.raw}` : "";
  return {
    message: oneLine((typeof message === "string" ? message : JSON.stringify(message ?? error)) + nested),
    code:
      [error.code, error.type, error.status].find((part): part is string => typeof part === "string") ?? "",
    field: typeof error.param === "string" ? error.param : locationOf(error.detail ?? message),
    status:
      statusOf(error.code) ?? statusOf(error.status) ?? (isObject(outer) ? statusOf(outer.status) : null),
    retryAfterMs: retryDelayOf(error.details),
  };
}

// --- internal ---

/** Longest part of a service's words that is shown. */
const LONGEST_MESSAGE = 400;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function plain(text: string): ServiceError {
  return { message: oneLine(text), code: "", field: null, status: null, retryAfterMs: null };
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

/** A page's title says what a gateway means; the rest is layout. */
function htmlText(page: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(page)?.[1]?.trim();
  return title ? `an HTML page, '${title}'` : "an HTML page";
}

/** The field of a validation error's list: `[{loc: ["body", "stream_options"]}]`, also inside `detail`. */
function locationOf(value: unknown): string | null {
  const list = isObject(value) ? value.detail : value;
  const first = Array.isArray(list) ? list[0] : undefined;
  if (!isObject(first) || !Array.isArray(first.loc)) return null;
  return first.loc.filter((part) => part !== "body").join(".") || null;
}

function statusOf(value: unknown): number | null {
  const status = typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === "number" && status >= 400 && status <= 599 ? status : null;
}

/** Google's `{"@type": "…RetryInfo", "retryDelay": "34s"}`. */
function retryDelayOf(details: unknown): number | null {
  if (!Array.isArray(details)) return null;
  for (const detail of details) {
    const delay = isObject(detail) && typeof detail.retryDelay === "string" ? detail.retryDelay : "";
    const secondsText = /^(\d+(?:\.\d+)?)s$/.exec(delay)?.[1];
    if (secondsText !== undefined) return Number(secondsText) * 1000;
  }
  return null;
}
