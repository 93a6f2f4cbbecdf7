/** The model's options out of the configuration. */
import type { Config } from "../config/schema.ts";
import { type ModelOptions, requireModel } from "../model/index.ts";
import type { Pricing } from "../model/pricing.ts";
import type { RunPartsContext } from "./index.ts";
import type { Workshop } from "./workshop.ts";

/**
 * Refuses a model that cannot be asked, before anything is opened or measured.
 * @throws PerfagentError `model` without a key where one is needed, `config` for a name that stands for no model.
 */
export function requireConfiguredModel(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const { name, api_base: apiBase, api_key: apiKey, headers } = config.model;
  // Without a round nobody is asked.
  if (config.max_iterations > 0) requireModel({ name, apiBase, apiKey, headers, environment });
}

export function modelOptions(config: Config, workshop: Workshop, context: RunPartsContext): ModelOptions {
  const { model } = config;
  return {
    name: model.name,
    apiBase: model.api_base,
    apiKey: model.api_key,
    environment: workshop.environment,
    parameters: {
      temperature: model.temperature,
      maxOutputTokens: model.max_output_tokens,
      reasoningEffort: model.reasoning_effort,
      stream: model.stream,
      extraBody: model.extra_body,
      headers: model.headers,
    },
    retry: {
      timeoutMs: model.request_timeout * 1000,
      maxRetries: model.max_retries,
      delayMs: model.retry_delay * 1000,
      backoffFactor: model.retry_backoff_factor,
      jitterMs: model.retry_jitter * 1000,
    },
    pricing: pricingOf(config),
    budget: workshop.budget,
    governor: workshop.governor,
    owner: context.instance.taskName,
    answersUsed: context.answersUsed,
    ioLog: model.log_inputs_outputs
      ? { path: context.ioLogPath, sanitize: model.log_sanitize, hide: model.log_hide }
      : null,
    logger: context.logger,
  };
}

/** The price table of the configuration. */
export function pricingOf(config: Config): Pricing {
  return Object.fromEntries(
    Object.entries(config.pricing).map(([name, { input, output, cached_input: cachedInput }]) => [
      name,
      { input, output, ...(cachedInput === undefined ? {} : { cachedInput }) },
    ]),
  );
}
