/** Prices of models, and what a call costs. Pure. */

/** In US dollars per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** Of prompt tokens that the service had cached; without it they cost what others cost. */
  readonly cachedInput?: number;
}

/** Prices by model name, as written by the user. */
export type Pricing = Readonly<Record<string, Price>>;

/** Tokens of one call as the service counted them; null where it did not say. */
export interface TokenCounts {
  readonly promptTokens: number | null;
  /** Part of the prompt tokens. */
  readonly cachedTokens: number | null;
  readonly completionTokens: number | null;
  /** Part of the completion tokens. */
  readonly reasoningTokens: number | null;
  /** The cost in US dollars where the service itself told it. */
  readonly costUsd: number | null;
}

/** The price under the first of several names that has one; null when none has. */
export function priceOf(pricing: Pricing, names: readonly string[]): Price | null {
  for (const name of names) if (Object.hasOwn(pricing, name)) return pricing[name] ?? null;
  return null;
}

/**
 * What a call cost: by the price where there is one, else what the service said.
 * @returns US dollars, or null when it cannot be known. Never 0 for a lack of knowledge.
 */
export function costOf(tokens: TokenCounts, price: Price | null): number | null {
  if (price === null) return tokens.costUsd;
  const { promptTokens, completionTokens } = tokens;
  if (promptTokens === null || completionTokens === null) return tokens.costUsd;
  const cached = price.cachedInput === undefined ? 0 : Math.min(tokens.cachedTokens ?? 0, promptTokens);
  return (
    ((promptTokens - cached) * price.input +
      cached * (price.cachedInput ?? price.input) +
      completionTokens * price.output) /
    TOKENS_PER_PRICE
  );
}

// --- internal ---

const TOKENS_PER_PRICE = 1e6;
