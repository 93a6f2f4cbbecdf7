// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are what is tested.
import { describe, expect, test } from "bun:test";
import { parseConfigDocument } from "../../src/config/document.ts";
import { layersOfEnvironment, mergeEnvironment, unknownVariables } from "../../src/config/environment.ts";
import { layerOfFile } from "../../src/config/file-layer.ts";
import { KEYS } from "../../src/config/keys.ts";
import { inReadingOrder, problemText, sourceText } from "../../src/config/problem.ts";
import { resolveLayers } from "../../src/config/resolve.ts";

const VARIABLES: Readonly<Record<string, string>> = { ROUNDS: "7", KEY: "sk-test-12345678", EMPTY: "" };

/** The resolution of one configuration file. */
function ofFile(text: string) {
  const document = parseConfigDocument(text, "p.yaml");
  const { layer, problems } = layerOfFile(
    document.root,
    document.lineOf,
    "p.yaml",
    (name) => VARIABLES[name],
  );
  const result = resolveLayers([layer]);
  return {
    ...result,
    problems: inReadingOrder([...document.problems, ...problems, ...result.problems]).map(problemText),
  };
}

describe("both spellings", () => {
  const PAIRS: readonly (readonly [string, string, unknown])[] = [
    ["max_iterations: 3", "max_iterations", 3],
    ["time_limit: 2.5", "runtime.time_limit", 2.5],
    ["memory_limit: 256", "runtime.memory_limit", 256],
    ["model_name: m", "model.name", "m"],
    ["temperature: 0", "model.temperature", 0],
    ["max_tokens: 100", "model.max_output_tokens", 100],
    ["num_runs: 9", "runtime.num_runs", 9],
    ["trim_ratio: 0.2", "runtime.trim_ratio", 0.2],
    ["max_workers: 2", "max_workers", 2],
    ["save_trajectory: false", "logging.save_trajectory", false],
    ["trajectory_dir: t", "logging.trajectory_dir", "t"],
    ["log_dir: l", "logging.log_dir", "l"],
    ["log_level: DEBUG", "logging.log_level", "DEBUG"],
    ["api_key: k", "model.api_key", "k"],
    ["api_base: http://x", "model.api_base", "http://x"],
    ["early_stop_no_improve: 2", "early_stop_no_improve", 2],
    ["system_template: s", "prompts.system_template", "s"],
    ["optimization_template: o", "prompts.optimization_template", "o"],
  ];
  for (const [line, name, value] of PAIRS) {
    test(`${line} means ${name}`, () => {
      const { config, provenance, problems } = ofFile(line);
      expect(problems).toEqual([]);
      expect(
        name.split(".").reduce((inner: unknown, part) => (inner as Record<string, unknown>)[part], config),
      ).toBe(value);
      expect(sourceText(provenance.get(name) ?? { kind: "default" })).toBe("p.yaml:1");
    });
  }

  test("both may be given when they agree", () => {
    expect(ofFile("num_runs: 3\nruntime:\n  num_runs: 3").config?.runtime.num_runs).toBe(3);
    expect(ofFile("language: go\nlanguage_cfg:\n  language: golang").config?.language_cfg.language).toBe(
      "golang",
    );
  });

  test("the two that disagree are an error naming both places", () => {
    expect(ofFile("num_runs: 3\nruntime:\n  num_runs: 4").problems).toEqual([
      "p.yaml:3: runtime.num_runs: disagrees with num_runs at p.yaml:1 (3 and 4); both mean runtime.num_runs, give it once",
    ]);
  });

  test("two keys that disagree are not shown", () => {
    const { problems } = ofFile("api_key: sk-one-11111111\nmodel:\n  api_key: sk-two-22222222");
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain("sk-");
  });

  test("max_workers of the batch and of the runtime are two keys", () => {
    const { config } = ofFile("max_workers: 2\nruntime:\n  max_workers: 3");
    expect(config?.max_workers).toBe(2);
    expect(config?.runtime.max_workers).toBe(3);
  });
});

