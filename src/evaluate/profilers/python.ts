import * as v from "valibot";
import { base64, type LineProfile, PROFILE_MARKER, type Profiler } from "./profiler.ts";

/**
 * Python's own cProfile counts calls and times functions; a timer signal every millisecond of processor time tells the
 * lines, which cProfile does not.
 */
export const pythonProfiler: Profiler = {
  name: "cProfile",
  harness: (code) => ({
    language: "python3",
    code: HARNESS.replace("@SOURCE@", base64(code)).replace("@MARKER@", base64(PROFILE_MARKER)),
  }),
  read: (report): LineProfile => {
    const { lines, functions } = v.parse(ReportSchema, JSON.parse(report));
    return {
      lines: new Map(lines),
      samples: lines.reduce((sum, [, samples]) => sum + samples, 0),
      notes: functions.map(
        ([name, line, calls, seconds]) =>
          `${name}${line > 0 ? ` (line ${line})` : ""}: ${calls} ${calls === 1 ? "call" : "calls"}, ${seconds.toFixed(3)} s of its own`,
      ),
    };
  },
};

// --- internal ---

const ReportSchema = v.object({
  lines: v.array(v.tuple([v.number(), v.number()])),
  functions: v.array(v.tuple([v.string(), v.number(), v.number(), v.number()])),
});

const HARNESS = `import base64, cProfile, json, os, signal, sys, types

source = base64.b64decode("@SOURCE@").decode()
marker = base64.b64decode("@MARKER@")
name = "program.py"
counts = {}

def sample(signum, frame):
    while frame is not None and frame.f_code.co_filename != name:
        frame = frame.f_back
    if frame is not None:
        counts[frame.f_lineno] = counts.get(frame.f_lineno, 0) + 1

def functions(profile):
    profile.create_stats()
    rows = []
    for (file, line, function), (_, calls, own, _, _) in profile.stats.items():
        if function != "<module>" and (file == name or file == "~") and "lsprof" not in function:
            rows.append((function, line if file == name else 0, calls, own))
    return sorted(rows, key=lambda row: -row[3])[:5]

module = types.ModuleType("__main__")
harness_main = sys.modules["__main__"]
sys.modules["__main__"] = module
profile = cProfile.Profile()
code = compile(source, name, "exec", dont_inherit=True)
signal.signal(signal.SIGPROF, sample)
signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
profile.enable()
try:
    exec(code, module.__dict__)
except SystemExit:
    pass
finally:
    profile.disable()
    signal.setitimer(signal.ITIMER_PROF, 0)
try:
    sys.stdout.flush()
except ValueError:
    pass
report = json.dumps({"lines": sorted(counts.items()), "functions": functions(profile)}).encode()
pending = marker + report
while pending:
    pending = pending[os.write(1, pending):]
os._exit(0)
`;
