/** Reads the answers out of a recording: a list of answers, a journal, or a trajectory. Pure. */
import { PerfagentError } from "../errors.ts";
import { sha256 } from "../lib/hash.ts";
import { type Answer, finishReasonOf } from "./answer.ts";
import { splitReasoning } from "./reasoning.ts";

export interface RecordedAnswer extends Answer {
  /** The program that the answer was written for, where the recording tells it. */
  readonly writtenFor: string | null;
}

/**
 * Finds the answers in a recording, in order. It may be
 *
 * - JSON lines, each a string or an object with the answer under `text`, `content`, `response`, `reply`, `completion`
 *   or as an OpenAI-like message or reply;
 * - a journal: its `reply` events;
 * - a trajectory: the replies of its `generate_optimization` steps; also one of the Python original;
 * - one JSON list of such answers.
 *
 * A last line that was cut off while it was written is left out of a journal.
 *
 * @throws PerfagentError `config` naming the line that holds no answer, or when there is no answer at all.
 */
export function readRecording(content: string, path: string): RecordedAnswer[] {
  const text = content.replace(/^\ufeff/, "");
  if (text.trim() === "") throw refused(path, "the file is empty");
  const whole = parseWhole(text);
  const answers =
    whole === null
      ? readLines(text, path)
      : isTrajectory(whole)
        ? readTrajectory(whole)
        : readValues(whole, path);
  if (answers.length === 0) throw refused(path, "it holds no answer of a model");
  return answers;
}

// --- internal ---

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The document when the whole text is one JSON value over several lines, or null when it is JSON lines. */
function parseWhole(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readValues(value: unknown, path: string): RecordedAnswer[] {
  if (Array.isArray(value))
    return value.map((entry, index) => requireAnswer(entry, path, `entry ${index + 1}`));
  // A journal can be this short.
  if (isEvent(value)) return readJournal([value]);
  return [requireAnswer(value, path, "line 1")];
}

function readLines(text: string, path: string): RecordedAnswer[] {
  const lines = text.split("\n");
  const values: { readonly line: number; readonly value: unknown }[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    try {
      values.push({ line: index + 1, value: JSON.parse(line) });
    } catch {
      const isTorn = index === lines.length - 1 && isEvent(values[0]?.value);
      if (isTorn) break;
      throw refused(path, `its line ${index + 1} is not JSON`);
    }
  }
  if (isEvent(values[0]?.value)) return readJournal(values.map(({ value }) => value).filter(isObject));
  return values.map(({ line, value }) => requireAnswer(value, path, `line ${line}`));
}

function requireAnswer(value: unknown, path: string, place: string): RecordedAnswer {
  const answer = answerOf(value);
  if (answer !== null) return answer;
  throw refused(path, `its ${place} holds no answer`);
}

// --- Journals ---

function isEvent(value: unknown): value is Json {
  return isObject(value) && typeof value.type === "string" && typeof value.at === "string";
}

function readJournal(events: readonly Json[]): RecordedAnswer[] {
  const programs = new Map<string, string>();
  const answers: RecordedAnswer[] = [];
  for (const event of events) {
    const code = event.type === "run_started" ? event.initialCode : event.code;
    if (typeof code === "string") programs.set(sha256(code), code);
    if (event.type !== "reply") continue;
    const answer = answerOf(event.completion);
    if (answer === null) continue;
    answers.push({ ...answer, writtenFor: programs.get(String(event.baseSha256)) ?? answer.writtenFor });
  }
  return answers;
}

// --- Trajectories ---

function isTrajectory(value: unknown): value is Json & { readonly steps: readonly unknown[] } {
  return isObject(value) && Array.isArray(value.steps);
}

function readTrajectory(document: Json & { readonly steps: readonly unknown[] }): RecordedAnswer[] {
  const answers = document.steps.flatMap((step) =>
    isObject(step) && step.action === "generate_optimization" ? readStep(step) : [],
  );
  if (answers.length > 0 || !Array.isArray(document.history)) return answers;
  return document.history.flatMap((entry) =>
    isObject(entry) && entry.role === "assistant" ? (answerOf(entry.content) ?? []) : [],
  );
}

/** The answers of one round; none when the model could not be asked. */
function readStep(step: Json): RecordedAnswer[] {
  const output = isObject(step.output_data) ? step.output_data : {};
  const input = isObject(step.input_data) ? step.input_data : {};
  const writtenFor = typeof input.code === "string" ? input.code : null;
  const given = Array.isArray(output.replies)
    ? output.replies
    : [
        typeof step.response === "string"
          ? step.response
          : typeof output.response === "string"
            ? output.response
            : output,
      ];
  return given.flatMap((reply) => {
    const answer = answerOf(reply);
    return answer === null ? [] : [{ ...answer, writtenFor }];
  });
}

// --- One answer ---

/** Keys under which people and tools keep an answer's text. */
const TEXT_KEYS = ["text", "content", "response", "reply", "completion"] as const;

function answerOf(value: unknown): RecordedAnswer | null {
  if (typeof value === "string") return { ...splitReasoning(value), finishReason: "stop", writtenFor: null };
  if (!isObject(value)) return null;
  const choice = Array.isArray(value.choices) ? value.choices[0] : undefined;
  if (isObject(choice)) return withFinish(answerOf(choice.message) ?? answerOf(choice), choice);
  if (isObject(value.message)) return withFinish(answerOf(value.message), value);
  for (const key of TEXT_KEYS) {
    const inner = value[key];
    if (isObject(inner)) return withFinish(answerOf(inner), value);
    const text = textOf(inner);
    if (text === null) continue;
    const split = splitReasoning(text);
    const own = value.reasoning ?? value.reasoning_content;
    return withFinish(
      {
        text: split.text,
        reasoning: typeof own === "string" && own !== "" ? own : split.reasoning,
        finishReason: "stop",
        writtenFor: typeof value.writtenFor === "string" ? value.writtenFor : null,
      },
      value,
    );
  }
  // A refusal, or an answer of tool calls only: it came and it was empty.
  const isEmptyMessage = value.content === null && value.role === "assistant";
  if (typeof value.refusal !== "string" && !isEmptyMessage) return null;
  return {
    text: "",
    reasoning: typeof value.refusal === "string" ? `Refusal: ${value.refusal}` : null,
    finishReason: typeof value.refusal === "string" ? "refusal" : "unknown",
    writtenFor: null,
  };
}

/** A text, or the text parts of a list of content parts; null for anything else. */
function textOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return null;
  const parts = value.filter((part): part is Json => isObject(part) && typeof part.text === "string");
  return parts.length === 0 ? null : parts.map((part) => String(part.text)).join("");
}

function withFinish(answer: RecordedAnswer | null, holder: Json): RecordedAnswer | null {
  const given = holder.finish_reason ?? holder.finishReason;
  return answer === null || typeof given !== "string"
    ? answer
    : { ...answer, finishReason: finishReasonOf(given) };
}

function refused(path: string, found: string): PerfagentError {
  return new PerfagentError(
    "config",
    `Cannot replay '${path}': ${found}; JSON lines with an answer each, a journal or a trajectory is wanted`,
    { hint: 'A line is a JSON string, or an object such as {"text": "…"}' },
  );
}