test("every problem of a file is named at once, with its line", () => {
  const text = `max_iteration: 3
model:
  nmae: x
  temperature: hot
  api_key: [sk-test-12345678]
runtime: 5
optimization:
  target: speed
  num_runs: 3
  seed: -1
max_workers: 0
language_cfg:
  supported_languages: [python3, cobol]
pricing:
  m: {input: -1, output: 2}
log_level: \${LEVEL}
headers: {}
toString: 1
`;
  expect(ofFile(text).problems).toMatchInlineSnapshot(`
    [
      "p.yaml:1: max_iteration: there is no such key; did you mean 'max_iterations'?",
      "p.yaml:3: model.nmae: there is no such key; did you mean 'model.name'?",
      "p.yaml:4: model.temperature: 'hot' is given; a number from 0 to 2, or null is wanted",
      "p.yaml:5: model.api_key: a list is given; text, or null is wanted",
      "p.yaml:6: runtime: a number is given; a map with keys such as backend, time_limit, memory_limit is wanted",
      "p.yaml:8: optimization.target: 'speed' is given; one of runtime, memory, integral is wanted",
      "p.yaml:9: optimization.num_runs: there is no such key; did you mean 'runtime.num_runs'?",
      "p.yaml:10: optimization.seed: -1 is given; a whole number from 0 to 4294967295, or null is wanted",
      "p.yaml:11: max_workers: 0 is given; a whole number of at least 1 is wanted",
      "p.yaml:13: language_cfg.supported_languages: ["python3","cobol"] is given; a list of python3, cpp, java, javascript, golang, ruby is wanted (wrong at '1')",
      "p.yaml:14: pricing: {"m":{"input":-1,"output":2}} is given; a map of model names to {input, output, cached_input} is wanted (wrong at 'm.input')",
      "p.yaml:16: log_level: the variable LEVEL is not set; set it, or write \${LEVEL:-default}",
      "p.yaml:17: headers: there is no such key; did you mean 'model.headers'?",
      "p.yaml:18: toString: there is no such key",
    ]
  `);
});

describe("${NAME}", () => {
  test("is filled in, also where a number is wanted", () => {
    const { config, problems } = ofFile(
      "max_iterations: ${ROUNDS}\nnum_runs: ${NONE:-4}\nmodel:\n  stream: ${NONE:-false}\n  api_key: ${KEY}",
    );
    expect(problems).toEqual([]);
    expect(config).toMatchObject({
      max_iterations: 7,
      runtime: { num_runs: 4 },
      model: { stream: false, api_key: VARIABLES.KEY },
    });
  });

  test("is filled in inside of maps and lists", () => {
    const { config } = ofFile(
      "model:\n  headers: {Authorization: 'Bearer ${KEY}'}\n  extra_body: {a: [{b: '${ROUNDS}'}]}",
    );
    expect(config?.model.headers).toEqual({ Authorization: `Bearer ${VARIABLES.KEY}` });
    expect(config?.model.extra_body).toEqual({ a: [{ b: "7" }] });
  });

  test("that is not set is an error naming it", () => {
    expect(ofFile("model:\n  api_key: ${NO_SUCH}").problems).toEqual([
      "p.yaml:2: model.api_key: the variable NO_SUCH is not set; set it, or write ${NO_SUCH:-default}",
    ]);
  });
});

test("obsolete keys are one warning each, and say why", () => {
  const { config, warnings, problems } = ofFile(
    "model:\n  use_llm: true\noptimization:\n  enable_memory_checks: true\n  enable_runtime_checks: false",
  );
  expect(problems).toEqual([]);
  expect(config).not.toBeNull();
  expect(warnings).toHaveLength(3);
  expect(warnings[0]).toBe(
    "p.yaml:2: model.use_llm no longer means anything: a model is always asked; set max_iterations to 0 to evaluate only",
  );
});

test("model.include_all_history is an older spelling", () => {
  expect(ofFile("model:\n  include_all_history: true").config?.prompts.include_all_history).toBe(true);
});

test("a section without keys changes nothing", () => {
  expect(ofFile("model:\nruntime:\n  # num_runs: 3\n").config).toEqual(resolveLayers([]).config);
});

test("values of all layers are checked, also hidden ones", () => {
  const low = [{ name: "num_runs", value: "x", source: { kind: "file", file: "f", line: 2 } as const }];
  const high = [{ name: "num_runs", value: 3, source: { kind: "flag", flag: "--num-runs" } as const }];
  expect(resolveLayers([low, high]).problems).toHaveLength(1);
});

