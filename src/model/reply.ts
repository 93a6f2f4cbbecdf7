/** Puts an answer together from the pieces of a chat completion, streamed or whole. No effects. */
import type { FinishReason } from "../types.ts";
import { type Answer, finishReasonOf } from "./answer.ts";
import type { TokenCounts } from "./pricing.ts";
import { splitReasoning } from "./reasoning.ts";

export interface ReplyAssembler {
  /** Takes one chunk of a stream, or a whole completion. */
  add(chunk: Readonly<Record<string, unknown>>): void;
  /** Any choice was begun. */
  readonly hasChoices: boolean;
  /** Any text, reasoning or refusal arrived. */
  readonly hasWords: boolean;
  /** The service said why it stopped, so the answer is whole. */
  readonly isFinished: boolean;
  /** More arrived than is kept: the answer counts as cut. */
  readonly isFull: boolean;
  /** The token counts arrived. */
  readonly hasUsage: boolean;
  /** Everything that the model wrote so far. */
  written(): string;
  finish(): Answer & { readonly tokens: TokenCounts; readonly model: string | null };
}

export function createReplyAssembler(): ReplyAssembler {
  const choices = new Map<number, Choice>();
  let usage: Json | null = null;
  let model: string | null = null;
  let chars = 0;

  function addChoice(given: Json, position: number): void {
    const index = typeof given.index === "number" ? given.index : position;
    const choice = choices.get(index) ?? newChoice();
    choices.set(index, choice);
    // Streams send a delta, whole replies a message, old completion servers a text.
    const part = isObject(given.delta) ? given.delta : isObject(given.message) ? given.message : given;
    const content = part.content ?? (part === given ? given.text : null);
    chars += append(choice.text, textOf(content, "text"));
    chars += append(choice.reasoning, textOf(content, "thinking"));
    chars += append(choice.reasoning, reasoningOf(part));
    chars += append(choice.refusal, typeof part.refusal === "string" ? part.refusal : "");
    if (hasToolCalls(part)) choice.hasToolCalls = true;
    if (typeof given.finish_reason === "string") choice.finish = given.finish_reason;
  }

  return {
    add(chunk) {
      if (typeof chunk.model === "string" && chunk.model !== "") model = chunk.model;
      usage = usageOf(chunk) ?? usage;
      if (!Array.isArray(chunk.choices)) return;
      for (const [position, given] of chunk.choices.entries())
        if (isObject(given)) addChoice(given, position);
    },
    get hasChoices() {
      return choices.size > 0;
    },
    get hasWords() {
      return chars > 0;
    },
    get isFinished() {
      return choices.size > 0 && [...choices.values()].every(({ finish }) => finish !== null);
    },
    get isFull() {
      return chars > MAX_ANSWER_CHARS;
    },
    get hasUsage() {
      return usage !== null;
    },
    written: () =>
      [...choices.values()]
        .map(({ text, reasoning, refusal }) => [...reasoning, ...text, ...refusal].join(""))
        .join(""),
    finish: () => ({
      ...answerOf(chooseChoice(choices), chars > MAX_ANSWER_CHARS),
      tokens: tokenCounts(usage),
      model,
    }),
  };
}

// --- internal ---

/**
 * Most characters of an answer and its reasoning that are kept: a million tokens, several times what any model writes. A
 * service that sends more is broken, and memory is not its to fill.
 */
const MAX_ANSWER_CHARS = 4 * 2 ** 20;

type Json = Readonly<Record<string, unknown>>;

/** Token counts of a service's `usage`; null where it does not tell one. */
function tokenCounts(usage: unknown): TokenCounts {
  const given = isObject(usage) ? usage : {};
  const promptDetails = isObject(given.prompt_tokens_details) ? given.prompt_tokens_details : {};
  const completionDetails = isObject(given.completion_tokens_details) ? given.completion_tokens_details : {};
  return {
    promptTokens: count(given.prompt_tokens),
    cachedTokens: count(promptDetails.cached_tokens) ?? count(given.prompt_cache_hit_tokens),
    completionTokens: count(given.completion_tokens),
    reasoningTokens: count(completionDetails.reasoning_tokens),
    costUsd: count(given.cost),
  };
}

interface Choice {
  readonly text: string[];
  readonly reasoning: string[];
  readonly refusal: string[];
  hasToolCalls: boolean;
  /** As received; null while the choice goes on. */
  finish: string | null;
}

function newChoice(): Choice {
  return { text: [], reasoning: [], refusal: [], hasToolCalls: false, finish: null };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

function append(parts: string[], text: string): number {
  if (text !== "") parts.push(text);
  return text.length;
}

/** The content itself, or the parts of one kind when it comes as a list of parts. */
function textOf(content: unknown, kind: "text" | "thinking"): string {
  if (typeof content === "string") return kind === "text" ? content : "";
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => {
      if (!isObject(part) || (part.type ?? "text") !== kind) return "";
      const inner = part[kind];
      return typeof inner === "string" ? inner : textOf(inner, "text");
    })
    .join("");
}

/** Services name the field differently; some send both with the same words. */
function reasoningOf(part: Json): string {
  for (const given of [part.reasoning_content, part.reasoning]) {
    if (typeof given === "string" && given !== "") return given;
  }
  return "";
}

function hasToolCalls(part: Json): boolean {
  return (Array.isArray(part.tool_calls) && part.tool_calls.length > 0) || isObject(part.function_call);
}

function usageOf(chunk: Json): Json | null {
  if (isObject(chunk.usage)) return chunk.usage;
  return isObject(chunk.x_groq) && isObject(chunk.x_groq.usage) ? chunk.x_groq.usage : null;
}

/** The first choice that says something; where none does, the first. */
function chooseChoice(choices: ReadonlyMap<number, Choice>): Choice {
  const inOrder = [...choices.entries()].sort(([a], [b]) => a - b).map(([, choice]) => choice);
  return inOrder.find(({ text }) => text.join("").trim() !== "") ?? inOrder[0] ?? newChoice();
}

function answerOf(choice: Choice, isFull: boolean): Answer {
  const split = splitReasoning(choice.text.join("").slice(0, MAX_ANSWER_CHARS));
  const refusal = choice.refusal.join("");
  const thoughts = [
    choice.reasoning.join("").slice(0, MAX_ANSWER_CHARS).trim(),
    split.reasoning ?? "",
    refusal === "" ? "" : `Refusal: ${refusal}`,
  ].filter((part) => part !== "");
  const hasText = split.text.trim() !== "";
  return {
    text: split.text,
    reasoning: thoughts.length === 0 ? null : thoughts.join("\n\n"),
    finishReason: isFull ? "length" : finishOf(choice, refusal, hasText),
  };
}

function finishOf(choice: Choice, refusal: string, hasText: boolean): FinishReason {
  if (refusal !== "" && !hasText) return "refusal";
  // Some services say "stop" where the answer is a tool call.
  if (choice.hasToolCalls && !hasText) return "tool_calls";
  return finishReasonOf(choice.finish);
}
