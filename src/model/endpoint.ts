/** Finds where a model lives, what it is called there, and which key opens it. Pure. */
import { PerfagentError } from "../errors.ts";
import { nearest } from "../lib/nearest.ts";
import { type MaxTokensField, PRESETS, type Preset } from "./presets.ts";

export interface EndpointRequest {
  /** The model's name as given. */
  readonly name: string;
  readonly apiBase: string | null;
  readonly apiKey: string | null;
  /** Further headers; an `Authorization` among them stands for a key. */
  readonly headers: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Endpoint {
  /** Where chat completions are asked for. */
  readonly url: URL;
  /** The model's name as it is sent. */
  readonly model: string;
  readonly key: string | null;
  /** Where a key is looked for, in words; for hints. */
  readonly keyPlace: string;
  /** On this machine: no proxy stands between. */
  readonly isLoopback: boolean;
  readonly maxTokensField: MaxTokensField;
}

/**
 * With a base URL the name is sent exactly as written. Without, a prefix names a preset (`deepseek/deepseek-chat`), or the
 * name alone belongs to a known family (`deepseek-chat`). The key of a preset's variable is used for that preset's
 * service only, never for another host.
 *
 * @throws PerfagentError `config` when no service is known for the name or the base URL is none; `model` when the service
 * needs a key and none is there, or the key holds signs that no key has.
 */
export function findEndpoint(request: EndpointRequest): Endpoint {
  if (request.apiBase !== null) {
    const base = parseBase(request.apiBase);
    const preset = Object.values(PRESETS).find(
      (candidate) => new URL(candidate.baseUrl).origin === base.origin,
    );
    return endpointOf(request, base, request.name, preset ?? null);
  }
  const { preset, model } = findPreset(request.name);
  return endpointOf(request, new URL(preset.baseUrl), model, preset);
}

// --- internal ---

function endpointOf(request: EndpointRequest, base: URL, model: string, preset: Preset | null): Endpoint {
  const variables = preset?.keyVariables ?? [];
  return {
    url: chatUrl(base),
    model,
    key: findKey(request, variables),
    keyPlace: variables.length === 0 ? "model.api_key" : `${variables.join(", ")} or model.api_key`,
    isLoopback: isLoopback(base.hostname),
    maxTokensField: preset?.maxTokensField ?? "max_tokens",
  };
}

function findPreset(name: string): { readonly preset: Preset; readonly model: string } {
  const slash = name.indexOf("/");
  const prefix = slash === -1 ? "" : name.slice(0, slash);
  const named = Object.hasOwn(PRESETS, prefix) ? PRESETS[prefix] : undefined;
  if (named !== undefined) {
    const model = name.slice(slash + 1);
    if (model !== "") return { preset: named, model };
    throw new PerfagentError(
      "config",
      `Cannot use the model '${name}': no model stands behind the service's name`,
      {
        hint: `Write it as ${prefix}/NAME`,
      },
    );
  }
  const family = Object.values(PRESETS).find((preset) => preset.family?.test(name));
  if (family !== undefined) return { preset: family, model: name };
  throw unknownModel(name, prefix);
}

function unknownModel(name: string, prefix: string): PerfagentError {
  const prefixes = Object.keys(PRESETS);
  const similar = prefix === "" ? null : nearest(prefix, prefixes);
  const guess = similar === null ? "" : `Did you mean '${similar}${name.slice(prefix.length)}'? `;
  return new PerfagentError("config", `Cannot use the model '${name}': no service is known for this name`, {
    hint:
      `${guess}Set model.api_base (--llm-api-base) to the service's base URL, or put its name before the model's: ` +
      `${prefixes.join("/, ")}/. Other models: replay:FILE, ./client.ts, command:PROGRAM`,
  });
}

function findKey(request: EndpointRequest, variables: readonly string[]): string | null {
  const fromEnvironment = variables.map((name) => request.environment[name]?.trim()).find((value) => value);
  const key = request.apiKey?.trim() || fromEnvironment || null;
  if (key !== null) {
    if (/^[\x21-\x7e]+$/.test(key)) return key;
    throw new PerfagentError(
      "model",
      `Cannot ask '${request.name}': its key holds blanks or signs outside ASCII, which no HTTP header can carry`,
      { hint: `Check the value in ${variables.length === 0 ? "model.api_key" : variables.join(", ")}` },
    );
  }
  const hasHeader = Object.keys(request.headers).some((name) => name.toLowerCase() === "authorization");
  if (variables.length === 0 || hasHeader) return null;
  throw new PerfagentError(
    "model",
    `Cannot ask '${request.name}': it needs a key, and neither the variable ${variables.join(" nor ")} nor model.api_key is set`,
    { hint: `Set ${variables[0]}, in the environment or in a file .env` },
  );
}

function parseBase(text: string): URL {
  const url = URL.parse(text.trim());
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new PerfagentError(
    "config",
    "Cannot use model.api_base: it is no URL; one that begins with http:// or https:// is wanted",
    { hint: "For example https://api.example.com/v1" },
  );
}

/** The base URL with the API's own path behind it; a query such as Azure's `api-version` stays. */
function chatUrl(base: URL): URL {
  const url = new URL(base);
  url.hash = "";
  const path = url.pathname.replace(/\/+$/, "");
  url.pathname = path.endsWith(CHAT_PATH) ? path : path + CHAT_PATH;
  return url;
}

const CHAT_PATH = "/chat/completions";

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.") || host.endsWith(".localhost");
}
