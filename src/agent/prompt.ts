/** What the model is asked: templates, placeholders, and a prompt that fits the model's window. Pure. */
import { shortenMiddle } from "../lib/text.ts";
import type { Evaluation, Message, Mode } from "../types.ts";
import { PLACEHOLDERS, type Placeholder } from "./placeholders.ts";
import formatDiff from "./prompts/format-diff.md" with { type: "text" };
import formatDirect from "./prompts/format-direct.md" with { type: "text" };
import optimizationTemplate from "./prompts/optimization.md" with { type: "text" };
import systemTemplate from "./prompts/system.md" with { type: "text" };
import type { Attempt, LoopState } from "./state.ts";

/** What stays the same in all rounds of a run. */
export interface PromptSettings {
  /** For the reader of the prompt: "Python 3", "C++". */
  readonly languageTitle: string;
  /** What shall become smaller, in words: "running time (s)". */
  readonly targetTitle: string;
  readonly taskDescription: string;
  /** Null takes the built-in templates. */
  readonly systemTemplate: string | null;
  readonly optimizationTemplate: string | null;
  readonly additionalRequirements: string;
  readonly localMemory: string;
  readonly globalMemory: string;
  /** Which packages a program may import; empty says nothing about it. */
  readonly allowedImports: string;
  /** The answer format of the whole run; a single round may ask for another. */
  readonly mode: Mode;
  readonly includeAllHistory: boolean;
  /** History and failure details are shortened until the prompt is no longer than this. */
  readonly maxInputTokens: number;
}

/** Words about measurements, which other parts know how to say. */
export interface PromptPorts {
  /** The metrics of the current program, one a line, with units. */
  describeMetrics(evaluation: Evaluation | null): string;
  /** Why the current program fails, at most this many characters; empty when it passes. */
  describeFailure(evaluation: Evaluation, maxCharacters: number): string;
  /** Where the time of the current program goes; empty when there is nothing reliable to say. */
  analyse(state: LoopState): string;
  estimateTokens(text: string): number;
}

/**
 * The messages of the next round. The system message is the same in every round, so that a provider's prompt cache
 * finds it again; what changes stands in the user message.
 *
 * @param mode The answer format of this round.
 */
export function buildPrompt(
  state: LoopState,
  mode: Mode,
  settings: PromptSettings,
  ports: PromptPorts,
): readonly Message[] {
  let messages: readonly Message[] = [];
  for (const detail of DETAILS) {
    messages = render(state, mode, settings, ports, detail);
    const tokens = messages.reduce((sum, message) => sum + ports.estimateTokens(message.content), 0);
    if (tokens <= settings.maxInputTokens) break;
  }
  return messages;
}

/**
 * Replaces the known placeholders in one pass: a brace that is none of them stays as it is, and so does a placeholder
 * inside an inserted value. A line that holds nothing but an empty placeholder is left out.
 */
export function fillTemplate(template: string, values: Readonly<Record<Placeholder, string>>): string {
  return template
    .replace(LONE_PLACEHOLDER_PATTERN, (line, name: Placeholder) => (values[name] === "" ? "" : line))
    .replace(PLACEHOLDER_PATTERN, (_, name: Placeholder) => values[name]);
}

// --- internal ---

/** A placeholder alone on its line, with the empty lines after it: together they are left out when it is empty. */
const LONE_PLACEHOLDER_PATTERN = new RegExp(`^\\{(${PLACEHOLDERS.join("|")})\\}[ \\t]*\\n+`, "gm");
const PLACEHOLDER_PATTERN = new RegExp(`\\{(${PLACEHOLDERS.join("|")})\\}`, "g");

/** How much of history and failures a prompt shows; each step is tried until the prompt fits. */
interface Detail {
  /** Latest rounds of which a line is shown. */
  readonly rounds: number;
  /** Characters of what the latest round was told, and of the current program's failure. */
  readonly characters: number;
  readonly analysis: boolean;
}

const DETAILS: readonly Detail[] = [
  { rounds: 6, characters: 6000, analysis: true },
  { rounds: 6, characters: 2000, analysis: true },
  { rounds: 3, characters: 1000, analysis: true },
  { rounds: 1, characters: 400, analysis: false },
  { rounds: 0, characters: 0, analysis: false },
];

