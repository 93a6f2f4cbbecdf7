/** The services that are known by name. */

export interface Preset {
  readonly title: string;
  /** Base URL of its OpenAI-compatible API. */
  readonly baseUrl: string;
  /** Variables that may hold its key, the usual one first; empty for a service that needs none. */
  readonly keyVariables: readonly string[];
  /** Model names that belong to it when they stand alone. */
  readonly family: RegExp | null;
  /** The field that limits an answer. */
  readonly maxTokensField: MaxTokensField;
}

export type MaxTokensField = "max_tokens" | "max_completion_tokens";

/** By the prefix of a model's name. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  openai: {
    ...hosted(
      "OpenAI",
      "https://api.openai.com/v1",
      ["OPENAI_API_KEY"],
      /^(gpt-|chatgpt-|codex-|o[1-9](-|$))/i,
    ),
    // Its newer models refuse the older field; its older ones take both.
    maxTokensField: "max_completion_tokens",
  },
  deepseek: hosted("DeepSeek", "https://api.deepseek.com/v1", ["DEEPSEEK_API_KEY"], /^deepseek-/i),
  openrouter: hosted("OpenRouter", "https://openrouter.ai/api/v1", ["OPENROUTER_API_KEY"], null),
  together: hosted("Together", "https://api.together.xyz/v1", ["TOGETHER_API_KEY"], null),
  groq: hosted("Groq", "https://api.groq.com/openai/v1", ["GROQ_API_KEY"], null),
  mistral: hosted(
    "Mistral",
    "https://api.mistral.ai/v1",
    ["MISTRAL_API_KEY"],
    /^(open-)?(mistral|mixtral|codestral|magistral|devstral|ministral|pixtral)-/i,
  ),
  anthropic: hosted("Anthropic", "https://api.anthropic.com/v1", ["ANTHROPIC_API_KEY"], /^claude-/i),
  gemini: hosted(
    "Gemini",
    "https://generativelanguage.googleapis.com/v1beta/openai",
    ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    /^gemini-/i,
  ),
  vllm: local("vLLM", "http://127.0.0.1:8000/v1"),
  "llama.cpp": local("llama.cpp", "http://127.0.0.1:8080/v1"),
  ollama: local("Ollama", "http://127.0.0.1:11434/v1"),
  lmstudio: local("LM Studio", "http://127.0.0.1:1234/v1"),
};

// --- internal ---

function hosted(title: string, baseUrl: string, keys: readonly string[], family: RegExp | null): Preset {
  return { title, baseUrl, keyVariables: keys, family, maxTokensField: "max_tokens" };
}

function local(title: string, baseUrl: string): Preset {
  return { title, baseUrl, keyVariables: [], family: null, maxTokensField: "max_tokens" };
}