test("later layers win, and provenance says which", () => {
  const layer = (value: number, flag: string) => [
    { name: "num_runs", value, source: { kind: "flag", flag } as const },
  ];
  const { config, provenance } = resolveLayers([layer(1, "a"), layer(2, "b")]);
  expect(config?.runtime.num_runs).toBe(2);
  expect(provenance.get("runtime.num_runs")).toEqual({ kind: "flag", flag: "b" });
  expect(provenance.get("max_iterations")).toEqual({ kind: "default" });
});

test("the language must be a supported one", () => {
  expect(ofFile("language_cfg:\n  supported_languages: [cpp]\n").problems).toEqual([
    "default: language_cfg.language: 'python3' is given; one of language_cfg.supported_languages (cpp) is wanted",
  ]);
});

describe("the environment", () => {
  const resolve = (real: Record<string, string>) =>
    resolveLayers(layersOfEnvironment(mergeEnvironment(real, [])));

  test("every key can be set by its nested name", () => {
    for (const key of KEYS) expect(key.variables[0]).toBe(`PERFAGENT_${key.path.join("__").toUpperCase()}`);
    const { config } = resolve({
      PERFAGENT_MODEL__STREAM: "false",
      PERFAGENT_PRICING: '{"m":{"input":1,"output":2}}',
    });
    expect(config?.model.stream).toBe(false);
    expect(config?.pricing).toEqual({ m: { input: 1, output: 2 } });
  });

  test("flat names work too, and must agree", () => {
    expect(resolve({ PERFAGENT_NUM_RUNS: "3" }).config?.runtime.num_runs).toBe(3);
    expect(resolve({ PERFAGENT_MODEL: "m" }).config?.model.name).toBe("m");
    const { problems } = resolve({ PERFAGENT_NUM_RUNS: "3", PERFAGENT_RUNTIME__NUM_RUNS: "4" });
    expect(problems.map(problemText)).toEqual([
      "PERFAGENT_NUM_RUNS: disagrees with PERFAGENT_RUNTIME__NUM_RUNS (4 and 3); both mean runtime.num_runs, give it once",
    ]);
  });

  test("an empty variable is not set", () => {
    expect(resolve({ PERFAGENT_NUM_RUNS: "" }).config?.runtime.num_runs).toBe(5);
  });

  test("a wrong value names the variable", () => {
    const { problems } = resolve({ PERFAGENT_NUM_RUNS: "x", PERFAGENT_MODEL__STREAM: "perhaps" });
    expect(problems.map(problemText)).toEqual([
      "PERFAGENT_MODEL__STREAM: 'perhaps' is given; true or false is wanted",
      "PERFAGENT_NUM_RUNS: 'x' is given; a whole number from 1 to 1000 is wanted",
    ]);
  });

  test("BACKEND_BASE_URL is weaker than perfagent's own variables", () => {
    const url = "http://a:8000";
    expect(resolve({ BACKEND_BASE_URL: url }).config?.runtime.backend).toBe(url);
    expect(resolve({ BACKEND_BASE_URL: url, PERFAGENT_BACKEND: "local" }).config?.runtime.backend).toBe(
      "local",
    );
  });

  test("a .env file never overrides what is really set", () => {
    const files = [
      {
        file: "a/.env",
        values: new Map([
          ["PERFAGENT_NUM_RUNS", "1"],
          ["A", "a"],
        ]),
      },
      {
        file: ".env",
        values: new Map([
          ["PERFAGENT_MAX_ITERATIONS", "2"],
          ["A", "b"],
        ]),
      },
    ];
    const merged = mergeEnvironment({ PERFAGENT_NUM_RUNS: "9" }, files);
    expect(merged.get("A")).toEqual({ value: "a", file: "a/.env" });
    const { config, provenance } = resolveLayers(layersOfEnvironment(merged));
    expect(config?.runtime.num_runs).toBe(9);
    expect(config?.max_iterations).toBe(2);
    expect(sourceText(provenance.get("max_iterations") ?? { kind: "default" })).toBe(
      "PERFAGENT_MAX_ITERATIONS in .env",
    );
  });

  test("a variable that names no key is warned of", () => {
    const environment = mergeEnvironment(
      { PERFAGENT_MAX_ITERATION: "3", PERFAGENT_CONFIG: "x", OTHER: "y" },
      [],
    );
    expect(unknownVariables(environment)).toEqual([
      "The variable PERFAGENT_MAX_ITERATION names no configuration key and is ignored; did you mean PERFAGENT_MAX_ITERATIONS?",
    ]);
  });
});