function render(
  state: LoopState,
  mode: Mode,
  settings: PromptSettings,
  ports: PromptPorts,
  detail: Detail,
): readonly Message[] {
  const values = placeholderValues(state, settings, ports, detail);
  const system =
    settings.systemTemplate ?? `${systemTemplate}\n${settings.mode === "diff" ? formatDiff : formatDirect}`;
  const user = settings.optimizationTemplate ?? optimizationTemplate;
  return [
    { role: "system", content: fillTemplate(system, values) },
    { role: "user", content: fillTemplate(user, values) + requestOf(state, mode, settings) },
  ];
}

function placeholderValues(
  state: LoopState,
  settings: PromptSettings,
  ports: PromptPorts,
  detail: Detail,
): Readonly<Record<Placeholder, string>> {
  const evaluation = state.current.evaluation;
  const failure =
    evaluation === null || evaluation.passed ? "" : ports.describeFailure(evaluation, detail.characters);
  return {
    language: settings.languageTitle,
    optimization_target: settings.targetTitle,
    task_description: settings.taskDescription.trim(),
    additional_requirements: settings.additionalRequirements.trim(),
    local_memory: settings.localMemory.trim(),
    global_memory: settings.globalMemory.trim(),
    allowed_imports_scope: settings.allowedImports.trim(),
    current_program: state.current.code.replace(/\n$/, ""),
    current_code: state.current.code.replace(/\n$/, ""),
    current_metrics: ports.describeMetrics(evaluation),
    current_artifacts_section: failure,
    performance_analysis: detail.analysis ? ports.analyse(state) : "",
    optimization_history: describeHistory(state, settings, detail),
  };
}

/** What this round asks for where the standing answer format does not say it. */
function requestOf(state: LoopState, mode: Mode, settings: PromptSettings): string {
  if (isUnwritten(state)) {
    return "\nThere is no program yet: write one that is correct and fast. Send the whole program in one fenced code block.\n";
  }
  if (mode === "direct" && settings.mode === "diff") {
    return "\nYour last edits could not be applied. This time send the whole new program in one fenced code block.\n";
  }
  return "";
}

function isUnwritten(state: LoopState): boolean {
  return state.initialIsPlaceholder && state.current.iteration === 0;
}

function describeHistory(state: LoopState, settings: PromptSettings, detail: Detail): string {
  if (state.attempts.length === 0) return "Nothing yet.";
  const all = settings.includeAllHistory && detail.rounds > 0;
  const shown = detail.rounds === 0 ? [] : state.attempts.slice(all ? 0 : -detail.rounds);
  const lines: string[] = [];
  const left = state.attempts.length - shown.length;
  if (left > 0) lines.push(`(${left} earlier ${left === 1 ? "round is" : "rounds are"} left out.)`);
  for (const attempt of shown) {
    const isLast = attempt === state.attempts.at(-1);
    lines.push(describeAttempt(attempt, state, detail, isLast, all));
  }
  if (state.current.iteration !== state.attempts.at(-1)?.iteration) {
    lines.push(
      state.current.iteration === 0
        ? "The current program above is still the initial one."
        : `The current program above is the one of round ${state.current.iteration}.`,
    );
  }
  return lines.join("\n");
}

function describeAttempt(
  attempt: Attempt,
  state: LoopState,
  detail: Detail,
  isLast: boolean,
  withDiff: boolean,
): string {
  const kept = attempt.verdict === "improved" ? "kept" : "not kept";
  const lines = [`Round ${attempt.iteration}: ${attempt.verdict} (${kept}). ${attempt.reason}.`];
  // The program of a kept round is the one shown above; its diff would only repeat it.
  const isCurrent = attempt.iteration === state.current.iteration;
  if ((isLast || withDiff) && !isCurrent && attempt.diff !== "") {
    lines.push("Its change was:", shortenMiddle(attempt.diff, Math.max(400, detail.characters / 2)));
  }
  if (isLast && attempt.feedback !== "") lines.push(shortenMiddle(attempt.feedback, detail.characters));
  return lines.join("\n").replace(/\.\.(?=\n|$)/g, ".");
}
