/** Programs that try what a judge must withstand, with what has to come of each. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecStatus, Language } from "../../../src/types.ts";

export interface HostileProgram {
  readonly name: string;
  readonly language: Language;
  readonly code: string;
  readonly stdin?: string;
  /** Statuses that are right; more than one where it depends on what the program hits first. */
  readonly status: readonly ExecStatus[];
  /** Exact standard output. */
  readonly stdout?: string;
  readonly signal?: string;
  readonly exitCode?: number;
  /** Least CPU time that must be counted, in µs. */
  readonly leastCpuUs?: number;
  /** Wall-clock limit. Default: 10 s, since the machine may be busy. */
  readonly wallMs?: number;
  /** Runs of the program one after another. Default: 1. */
  readonly runs?: number;
  /** What the launcher adds that others' tools do not have, where the program needs it. */
  readonly launcherOnly?: string;
}

const OWN = join(import.meta.dir, "hostile");

/** Folder of further programs beside the project; may be absent. */
export const SHARED = join(import.meta.dir, "../../../../shared/data/adversarial");

/** Programs that never end by themselves are given this long. */
const ENDLESS_MS = 700;

const ANSWER = { status: ["exited"], stdout: "answer\n" } as const;

function own(file: string, expected: Omit<HostileProgram, "name" | "language" | "code">): HostileProgram {
  const language = file.endsWith(".py") ? "python3" : "cpp";
  return { name: file, language, code: readFileSync(join(OWN, file), "utf8"), ...expected };
}

function shared(
  file: string,
  expected: Omit<HostileProgram, "name" | "language" | "code">,
): HostileProgram[] {
  const path = join(SHARED, file);
  if (!existsSync(path)) return [];
  const language = file.endsWith(".py") ? "python3" : "cpp";
  return [{ name: file, language, code: readFileSync(path, "utf8"), ...expected }];
}

/** Number and name of the signals that programs end themselves with. */
const SELF_SIGNALS = { 6: "SIGABRT", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM", 25: "SIGXFSZ" };

export const HOSTILE_PROGRAMS: readonly HostileProgram[] = [
  ...shared("01_cpu_loop.py", { status: ["timeout"], wallMs: ENDLESS_MS }),
  ...shared("03_ignore_sigterm.py", { status: ["timeout"], wallMs: ENDLESS_MS }),
  ...shared("05_mem_bomb.cpp", { status: ["memory_limit"] }),
  ...shared("09_daemon_setsid.py", ANSWER),
  ...shared("11_output_flood.py", { status: ["output_limit"] }),
  ...shared("13_stdin_unread.py", { ...ANSWER, stdin: "x".repeat(50 * 2 ** 20) }),
  ...shared("17_steal_parent_secrets.py", {
    status: ["exited"],
    stdout: "clean\n",
    launcherOnly: "a closed process 1",
  }),
  ...shared("20_network.py", { status: ["exited"], stdout: "clean\n" }),
  ...shared("27_exit_code_spoof.py", { status: ["runtime_error"], exitCode: 137, stdout: "answer\n" }),
  ...shared("34_binary_output.py", { status: ["exited"], stdout: "a\0b\xff\xfe\r\nlast-without-newline" }),
  ...shared("mem_spike.cpp", { status: ["memory_limit"] }),
  own("cpu_loop.py", { status: ["timeout"], wallMs: ENDLESS_MS }),
  own("sleeper.py", { status: ["timeout"], wallMs: ENDLESS_MS }),
  own("ignores_signals.py", { status: ["timeout"], wallMs: ENDLESS_MS }),
  own("fork_bomb.cpp", { status: ["timeout", "runtime_error", "memory_limit"], wallMs: ENDLESS_MS }),
  own("fork_tree_exits.py", { status: ["exited"] }),
  own("stops_itself.py", { status: ["timeout"], wallMs: ENDLESS_MS }),
  own("memory_bomb.cpp", { status: ["memory_limit"] }),
  own("memory_in_children.cpp", { status: ["memory_limit"] }),
  own("shared_anonymous.cpp", { status: ["memory_limit"] }),
  own("shared_files.py", { status: ["memory_limit"] }),
  own("shared_segments.cpp", { status: ["memory_limit"], launcherOnly: "counting segments" }),
  own("daemon.py", ANSWER),
  own("orphan_holds_stdout.py", ANSWER),
  own("works_on_after_end.py", ANSWER),
  own("output_flood.py", { status: ["output_limit"] }),
  own("error_flood.py", { status: ["output_limit"] }),
  own("stdout_by_name_flood.py", { status: ["output_limit"] }),
  own("closes_stdout.py", ANSWER),
  own("kills_parent.py", ANSWER),
  own("kills_all.py", ANSWER),
  own("hurts_parent.py", { ...ANSWER, launcherOnly: "a filter of system calls" }),
  own("priority_and_affinity.py", { ...ANSWER, launcherOnly: "a filter of system calls" }),
  own("reads_answers.py", ANSWER),
  own("changes_itself.py", { ...ANSWER, runs: 2 }),
  own("fills_disk.py", { status: ["memory_limit", "exited"] }),
  own("fills_inodes.py", { status: ["runtime_error"], launcherOnly: "a limit on files" }),
  own("odd_files.py", { ...ANSWER, runs: 2 }),
  own("cache_across_runs.py", { ...ANSWER, runs: 3 }),
  own("hidden_cpu.cpp", {
    ...ANSWER,
    leastCpuUs: 270_000,
    launcherOnly: "clocks of processes that nobody waits for",
  }),
  own("threads.cpp", { ...ANSWER, leastCpuUs: 190_000 }),
  own("thread_bomb.cpp", { status: ["runtime_error"] }),
  own("descriptors.py", ANSWER),
  own("deep_recursion.cpp", ANSWER),
  own("endless_recursion.cpp", { status: ["memory_limit"] }),
  own("zombies.py", ANSWER),
  own("opens_streams.py", {
    status: ["exited"],
    stdin: "a b c",
    stdout: "a\nb\nc\n",
    launcherOnly: "streams that cannot be truncated",
  }),
  own("new_namespaces.cpp", { ...ANSWER, launcherOnly: "a filter of system calls" }),
  own("raises_limits.py", ANSWER),
  ...Object.entries(SELF_SIGNALS).map(([number, signal]) => ({
    ...own("signal_self.cpp", { status: ["runtime_error"], stdin: number, signal }),
    name: `signal_self.cpp ${signal}`,
  })),
];

/** Sources that attack the compiler, or the host through it. All must fail, in bounded time. */
export const HOSTILE_SOURCES: readonly {
  readonly name: string;
  readonly language: Language;
  readonly code: string;
}[] = [
  { name: "includes a file of the host", language: "cpp", code: '#include "/etc/hostname"\nint main() {}\n' },
  { name: "includes the accounts", language: "cpp", code: '#include "/etc/passwd"\nint main() {}\n' },
  { name: "includes an endless file", language: "cpp", code: '#include "/dev/zero"\nint main() {}\n' },
  {
    name: "is a template without end",
    language: "cpp",
    code: "template <int a, int b> struct T { static const int v = T<a - 1, b + 1>::v + T<a + 1, b - 1>::v; };\nint main() { return T<1, 1>::v; }\n",
  },
  {
    name: "is a program of gigabytes",
    language: "cpp",
    code: "char block[1u << 31] = {1};\nchar more[1u << 31] = {1};\nint main() { return block[5]; }\n",
  },
];
