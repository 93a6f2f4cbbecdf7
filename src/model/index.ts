/** Turns a model's name into a model. */
import { PerfagentError } from "../errors.ts";
import { createRedactor, isSecretName, secretsOf, urlPasswords } from "../lib/redact.ts";
import type { Logger, Model } from "../types.ts";
import type { Budget } from "./budget.ts";
import { createCaller } from "./caller.ts";
import { type Clock, systemClock } from "./clock.ts";
import { createCommandTransport } from "./command.ts";
import { type Endpoint, type EndpointRequest, findEndpoint } from "./endpoint.ts";
import type { Governor } from "./governor.ts";
import { type IoLogOptions, openIoLog } from "./io-log.ts";
import { createChatTransport } from "./openai.ts";
import { createOwnTransport, isOwnModelPath } from "./own.ts";
import type { ModelParameters } from "./parameters.ts";
import { type Pricing, priceOf } from "./pricing.ts";
import { createReplay } from "./replay.ts";
import type { RetryPolicy } from "./retry.ts";
import type { Transport } from "./transport.ts";

export interface ModelOptions {
  /** `replay:FILE`, `./client.ts`, `command:PROGRAM`, `preset/name`, or a name alone. */
  readonly name: string;
  /** Base URL of an OpenAI-compatible service; null takes the model's preset. */
  readonly apiBase: string | null;
  /** Key of the service; null takes the preset's variable. */
  readonly apiKey: string | null;
  /** Where keys are looked for, and what an own command's environment is made from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly parameters: ModelParameters;
  readonly retry: RetryPolicy;
  readonly pricing: Pricing;
  /** Shared by a whole batch. */
  readonly budget: Budget;
  /** Shared by a whole batch. */
  readonly governor: Governor;
  /** Who asks, such as an instance's name: limits are shared fairly between owners. */
  readonly owner: string;
  /** Answers of a replay that a continued run has used already. */
  readonly answersUsed: number;
  /** Null writes no log of requests and replies. */
  readonly ioLog: IoLogOptions | null;
  readonly logger: Logger;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** In [0, 1), for jitter. @default Math.random */
  readonly random?: () => number;
}

/**
 * Checks what can be known of a model before anything is opened: that its service is known and its key is there.
 * @throws PerfagentError as {@link createModel} does for a service.
 */
export function requireModel(request: EndpointRequest): void {
  const name = request.name.trim();
  if (name === "") throw emptyName();
  if (!name.startsWith(REPLAY) && !isOwnClient(name)) findEndpoint({ ...request, name });
}

/**
 * Makes the model that a name stands for. Nothing is sent before the first call.
 *
 * @throws PerfagentError `config` when the name stands for no model, its file cannot be used, or a limit of money is set
 * for a model without a price; `model` when its service needs a key and none is there; `output` when the log of requests
 * cannot be written.
 */
export async function createModel(options: ModelOptions): Promise<Model> {
  const name = options.name.trim();
  if (name === "") throw emptyName();
  if (name.startsWith(REPLAY))
    return timed(createReplay(name.slice(REPLAY.length), options.answersUsed), options.budget);

  const endpoint = isOwnClient(name)
    ? null
    : findEndpoint({ ...options, name, headers: options.parameters.headers });
  requirePrice(options, name, endpoint);
  const secrets = secretsIn(options, endpoint);
  const redact = createRedactor(secrets);
  const logger = redactingLogger(options.logger, redact);
  const clock = options.clock ?? systemClock;
  const { ioLog } = options;
  return createCaller({
    ...options,
    name,
    transport: await makeTransport(options, name, endpoint, secrets, { redact, logger, clock }),
    maxOutputTokens: options.parameters.maxOutputTokens,
    priceFor: (served) => priceOf(options.pricing, [...pricedNames(name, endpoint), served]),
    ioLog: ioLog === null ? null : openIoLog(ioLog, redact, endpoint?.url ?? null, logger),
    redact,
    logger,
    clock,
    random: options.random ?? Math.random,
  });
}

