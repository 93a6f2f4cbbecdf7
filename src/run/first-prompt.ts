/** The prompt that a run begins with, without running anything. */
import { modeOfNextRound } from "../agent/loop.ts";
import { buildPrompt } from "../agent/prompt.ts";
import { initialState } from "../agent/state.ts";
import type { Config } from "../config/schema.ts";
import type { Instance, Language, Message } from "../types.ts";
import type { InitialCode } from "./initial-code.ts";
import { loopSettings } from "./parts.ts";
import { promptPorts, promptSettings } from "./prompt-parts.ts";

/** The first messages; the measurements that a real first prompt also has are not in them. */
export function firstPrompt(
  config: Config,
  instance: Instance,
  language: Language,
  initial: InitialCode,
): readonly Message[] {
  const state = initialState(initial.code, initial.isPlaceholder);
  return buildPrompt(
    state,
    modeOfNextRound(state, loopSettings(config)),
    promptSettings(config, instance, language),
    promptPorts(config, instance, null),
  );
}
