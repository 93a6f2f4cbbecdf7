/** Doctor's look at what is configured beside this machine: the model's key, the backend. */
import type { Config } from "../../config/schema.ts";
import { messageOf, PerfagentError } from "../../errors.ts";
import { type Endpoint, findEndpoint } from "../../model/endpoint.ts";
import { createServiceSandbox } from "../../sandbox/effibench.ts";
import type { Logger } from "../../types.ts";
import type { Check } from "./check.ts";

const SECTION = "Model and backend";

/** Whether the configured model could be asked. A key that is there is tried, without asking for a completion. */
export async function checkModel(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Check> {
  const { name, api_base, api_key, headers } = config.model;
  const check = (status: Check["status"], detail: string, advice = ""): Check => {
    return { section: SECTION, name: "model", status, detail, advice };
  };
  if (/^(?:replay|command):|^\.{0,2}\//.test(name)) return check("ok", `'${name}' needs no key`);
  let endpoint: Endpoint;
  try {
    endpoint = findEndpoint({ name, apiBase: api_base, apiKey: api_key, headers, environment });
  } catch (error) {
    if (!(error instanceof PerfagentError)) throw error;
    return check("missing", error.message, error.hint === "" ? "Only needed to ask a model" : error.hint);
  }
  const answer = await askForModels(endpoint, headers, signal);
  const place = `'${endpoint.model}' at ${endpoint.url.host}`;
  if (answer === "ok")
    return check("ok", `${place} answers${endpoint.key === null ? "" : " and takes the key"}`);
  return check("degraded", `${place}: ${answer}`, `Check the service and its key (${endpoint.keyPlace})`);
}

/** Whether the configured services answer; nothing for local execution. */
export async function checkBackend(config: Config, logger: Logger): Promise<Check[]> {
  const { backend } = config.runtime;
  if (backend === "local") return [];
  const base = { section: SECTION, name: "backend" };
  const urls = backend.split(",").map((url) => url.trim());
  try {
    const sandbox = await createServiceSandbox({ urls, logger });
    await sandbox.close();
    return [{ ...base, status: "ok", detail: `${urls.join(", ")} can be used`, advice: "" }];
  } catch (error) {
    if (!(error instanceof PerfagentError)) throw error;
    return [{ ...base, status: "missing", detail: error.message, advice: error.hint }];
  }
}

// --- internal ---

/** A list of models is small, and every service has it at hand. */
const ASK_TIMEOUT_MS = 10_000;

/** "ok", or why the service could not be used. */
async function askForModels(
  endpoint: Endpoint,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const url = new URL(endpoint.url.href.replace(/chat\/completions$/, "models"));
  const authorization = endpoint.key === null ? {} : { Authorization: `Bearer ${endpoint.key}` };
  try {
    const response = await fetch(url, {
      headers: { ...authorization, ...headers },
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]),
      ...(endpoint.isLoopback ? { proxy: false } : {}),
    });
    await response.body?.cancel();
    if (response.status === 401 || response.status === 403)
      return `it refuses the key (HTTP ${response.status})`;
    // A service without a list of models still answered, and did not refuse the key.
    return response.status < 500 ? "ok" : `it answers with HTTP ${response.status}`;
  } catch (error) {
    if (signal.aborted) throw error;
    return `it does not answer: ${messageOf(error)}`;
  }
}
