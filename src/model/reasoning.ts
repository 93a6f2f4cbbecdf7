/** Takes what a model thought aloud apart from its answer. Pure. */

export interface SplitText {
  readonly text: string;
  /** Null when the text holds no reasoning. */
  readonly reasoning: string | null;
}

/**
 * Splits a reply that carries its reasoning inside the text: `<think>` blocks at its beginning, and everything before an
 * end tag whose start tag is missing (some chat templates put it into the prompt). A block that is never closed is all
 * reasoning. Tags further on are left alone: they may be part of a program, and whoever applies an answer looks at them
 * with the program's fences in view.
 */
export function splitReasoning(reply: string): SplitText {
  const thoughts: string[] = [];
  let rest = withoutMissingStart(reply, thoughts);
  for (;;) {
    const start = START.exec(rest);
    if (start === null) break;
    const body = rest.slice(start[0].length);
    const end = new RegExp(`</${start[1]}>`, "i").exec(body);
    thoughts.push(body.slice(0, end?.index ?? body.length));
    rest = end === null ? "" : body.slice(end.index + end[0].length);
  }
  if (thoughts.length === 0) return { text: reply, reasoning: null };
  const reasoning = thoughts
    .map((thought) => thought.trim())
    .filter((thought) => thought !== "")
    .join("\n\n");
  return { text: rest.replace(/^\s*\n/, ""), reasoning: reasoning === "" ? null : reasoning };
}

// --- internal ---

const TAGS = "(think|thinking|thoughts?|reasoning)";
const START = new RegExp(`^\\s*<${TAGS}>`, "i");
const ANY_START = new RegExp(`<${TAGS}>`, "i");
/** Alone at the end of a line: the middle of a line is prose that mentions the tag. */
const LONE_END = new RegExp(`</${TAGS}>[ \\t]*(?:\\r?\\n|$)`, "i");
/** Code begins here: a tag behind it may belong to the program. */
const CODE = /^[ \t]*(?:```|~~~|<{5,})/m;

function withoutMissingStart(reply: string, thoughts: string[]): string {
  const end = LONE_END.exec(reply);
  if (end === null) return reply;
  const before = reply.slice(0, end.index);
  if (ANY_START.test(before) || CODE.test(before)) return reply;
  thoughts.push(before);
  return reply.slice(end.index + end[0].length);
}
