import { readPprof } from "./pprof.ts";
import { base64, NoProfile, PROFILE_MARKER, type Profiler } from "./profiler.ts";

/** Go's own pprof: the program's `main` is called by another one that starts and stops the profile. */
export const golangProfiler: Profiler = {
  name: "pprof",
  harness: (code) => ({ language: "golang", code: wrapMain(code) }),
  read: (report) => readPprof(Buffer.from(report, "base64"), "main."),
};

// --- internal ---

/** Everything is added behind the package clause's own line and at the end, so that line numbers stay. */
function wrapMain(code: string): string {
  const [clause] = /^[ \t]*package[ \t]+main\b[ \t]*;?/m.exec(code) ?? [];
  const main = /^func[ \t]+main[ \t]*\([ \t]*\)/m;
  if (clause === undefined || !main.test(code))
    throw new NoProfile("no function main of package main is found");
  return `${code
    .replace(clause, () => `${clause.replace(/;$/, "")}; ${IMPORTS}`)
    .replace(main, "func perfagentProfiled()")}
func main() {
	var profile perfagentbytes.Buffer
	perfagentruntime.SetCPUProfileRate(${SAMPLES_PER_SECOND})
	if perfagentpprof.StartCPUProfile(&profile) != nil {
		return
	}
	perfagentProfiled()
	perfagentpprof.StopCPUProfile()
	marker, _ := perfagentbase64.StdEncoding.DecodeString("${base64(PROFILE_MARKER)}")
	perfagentos.Stdout.Write(marker)
	perfagentos.Stdout.WriteString(perfagentbase64.StdEncoding.EncodeToString(profile.Bytes()))
}
`;
}

/** Ten times Go's default: most tests last less than a second. */
const SAMPLES_PER_SECOND = 1000;

const IMPORTS =
  'import perfagentbase64 "encoding/base64"; import perfagentbytes "bytes"; import perfagentos "os"; ' +
  'import perfagentpprof "runtime/pprof"; import perfagentruntime "runtime"';