// --- internal ---

const REPLAY = "replay:";
const COMMAND = "command:";

/** Recorded answers cost nothing, but the time that a run may take is theirs as well. */
function timed(model: Model, budget: Budget): Model {
  return {
    name: model.name,
    async complete(messages, signal) {
      const reservation = await budget.reserve(NOTHING, signal);
      try {
        return await model.complete(messages, signal);
      } finally {
        reservation.settle(NOTHING);
      }
    },
  };
}

const NOTHING = { tokens: 0, costUsd: 0 };

function isOwnClient(name: string): boolean {
  return name.startsWith(COMMAND) || isOwnModelPath(name);
}

async function makeTransport(
  options: ModelOptions,
  name: string,
  endpoint: Endpoint | null,
  secrets: readonly string[],
  parts: { readonly redact: (text: string) => string; readonly logger: Logger; readonly clock: Clock },
): Promise<Transport> {
  const { parameters } = options;
  if (endpoint !== null) {
    return createChatTransport({ ...parts, endpoint, parameters, timeoutMs: options.retry.timeoutMs });
  }
  if (!name.startsWith(COMMAND)) return createOwnTransport(name, parameters, parts.logger);
  const command = name.slice(COMMAND.length).trim();
  if (command === "") {
    throw new PerfagentError(
      "config",
      "Cannot use the model 'command:': it names no program; command:PROGRAM is wanted",
    );
  }
  return createCommandTransport({
    command,
    parameters,
    environment: withoutSecrets(options.environment, secrets),
  });
}

/** Everything that must appear nowhere: keys, secret headers, and passwords inside the base URL. */
function secretsIn(options: ModelOptions, endpoint: Endpoint | null): string[] {
  const { apiKey, apiBase, environment, parameters } = options;
  const headers = Object.entries(parameters.headers).flatMap(([name, value]) =>
    isSecretName(name) ? [value, value.replace(/^\w+\s+/, "")] : [],
  );
  const query = [...(endpoint?.url.searchParams ?? [])].flatMap(([name, value]) =>
    isSecretName(name) ? [value] : [],
  );
  const given = [apiKey, endpoint?.key ?? null].filter((key): key is string => key !== null);
  return [...given, ...headers, ...query, ...urlPasswords(apiBase ?? ""), ...secretsOf(environment)];
}

/** An own command gets the environment without our keys: where it needs one, the user hands it over by another way. */
function withoutSecrets(
  environment: Readonly<Record<string, string | undefined>>,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const known = new Set(secrets.map((secret) => secret.trim()));
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !isSecretName(entry[0]) && !known.has(entry[1].trim()),
    ),
  );
}

function redactingLogger(logger: Logger, redact: (text: string) => string): Logger {
  return {
    debug: (message) => logger.debug(redact(message)),
    info: (message) => logger.info(redact(message)),
    warn: (message) => logger.warn(redact(message)),
    error: (message) => logger.error(redact(message)),
  };
}

function pricedNames(name: string, endpoint: Endpoint | null): string[] {
  return endpoint === null ? [name] : [name, endpoint.model];
}

/** A limit on money means nothing where nobody knows what a call costs. */
function requirePrice({ budget, pricing }: ModelOptions, name: string, endpoint: Endpoint | null): void {
  if (budget.limits.maxCostUsd === null || priceOf(pricing, pricedNames(name, endpoint)) !== null) return;
  throw new PerfagentError(
    "config",
    `Cannot hold --max-cost with the model '${name}': 'pricing' has no price for it`,
    {
      hint: `Add it to the configuration, in USD per million tokens: pricing: {"${name}": {input: 0.3, output: 1.2}}`,
    },
  );
}

function emptyName(): PerfagentError {
  return new PerfagentError("config", "Cannot use a model without a name: model.name is empty", {
    hint: "Set it with --model, for example --model deepseek/deepseek-chat",
  });
}
