/** The demo's problems: written for perfagent, in EffiBench-X's format, with answers that a script gives. */
import calmAnswers from "./calm/answers.txt" with { type: "text" };
import calmGenerator from "./calm/generator.py" with { type: "text" };
import calmRunner from "./calm/runner.py" with { type: "text" };
import calmSlow from "./calm/slow.py" with { type: "text" };
import calmStarter from "./calm/starter.py" with { type: "text" };
import calmStatement from "./calm/statement.md" with { type: "text" };
import calmTests from "./calm/tests.json" with { type: "json" };
import integerChecker from "./integer-checker.py" with { type: "text" };
import lampsAnswers from "./lamps/answers.txt" with { type: "text" };
import lampsGenerator from "./lamps/generator.py" with { type: "text" };
import lampsSlow from "./lamps/slow.py" with { type: "text" };
import lampsStatement from "./lamps/statement.md" with { type: "text" };
import lampsTests from "./lamps/tests.json" with { type: "json" };

export interface DemoProblem {
  /** Task name: names its files. */
  readonly name: string;
  readonly title: string;
  readonly mode: "diff" | "direct";
  /** The slow Python program to begin with. */
  readonly initialCode: string;
  /** Answers that a script gives in place of a model, one for each round. */
  readonly answers: readonly string[];
  /** The instance, as its file holds it. */
  readonly instance: Readonly<Record<string, unknown>>;
}

/** One problem with a whole program, one with a function. */
export const DEMO_PROBLEMS: readonly DemoProblem[] = [
  {
    name: "lamps-in-step",
    title: "Lamps in Step",
    mode: "diff",
    initialCode: lampsSlow,
    answers: splitAnswers(lampsAnswers),
    instance: {
      ...instanceFields("1", "Lamps in Step", "lamps-in-step"),
      description: lampsStatement,
      type: "io",
      test_case_generator: lampsGenerator,
      generated_tests: lampsTests,
      starter_code: null,
      test_runners: null,
    },
  },
  {
    name: "longest-calm",
    title: "The Longest Calm",
    mode: "direct",
    initialCode: calmSlow,
    answers: splitAnswers(calmAnswers),
    instance: {
      ...instanceFields("2", "The Longest Calm", "longest-calm"),
      description: calmStatement,
      type: "functional",
      test_case_generator: calmGenerator,
      generated_tests: calmTests,
      starter_code: { python3: calmStarter },
      test_runners: { python3: calmRunner },
    },
  },
];

// --- internal ---

function instanceFields(id: string, title: string, slug: string): Readonly<Record<string, unknown>> {
  return {
    id,
    title,
    title_slug: slug,
    difficulty: "easy",
    tags: [],
    source: "perfagent-demo",
    time_limit_nanos: 2_000_000_000,
    memory_limit_bytes: 512_000_000,
    evaluator: integerChecker,
    solutions: {},
  };
}

function splitAnswers(text: string): readonly string[] {
  return text.split("\n---8<---\n");
}
