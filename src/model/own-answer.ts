/** What a user's own client may return, checked. */
import * as v from "valibot";
import { finishReasonOf } from "./answer.ts";
import { AttemptFailure } from "./failure.ts";
import { splitReasoning } from "./reasoning.ts";
import { type AttemptResult, UNCOUNTED } from "./transport.ts";

/**
 * Reads the answer of an own client: a text, or an object with `text` and, where known, `reasoning`, `finishReason`,
 * `model` and `usage {promptTokens, cachedTokens, completionTokens, reasoningTokens, costUsd}`.
 *
 * @param model The name to give where the client gives none.
 * @throws AttemptFailure naming the field that is wrong.
 */
export function readOwnAnswer(value: unknown, model: string): AttemptResult {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = v.getDotPath(issue);
    const where = path === null ? "it returned" : `its field '${path}' holds`;
    throw new AttemptFailure(`${where} ${issue.received}; ${issue.expected ?? "a text"} is wanted`, {
      repeat: "never",
      hint: "complete() returns a text, or an object with the field 'text'",
    });
  }
  const given = typeof parsed.output === "string" ? { text: parsed.output } : parsed.output;
  const split = splitReasoning(given.text);
  return {
    text: split.text,
    reasoning: given.reasoning ?? split.reasoning,
    finishReason: given.finishReason === undefined ? "stop" : finishReasonOf(given.finishReason),
    tokens: { ...UNCOUNTED, ...given.usage },
    model: given.model ?? model,
    requests: 1,
    limits: null,
    firstWordsMs: null,
  };
}

// --- internal ---

const count = v.optional(v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0))), null);

const schema = v.union([
  v.string(),
  v.object({
    text: v.string(),
    reasoning: v.optional(v.nullable(v.string())),
    finishReason: v.optional(v.string()),
    model: v.optional(v.string()),
    usage: v.optional(
      v.object({
        promptTokens: count,
        cachedTokens: count,
        completionTokens: count,
        reasoningTokens: count,
        costUsd: count,
      }),
    ),
  }),
]);
