import { describe, expect, test } from "bun:test";
import { PLACEHOLDERS, type Placeholder } from "../../src/agent/placeholders.ts";
import { buildPrompt, fillTemplate, type PromptPorts, type PromptSettings } from "../../src/agent/prompt.ts";
import { type Attempt, initialState, type LoopState } from "../../src/agent/state.ts";

const PROGRAM = `int main() { std::vector<int> a{1, 2}; }\n\n\n\n// {optimization_history}\n`;

const PORTS: PromptPorts = {
  describeMetrics: (evaluation) => (evaluation === null ? "Not measured." : "METRICS"),
  describeFailure: () => "",
  analyse: () => "ANALYSIS",
  // One token a character makes the arithmetic of the test plain.
  estimateTokens: (text) => text.length,
};

const SETTINGS: PromptSettings = {
  languageTitle: "C++",
  targetTitle: "running time",
  taskDescription: "THE PROBLEM",
  systemTemplate: null,
  optimizationTemplate: null,
  additionalRequirements: "",
  localMemory: "",
  globalMemory: "",
  allowedImports: "",
  mode: "diff",
  includeAllHistory: false,
  maxInputTokens: 100_000,
};

function attempt(iteration: number): Attempt {
  return {
    iteration,
    verdict: "failed_tests",
    reason: `reason ${iteration}`,
    feedback: `FEEDBACK ${iteration} ${"f".repeat(3000)}`,
    diff: `DIFF ${iteration} ${"d".repeat(3000)}`,
    code: null,
    evaluation: null,
    comparison: null,
  };
}

function stateWith(rounds: number): LoopState {
  const attempts = Array.from({ length: rounds }, (_, index) => attempt(index + 1));
  return { ...initialState(PROGRAM, false), attempts, iteration: rounds };
}

function contents(state: LoopState, changes: Partial<PromptSettings> = {}, mode: "diff" | "direct" = "diff") {
  const [system, user] = buildPrompt(state, mode, { ...SETTINGS, ...changes }, PORTS);
  return { system: system?.content ?? "", user: user?.content ?? "" };
}

describe("fillTemplate()", () => {
  const values = Object.fromEntries(PLACEHOLDERS.map((name) => [name, `<${name}>`])) as Record<
    Placeholder,
    string
  >;

  test("fills every placeholder of the contract", () => {
    for (const name of PLACEHOLDERS) expect(fillTemplate(`a {${name}} b`, values)).toBe(`a <${name}> b`);
  });

  test("leaves every other brace as it is", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: such text stands in users' templates
    const template = "for (;;) { x[{1,2}] } {unknown} {{language}} {} {0} ${HOME} {language";
    expect(fillTemplate(template, values)).toBe(template.replace("{language}", "<language>"));
  });

  test("does not look into inserted values, and takes them literally", () => {
    const tricky = { ...values, current_code: "$& $1 {language}" };
    expect(fillTemplate("{current_code}", tricky)).toBe("$& $1 {language}");
  });

  test("leaves out a line that holds nothing but an empty placeholder", () => {
    const empty = { ...values, local_memory: "" };
    expect(fillTemplate("a\n\n{local_memory}\n\nb {local_memory}c\n", empty)).toBe("a\n\nb c\n");
  });
});

describe("buildPrompt()", () => {
  test("shows the problem, the program byte for byte, its metrics and the analysis", () => {
    const { system, user } = contents(stateWith(0));
    expect(system).toContain("THE PROBLEM");
    expect(system).toContain("<<<<<<< SEARCH");
    expect(user).toContain(PROGRAM.trimEnd());
    expect(user).toContain("Not measured.");
    expect(user).toContain("ANALYSIS");
    expect(user).toContain("Nothing yet.");
  });

  test("uses own templates with all placeholders", () => {
    const template = PLACEHOLDERS.map((name) => `${name}={${name}}`).join("\n");
    const { system, user } = contents(stateWith(1), {
      systemTemplate: template,
      optimizationTemplate: template,
      localMemory: "LOCAL",
      globalMemory: "GLOBAL",
      allowedImports: "IMPORTS",
      additionalRequirements: "MORE",
    });
    for (const text of [system, user]) {
      for (const part of ["language=C++", "LOCAL", "GLOBAL", "IMPORTS", "MORE", "THE PROBLEM", "Round 1"]) {
        expect(text).toContain(part);
      }
      expect(text).not.toMatch(/=\{(?!optimization_history)[a-z_]+\}$/m);
    }
  });

  test("shows the last rounds in a line each, the latest with its details, or all of them", () => {
    const few = contents(stateWith(9)).user;
    expect(few).toContain("(3 earlier rounds are left out.)");
    expect(few).not.toContain("Round 3:");
    expect(few).toContain("Round 4: failed_tests (not kept). reason 4.");
    expect(few).toContain("FEEDBACK 9");
    expect(few).not.toContain("FEEDBACK 8");
    const all = contents(stateWith(9), { includeAllHistory: true }).user;
    expect(all).toContain("Round 1:");
    expect(all).toContain("DIFF 1 ");
  });

  test("shortens history and details to the limit, never the problem or the program", () => {
    const full = contents(stateWith(9));
    const longest = full.system.length + full.user.length;
    let before = longest;
    for (let limit = longest - 1; limit > full.system.length + PROGRAM.length; limit -= 1000) {
      const { system, user } = contents(stateWith(9), { maxInputTokens: limit });
      expect(system).toContain("THE PROBLEM");
      expect(user).toContain(PROGRAM.trimEnd());
      expect(system.length + user.length).toBeLessThanOrEqual(before);
      before = system.length + user.length;
    }
    expect(before).toBeLessThan(longest / 2);
    expect(contents(stateWith(9), { maxInputTokens: 1 }).user).not.toContain("Round 9");
  });

  test("asks for the whole program where the round wants it, without touching the system message", () => {
    const usual = contents(stateWith(1));
    const whole = contents(stateWith(1), {}, "direct");
    expect(whole.system).toBe(usual.system);
    expect(whole.user).toContain("send the whole new program");
    const direct = contents(stateWith(1), { mode: "direct" }, "direct");
    expect(direct.system).toContain("the whole new program, complete");
    expect(direct.user).not.toContain("This time");
    const unwritten = buildPrompt({ ...initialState("# here\n", true) }, "direct", SETTINGS, PORTS);
    expect(unwritten[1]?.content).toContain("There is no program yet");
  });
});
