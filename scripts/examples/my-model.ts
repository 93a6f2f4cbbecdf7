/**
 * A model client of your own: here for Ollama's own API, which is no OpenAI-compatible one.
 *
 *   perfagent run --instance problem.json --model ./my-model.ts --set 'model.extra_body={"model": "qwen2.5-coder"}'
 *
 * The file's default export is a function. It is called once with the settings and returns an object with
 * `complete(messages, signal)`, which returns the answer: a text, or an object with `text` and, where known, `reasoning`,
 * `finishReason` ("length" when the answer is cut) and `usage`. What it throws ends the run, so it repeats by itself what is
 * worth repeating. It may import other files and everything that Bun has, but no packages.
 */

interface Context {
  readonly temperature: number | null;
  readonly maxOutputTokens: number | null;
  readonly reasoningEffort: string | null;
  /** `model.extra_body`: settings of your own. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly logger: { warn(message: string): void };
}

interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export default function createMyModel({ temperature, maxOutputTokens, extraBody }: Context) {
  const url = String(extraBody.url ?? "http://127.0.0.1:11434/api/chat");
  const model = String(extraBody.model ?? "qwen2.5-coder");
  return {
    async complete(messages: readonly Message[], signal: AbortSignal) {
      const response = await fetch(url, {
        method: "POST",
        body: JSON.stringify({
          model,
          messages,
          stream: false,
          options: { ...(temperature === null ? {} : { temperature }), num_predict: maxOutputTokens ?? -1 },
        }),
        signal,
      });
      if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
      const reply = (await response.json()) as {
        message: { content: string };
        done_reason?: string;
        prompt_eval_count?: number;
        eval_count?: number;
      };
      return {
        text: reply.message.content,
        finishReason: reply.done_reason ?? "stop",
        usage: { promptTokens: reply.prompt_eval_count ?? null, completionTokens: reply.eval_count ?? null },
      };
    },
  };
}
