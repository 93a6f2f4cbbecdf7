/**
 * The configuration: the only source of types, defaults, bounds, descriptions and units. `--help`,
 * `config_example.yaml`, the README's table, the JSON schema and all checks come from it.
 */
import * as v from "valibot";
import { LANGUAGES, parseLanguage } from "../languages.ts";
import type { Language } from "../types.ts";
import { field, integer, number, numberAbove, text } from "./field.ts";

const languageNames = Object.keys(LANGUAGES) as [Language, ...Language[]];

/** Accepts every spelling of a language ("c++", "go") and gives its one name. */
const language = v.pipe(
  v.string(),
  v.transform((name) => parseLanguage(name) ?? name),
  v.picklist(languageNames),
);

/** 0 is the older spelling of "never". */
const countOrNever = v.nullable(
  v.pipe(
    integer(0),
    v.transform((count) => (count === 0 ? null : count)),
  ),
);

/** A text that may be left out; an empty one means the same. */
const optionalText = v.nullable(
  v.pipe(
    v.string(),
    v.transform((given) => (given === "" ? null : given)),
  ),
);

const price = v.strictObject({
  input: number(0),
  output: number(0),
  cached_input: v.optional(number(0)),
});

export const ConfigSchema = v.strictObject({
  max_iterations: field(integer(0), 10, {
    text: "Model rounds; 0 only evaluates the initial program",
    flags: ["max-iterations"],
    flat: ["max_iterations"],
  }),
  early_stop_no_improve: field(countOrNever, null, {
    text: "Stop after this many rounds in a row without improvement; null or 0 never stops early",
    flags: ["early-stop-no-improve"],
    flat: ["early_stop_no_improve"],
  }),
  max_workers: field(integer(1), 4, {
    text: "Instances that a batch works on at once",
    flags: ["max-workers"],
    flat: ["max_workers"],
  }),
  model: v.strictObject({
    name: field(text(), "gpt-4", {
      text: "Model: a name, preset/name, replay:FILE, ./client.ts or command:PROGRAM",
      flags: ["model", "llm-model"],
      flat: ["model_name"],
      env: ["PERFAGENT_MODEL"],
    }),
    api_base: field(v.nullable(text()), null, {
      text: "Base URL of an OpenAI-compatible service; null takes the model's preset",
      flags: ["llm-api-base"],
      flat: ["api_base"],
    }),
    api_key: field(v.nullable(v.string()), null, {
      text: "Key of the service; null takes the variable of the model's preset",
      flags: ["llm-api-key"],
      flat: ["api_key"],
      secret: true,
    }),
    temperature: field(v.nullable(number(0, 2)), 0.1, {
      text: "Sampling temperature; null does not send it",
      flags: ["llm-temp"],
      flat: ["temperature"],
    }),
    max_input_tokens: field(integer(1), 32000, {
      text: "Size that a prompt is kept below by shortening its history and failure details first",
      unit: "tokens",
    }),
    max_output_tokens: field(v.nullable(integer(1)), null, {
      text: "Longest answer; null does not send a limit",
      unit: "tokens",
      flags: ["llm-max-output"],
      flat: ["max_tokens"],
    }),
    request_timeout: field(numberAbove(0), 600, {
      text: "Time for one answer, all attempts together",
      unit: "s",
      flags: ["llm-timeout"],
    }),
    max_retries: field(integer(0, 100), 10, {
      text: "Attempts after a failed one",
      flags: ["llm-max-retries"],
    }),
    retry_delay: field(number(0), 2, {
      text: "Wait before the first retry",
      unit: "s",
      flags: ["llm-retry-delay"],
    }),
    retry_backoff_factor: field(number(1), 2, {
      text: "Factor by which the wait grows with each retry",
      flags: ["llm-retry-backoff"],
    }),
    retry_jitter: field(number(0), 0.5, {
      text: "Most that is added to a wait at random",
      unit: "s",
      flags: ["llm-retry-jitter"],
    }),
    log_inputs_outputs: field(v.boolean(), false, {
      text: "Write each request and reply to llm_io.log",
      flags: ["llm-log-io"],
    }),
    log_sanitize: field(v.boolean(), true, {
      text: "Hide endpoints and organisation ids in llm_io.log; keys are always hidden",
      flags: ["llm-log-sanitize"],
    }),
    log_hide: field(v.array(v.string()), [], {
      text: "Further texts that a sanitized llm_io.log must not hold, such as names of people or hosts",
    }),
    reasoning_effort: field(v.nullable(text()), null, {
      text: "Reasoning effort, such as low, medium or high; null does not send it",
    }),
    stream: field(v.boolean(), true, {
      text: "Receive answers as they are written, so that a stall is noticed",
    }),
    extra_body: field(
      v.record(v.string(), v.unknown()),
      {},
      {
        text: "Further fields of the request, sent as they are",
      },
    ),
    headers: field(
      v.record(v.string(), v.string()),
      {},
      {
        text: "Further HTTP headers",
        secret: true,
      },
    ),
    requests_per_minute: field(v.nullable(numberAbove(0)), null, {
      text: "Requests a minute, shared by a whole batch; null learns it from the service",
    }),
    tokens_per_minute: field(v.nullable(numberAbove(0)), null, {
      text: "Tokens a minute, shared by a whole batch; null learns it from the service",
      unit: "tokens",
    }),
    max_concurrency: field(v.nullable(integer(1)), null, {
      text: "Requests at once, shared by a whole batch; null sets no limit",
    }),
  }),
  pricing: field(
    v.record(v.string(), price),
    {},
    {
      text: "Price of each model: input, output and cached_input; a model without a price is not counted as free",
      unit: "USD per million tokens",
      example: { "my-model": { input: 0.3, output: 1.2, cached_input: 0.07 } },
    },
  ),
  budget: v.strictObject({
    max_cost: field(v.nullable(number(0)), null, {
      text: "Most money to spend, a whole batch together; null sets no limit",
      unit: "USD",
      flags: ["max-cost"],
      flat: ["max_cost"],
    }),
    max_total_tokens: field(v.nullable(integer(0)), null, {
      text: "Most tokens to use, prompts and answers of a whole batch together; null sets no limit",
      unit: "tokens",
      flags: ["max-total-tokens"],
      flat: ["max_total_tokens"],
    }),
    max_time: field(v.nullable(numberAbove(0)), null, {
      text: "Time after which no new round starts; null sets no limit",
      unit: "s",
      flags: ["max-time"],
      flat: ["max_time"],
    }),
  }),
  optimization: v.strictObject({
    target: field(v.picklist(["runtime", "memory", "integral"]), "runtime", {
      text: "What shall become smaller",
      flags: ["opt-target"],
      flat: ["opt_target"],
    }),
    adopt_only_if_improved: field(v.boolean(), true, {
      text: "Continue only from a program that is proven better; false also continues from a correct one that is not",
    }),
    code_generation_mode: field(v.picklist(["diff", "direct"]), "diff", {
      text: "Ask the model for SEARCH/REPLACE blocks (diff) or a whole program (direct)",
      flags: ["mode"],
      flat: ["mode"],
    }),
    include_other_metrics_in_summary: field(v.boolean(), true, {
      text: "Show the model all metrics instead of the target only",
      flags: ["include-other-metrics"],
      flat: ["include_other_metrics"],
    }),
    edit_retries: field(integer(0, 10), 0, {
      text: "Questions asked again inside a round when the answer's edit cannot be applied",
      flat: ["edit_retries"],
    }),
    whole_program_after_misses: field(integer(0), 3, {
      text: "Ask for a whole program after this many edits in a row that could not be applied; 0 never does",
      flat: ["whole_program_after_misses"],
    }),
    decision: field(v.picklist(["evidence", "classic"]), "evidence", {
      text: "Rule that keeps a program: a statistical test on paired runs (evidence) or a smaller mean (classic)",
      flags: ["decision"],
      flat: ["decision"],
    }),
    min_effect: field(number(0, 0.9), 0.02, {
      text: "Smallest gain that counts, as a share: 0.02 is 2 %",
      flat: ["min_effect"],
    }),
    max_pairs: field(integer(10, 500), 60, {
      text: "Most pairs of runs for one decision",
      flat: ["max_pairs"],
    }),
    seed: field(v.nullable(integer(0, 2 ** 32 - 1)), null, {
      text: "Seed of everything random; null draws one and records it",
      flags: ["seed"],
      flat: ["seed"],
    }),
    held_out_tests: field(integer(0, 10000), 50, {
      text: "New tests the winner must agree on, from the instance's own generator; 0 makes none",
      flat: ["held_out_tests"],
    }),
    profile: field(v.boolean(), false, {
      text: "Show the model the hottest lines, from the language's own profiler",
      flags: ["profile"],
      flat: ["profile"],
    }),
    evaluator: field(v.nullable(text()), null, {
      text: "Own evaluation: ./eval.ts or command:PROGRAM; null uses the instance's tests",
      flags: ["evaluator"],
      flat: ["evaluator"],
    }),
  }),
  runtime: v.strictObject({
    backend: field(text(), "local", {
      text: "Where programs run: local, or the URLs of EffiBench-X services, separated by commas",
      flags: ["backend"],
      flat: ["backend"],
      env: ["BACKEND_BASE_URL"],
    }),
    time_limit: field(v.nullable(numberAbove(0)), null, {
      text: "Wall time of one test; null takes the instance's",
      unit: "s",
      flags: ["time-limit"],
      flat: ["time_limit"],
    }),
    memory_limit: field(v.nullable(numberAbove(0)), null, {
      text: "Memory of one test, in 10^6 bytes; null takes the instance's",
      unit: "MB",
      flags: ["memory-limit"],
      flat: ["memory_limit"],
    }),
    time_limit_factor: field(v.nullable(numberAbove(0)), null, {
      text: "Factor on the instance's time limit; null takes the language's own",
      flat: ["time_limit_factor"],
    }),
    output_limit: field(numberAbove(0), 64, {
      text: "Standard output of one test, in 10^6 bytes",
      unit: "MB",
      flat: ["output_limit"],
    }),
    max_workers: field(v.nullable(integer(1)), null, {
      text: "Programs that run at once while they are only checked; null takes one for each core",
    }),
    num_runs: field(integer(1, 1000), 5, {
      text: "Timed passes over all tests",
      flags: ["num-runs"],
      flat: ["num_runs"],
    }),
    trim_ratio: field(number(0, 0.49), 0.1, {
      text: "Share of the passes left out at each end of the reported mean",
      flat: ["trim_ratio"],
    }),
    unsafe_no_sandbox: field(v.boolean(), false, {
      text: "Run programs although this machine cannot shut them in",
      flags: ["unsafe-no-sandbox"],
      flat: ["unsafe_no_sandbox"],
    }),
    compat: field(v.picklist(["none", "effibench-x"]), "none", {
      text: "Measure by the published benchmark's own rules, to reproduce its numbers",
      flags: ["compat"],
      flat: ["compat"],
    }),
  }),
  logging: v.strictObject({
    save_trajectory: field(v.boolean(), true, {
      text: "Write the .traj file; the journal is always written",
      flat: ["save_trajectory"],
    }),
    trajectory_dir: field(text(), "./trajectories", {
      text: "Folder of the outputs where --base-dir is not given",
      flags: ["trajectory-dir"],
      flat: ["trajectory_dir"],
    }),
    log_dir: field(v.nullable(text()), null, {
      text: "Folder of perfagent.log and llm_io.log; null writes them beside the trajectory",
      flags: ["log-dir"],
      flat: ["log_dir"],
    }),
    log_level: field(v.picklist(["DEBUG", "INFO", "WARNING", "ERROR"]), "INFO", {
      text: "Least level of the messages on standard error and in the log",
      flags: ["log-level"],
      flat: ["log_level"],
    }),
  }),
  prompts: v.strictObject({
    system_template: field(optionalText, null, {
      text: "System message; {placeholders} are filled in; null takes the built-in one",
      flat: ["system_template"],
    }),
    optimization_template: field(optionalText, null, {
      text: "User message; {placeholders} are filled in; null takes the built-in one",
      flat: ["optimization_template"],
    }),
    additional_requirements: field(optionalText, null, {
      text: "Text for {additional_requirements}",
      flat: ["additional_requirements"],
    }),
    instance_templates_dir: field(v.nullable(text()), null, {
      text: "Folder with a configuration file <task>.yaml for single instances",
      flags: ["instance-templates-dir"],
      flat: ["instance_templates_dir"],
    }),
    include_all_history: field(v.boolean(), false, {
      text: "Show the model all earlier rounds instead of the last ones",
      flat: ["include_all_history"],
    }),
    local_memory: field(optionalText, null, { text: "Text for {local_memory}" }),
    global_memory: field(optionalText, null, { text: "Text for {global_memory}" }),
    allowed_imports_scope: field(optionalText, null, {
      text: "Text for {allowed_imports_scope}; null names the packages of the language",
    }),
  }),
  language_cfg: v.strictObject({
    language: field(language, "python3", {
      text: "Language of the program",
      flags: ["language"],
      flat: ["language"],
    }),
    supported_languages: field(v.array(language), languageNames, {
      text: "Languages that may be used",
    }),
  }),
  overrides: v.strictObject({
    initial_code_dir: field(v.nullable(text()), null, {
      text: "Folder with an initial program <task>.<ext> for each instance",
      flags: ["initial-code-dir"],
      flat: ["initial_code_dir"],
    }),
    initial_code_text: field(v.nullable(v.string()), null, {
      text: "The initial program itself; stronger than the folder",
    }),
  }),
});

/** The resolved configuration. Times are in seconds, sizes in MB of 10^6 bytes, unless a key says otherwise. */
export type Config = v.InferOutput<typeof ConfigSchema>;
