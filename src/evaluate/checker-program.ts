/** The Python program around an instance's checker. Pure. */
import { standardImportsFor } from "./python-imports.ts";

/** Seconds that a checker may take for one output, as in EffiBench-X. */
export const CHECKER_CALL_SECONDS = 10;

/**
 * A whole Python program that judges many outputs with one checker. It reads one `[expected, output]` per line and
 * answers one JSON array per line:
 *
 * - `["ready"]` once the checker is loaded, or `["load", type, message, package]` when it cannot be;
 * - `["verdict", true]` per output, or `["raised", message, expectedToo]`, where `expectedToo` says that the checker
 *   raises on the expected output as well, or `["package", name]` when it wants a package that is not installed.
 *
 * Answers go to a private copy of standard output: what the checker prints goes nowhere. A call that is over its time
 * ends the process by SIGALRM, whose default action no `except` can catch.
 */
export function checkerProgram(evaluatorSource: string): string {
  const imports = JSON.stringify(standardImportsFor(evaluatorSource));
  return HARNESS.replace("@CALL_SECONDS@", () => String(CHECKER_CALL_SECONDS))
    .replace("@IMPORTS@", () => pythonString(imports))
    .replace("@SOURCE@", () => pythonString(evaluatorSource));
}

// --- internal ---

/** JSON string literals are Python string literals too, once nothing outside ASCII is left in them. */
function pythonString(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is all of ASCII
  return JSON.stringify(text).replace(/[^\u0000-\u007e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

const HARNESS = `import inspect, json, os, signal, sys, types

answers = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
nothing = os.open(os.devnull, os.O_RDWR)
os.dup2(nothing, 1)
questions = os.fdopen(os.dup(0), "r", encoding="utf-8", newline="\\n")
os.dup2(nothing, 0)
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)

def answer(*values):
    answers.write(json.dumps(values) + "\\n")
    answers.flush()

def describe(error):
    return (type(error).__name__ + ": " + str(error))[:500]

def load():
    module = types.ModuleType("checker")
    sys.modules["checker"] = module
    for line in json.loads(@IMPORTS@):
        try:
            exec(line, module.__dict__)
        except ImportError:
            pass
    exec(compile(@SOURCE@, "checker.py", "exec", dont_inherit=True), module.__dict__)
    evaluate = module.__dict__.get("evaluate")
    if not callable(evaluate):
        raise NameError("it defines no function 'evaluate'")
    return evaluate

def caller(evaluate):
    try:
        parameters = inspect.signature(evaluate).parameters
    except (TypeError, ValueError):
        return evaluate
    names = {"expected_output", "program_output"}
    keywords = {n for n, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    if names <= keywords or any(p.kind == p.VAR_KEYWORD for p in parameters.values()) and not keywords - names:
        return lambda expected, output: evaluate(expected_output=expected, program_output=output)
    return evaluate

def limited(call, *arguments):
    signal.setitimer(signal.ITIMER_REAL, @CALL_SECONDS@)
    try:
        return call(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

def judge(call, expected, output):
    try:
        return ("verdict", bool(limited(call, expected, output)))
    except ModuleNotFoundError as error:
        return ("package", error.name or str(error))
    except BaseException as error:
        message = describe(error)
    try:
        limited(call, expected, expected)
        return ("raised", message, False)
    except BaseException:
        return ("raised", message, True)

def main():
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        call = caller(limited(load))
    except BaseException as error:
        package = error.name if isinstance(error, ModuleNotFoundError) else None
        answer("load", type(error).__name__, describe(error), package)
        return
    answer("ready")
    for line in questions:
        expected, output = json.loads(line)
        answer(*judge(call, expected, output))

main()
os._exit(0)
`;
