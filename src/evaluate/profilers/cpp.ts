import * as v from "valibot";
import { base64, type LineProfile, NoProfile, PROFILE_MARKER, type Profiler } from "./profiler.ts";

/**
 * C++ has no profiler of its own: perf needs rights that a box does not have, and gprof sees nothing of time spent in
 * libraries. So the program is built with debug information and a timer signal beside it; every millisecond of processor
 * time counts for the innermost line of the program on the stack. A small Python program does this inside the box.
 */
export const cppProfiler: Profiler = {
  name: "a sampler",
  harness: (code) => ({
    language: "python3",
    code: HARNESS.replace("@SOURCE@", base64(code))
      .replace("@SAMPLER@", base64(SAMPLER))
      .replace("@MARKER@", base64(PROFILE_MARKER)),
  }),
  read: (report): LineProfile => {
    const { error, lines, samples } = v.parse(ReportSchema, JSON.parse(report));
    if (error !== null) throw new NoProfile(error);
    return { lines: new Map(lines), samples, notes: [] };
  },
};

// --- internal ---

const ReportSchema = v.object({
  error: v.nullable(v.string()),
  lines: v.array(v.tuple([v.number(), v.number()])),
  samples: v.number(),
});

/** Keeps the innermost address of the program itself for each signal; written out when the program ends. */
const SAMPLER = `#include <csignal>
#include <cstdint>
#include <cstdio>
#include <execinfo.h>
#include <sys/time.h>
extern "C" char __executable_start, etext;
namespace {
constexpr int kMost = 1 << 20;
uintptr_t found[kMost];
volatile int count = 0;
void sample(int) {
  void *stack[64];
  int depth = backtrace(stack, 64);
  if (count >= kMost) return;
  uintptr_t own = 0;
  for (int i = 2; i < depth && own == 0; i++) {
    uintptr_t pc = (uintptr_t)stack[i];
    if (pc < (uintptr_t)&__executable_start || pc >= (uintptr_t)&etext) continue;
    own = i == 2 ? pc : pc - 1;
  }
  found[count] = own;
  count = count + 1;
}
struct Profile {
  Profile() {
    void *warm[4];
    backtrace(warm, 4);
    struct sigaction action = {};
    action.sa_handler = sample;
    action.sa_flags = SA_RESTART;
    sigaction(SIGPROF, &action, nullptr);
    itimerval every = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_PROF, &every, nullptr);
  }
  ~Profile() {
    itimerval off = {};
    setitimer(ITIMER_PROF, &off, nullptr);
    if (FILE *out = fopen("/tmp/samples", "w")) {
      for (int i = 0; i < count; i++) fprintf(out, "%lx\\n", (unsigned long)found[i]);
      fclose(out);
    }
  }
} profile;
}
`;

const HARNESS = `import base64, collections, json, os, shutil, subprocess, sys

def no(reason):
    return {"error": reason, "lines": [], "samples": 0}

def profile():
    for tool in ("g++", "addr2line"):
        if shutil.which(tool) is None:
            return no(tool + " is not installed")
    os.chdir("/tmp")
    for name, text in (("program.cpp", "@SOURCE@"), ("sampler.cpp", "@SAMPLER@")):
        with open(name, "wb") as file:
            file.write(base64.b64decode(text))
    flags = ["-std=c++20", "-O2", "-g", "-no-pie", "-o", "program"]
    build = subprocess.run(["g++", *flags, "program.cpp", "sampler.cpp"], capture_output=True, text=True, errors="replace")
    if build.returncode != 0:
        return no("it does not build with debug information: " + build.stderr.strip()[:300])
    run = subprocess.run(["./program"], stdin=0, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not os.path.exists("samples"):
        return no("the program left no samples (it ended with %d)" % run.returncode)
    with open("samples") as file:
        counts = collections.Counter(file.read().split())
    asked = "".join("0x%s\\n" % address for address in counts if address != "0")
    read = subprocess.run(["addr2line", "-a", "-i", "-e", "program"], input=asked, capture_output=True, text=True)
    lines = collections.Counter()
    address = None
    for row in read.stdout.splitlines():
        if row.startswith("0x"):
            address = row[2:].lstrip("0")
        elif address is not None:
            place, _, line = row.split(" ")[0].rpartition(":")
            if os.path.basename(place) == "program.cpp" and line.isdigit():
                lines[int(line)] += counts[address]
                address = None
    return {"error": None, "lines": sorted(lines.items()), "samples": sum(counts.values())}

sys.stdout.write(base64.b64decode("@MARKER@").decode() + json.dumps(profile()))
`;
