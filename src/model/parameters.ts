/** The request's body: what is asked for, without what this model does not take. Pure. */
import type { Message } from "../types.ts";
import type { MaxTokensField } from "./presets.ts";

export interface ModelParameters {
  /** Null does not send it. */
  readonly temperature: number | null;
  /** Longest answer in tokens; null does not send a limit. */
  readonly maxOutputTokens: number | null;
  /** "low", "medium", "high" or what the service knows; null does not send it. */
  readonly reasoningEffort: string | null;
  /** Receive the answer as it is written. */
  readonly stream: boolean;
  /** Further fields, stronger than all others; null takes a field away. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  /** Further HTTP headers, stronger than all others. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a service turned out not to take; kept for the rest of the run. */
export interface Adaptation {
  /** Field → its other name, or null where it is left out. */
  readonly fields: Readonly<Record<string, string | null>>;
  /** The system message goes in front of the first user message. */
  readonly foldSystem: boolean;
}

export const NO_ADAPTATION: Adaptation = { fields: {}, foldSystem: false };

export type RequestBody = Readonly<Record<string, unknown>>;

/** The body of a chat request, fields in a fixed order. */
export function requestBody(
  model: string,
  messages: readonly Message[],
  parameters: ModelParameters,
  maxTokensField: MaxTokensField,
  adaptation: Adaptation,
): RequestBody {
  const wanted: Record<string, unknown> = {
    model,
    messages: (adaptation.foldSystem ? foldSystem(messages) : messages).map(({ role, content }) => ({
      role,
      content,
    })),
    temperature: parameters.temperature,
    [maxTokensField]: parameters.maxOutputTokens,
    reasoning_effort: parameters.reasoningEffort,
    stream: parameters.stream ? true : null,
    // Without it most services do not count tokens in a stream.
    stream_options: parameters.stream ? { include_usage: true } : null,
    ...parameters.extraBody,
  };
  const body: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(wanted)) {
    const name = finalName(field, adaptation);
    if (value !== null && value !== undefined && name !== null) body[name] = value;
  }
  if (body.stream !== true) delete body.stream_options;
  return body;
}

// --- internal ---

/** Follows renames (a field may be renamed and the new name refused as well). */
function finalName(field: string, { fields }: Adaptation): string | null {
  let name: string | null = field;
  const seen = new Set<string>();
  while (name !== null && Object.hasOwn(fields, name) && !seen.has(name)) {
    seen.add(name);
    name = fields[name] ?? null;
  }
  return name;
}

function foldSystem(messages: readonly Message[]): Message[] {
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content);
  const others = messages.filter(({ role }) => role !== "system");
  const [first, ...rest] = others;
  const content = [...system, ...(first === undefined ? [] : [first.content])].join("\n\n");
  return [{ role: "user", content }, ...rest];
}
