/**
 * New tests from an instance's own generator: benchmark code, so it runs in a sandbox, with limits, never in perfagent's
 * own process.
 */
import { createHash } from "node:crypto";
import * as v from "valibot";
import { interruptedError, messageOf, PerfagentError } from "../errors.ts";
import type { ExecResult, Instance, Limits, Sandbox, TestCase } from "../types.ts";
import { decodeOutput } from "./output.ts";
import { standardImportsFor } from "./python-imports.ts";

export interface GenerateOptions {
  readonly instance: Instance;
  /** Runs the generator, a Python program. */
  readonly sandbox: Sandbox;
  /** Tests wanted, at least 1. */
  readonly count: number;
  /** Given to the generator; 0 to 2³² − 1, which every Python library takes. */
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface GeneratedTests {
  /** At most as many as wanted; empty when none could be made. */
  readonly tests: readonly TestCase[];
  /** Why there are fewer tests than wanted; empty otherwise. */
  readonly message: string;
}

/**
 * Makes tests whose inputs are not among the instance's own.
 *
 * A generator often begins with the same fixed cases whatever its seed, so it is asked for as many tests as the instance
 * has and for the wanted ones on top; inputs that the instance has (blanks around them aside) are left out, and the
 * wanted number is drawn from the rest.
 *
 * @returns No tests, and the reason in words, when the instance has no generator, when Python is missing or when the
 * generator fails.
 * @throws PerfagentError `interrupted` when aborted.
 */
export async function generateTests(options: GenerateOptions): Promise<GeneratedTests> {
  const { instance, count } = options;
  if (instance.generatorSource === null) return none("the instance has no test generator");
  const answer = await ask(options, instance.tests.length + count);
  // Much may be asked of a generator of large inputs: fewer tests may be within its time.
  const final = answer.status === "timeout" ? await ask(options, count) : answer;
  if (final.status !== "answered") return none(final.message);
  const { tests, made } = final;
  if (tests.length === count) return { tests, message: "" };
  const why = `the generator made ${made} tests with seed ${options.seed}, ${tests.length} of them new`;
  return { tests, message: `${tests.length} instead of ${count} new inputs: ${why}` };
}

// --- internal ---

const GENERATOR_LIMITS: Limits = {
  /** Generators solve their own tests, some of them slowly. */
  wallMs: 60_000,
  memoryBytes: 2 * 2 ** 30,
  /** Only the drawn tests are printed: a few inputs of a megabyte each fit. */
  outputBytes: 256 * 2 ** 20,
};

const AnswerSchema = v.union([
  v.object({ error: v.string() }),
  v.object({ made: v.number(), tests: v.array(v.object({ input: v.string(), output: v.string() })) }),
]);

type Answer =
  | { readonly status: "answered"; readonly tests: readonly TestCase[]; readonly made: number }
  | { readonly status: "timeout" | "failed"; readonly message: string };

function none(message: string): GeneratedTests {
  return { tests: [], message };
}

async function ask(options: GenerateOptions, total: number): Promise<Answer> {
  const { instance, sandbox, signal } = options;
  const source = instance.generatorSource ?? "";
  const request = {
    source,
    imports: standardImportsFor(source),
    total,
    count: options.count,
    seed: options.seed,
    known: instance.tests.map(({ input }) => digestOf(input)),
  };
  let result: ExecResult | undefined;
  try {
    const build = await sandbox.build({ language: "python3", code: DRIVER }, signal);
    if (build.status === "failed") return failed(`Python does not work here: ${build.message.trim()}`);
    const job = { build, stdin: `${JSON.stringify(request)}\n`, limits: GENERATOR_LIMITS };
    [result] = await sandbox.run([job], { purpose: "check" }, signal);
  } catch (error) {
    if (!(error instanceof PerfagentError) || error.code !== "backend") throw error;
    return failed(`the generator cannot be run here: ${messageOf(error)}`);
  }
  if (signal.aborted || result === undefined || result.status === "cancelled") throw interruptedError();
  return readAnswer(result);
}

/** As in the driver: the input without blanks around it. */
function digestOf(input: string): string {
  return createHash("sha256").update(input.trim()).digest("hex");
}

function readAnswer(result: ExecResult): Answer {
  if (result.status === "timeout") {
    return {
      status: "timeout",
      message: `the generator took longer than ${GENERATOR_LIMITS.wallMs / 1000} s`,
    };
  }
  if (result.status !== "exited") {
    const words = decodeOutput(result.stderr).trim().split("\n").at(-1) ?? "";
    return failed(`the generator ended with ${result.status}${words === "" ? "" : `: ${words}`}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(decodeOutput(result.stdout));
  } catch {
    return failed("the generator's process printed no answer");
  }
  const answer = v.safeParse(AnswerSchema, value);
  if (!answer.success) return failed("the generator made no list of {input, output} texts");
  if ("error" in answer.output) return failed(`the generator failed: ${answer.output.error}`);
  return { status: "answered", ...answer.output };
}

function failed(message: string): Answer {
  return { status: "failed", message };
}

/**
 * Reads one request, calls the generator, prints one answer. What the generator itself prints goes nowhere. A generator
 * without a seed parameter is seeded through the random module.
 */
const DRIVER = `import hashlib, inspect, json, os, random, sys, types

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
nothing = os.open(os.devnull, os.O_RDWR)
os.dup2(nothing, 1)
request = json.loads(sys.stdin.readline())
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)

def generate():
    module = types.ModuleType("generator")
    sys.modules["generator"] = module
    for line in request["imports"]:
        try:
            exec(line, module.__dict__)
        except ImportError:
            pass
    exec(compile(request["source"], "generator.py", "exec", dont_inherit=True), module.__dict__)
    make = module.__dict__.get("generate_test_cases")
    if not callable(make):
        raise NameError("it defines no function 'generate_test_cases'")
    seed = request["seed"]
    random.seed(seed)
    parameters = inspect.signature(make).parameters.values()
    if any(p.kind == p.VAR_KEYWORD or p.name == "seed" for p in parameters):
        return make(request["total"], seed=seed)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return make(request["total"], seed) if len(positional) > 1 else make(request["total"])

def main():
    cases = list(generate())
    seen = set(request["known"])
    fresh = []
    for case in cases:
        text = case["input"] if isinstance(case["input"], str) else str(case["input"])
        output = case["output"] if isinstance(case["output"], str) else str(case["output"])
        key = hashlib.sha256(text.strip().encode("utf-8", "surrogatepass")).hexdigest()
        if key not in seen:
            seen.add(key)
            fresh.append({"input": text, "output": output})
    drawn = sorted(random.Random(request["seed"]).sample(range(len(fresh)), min(request["count"], len(fresh))))
    return {"made": len(cases), "tests": [fresh[i] for i in drawn]}

try:
    answer = main()
except BaseException as error:
    answer = {"error": (type(error).__name__ + ": " + str(error))[:500]}
answers.write(json.dumps(answer))
answers.flush()
os._exit(0)
`;
