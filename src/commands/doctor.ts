import { tmpdir } from "node:os";
import { type ArgsDef, defineCommand } from "citty";
import { EXIT_CODES, PerfagentError } from "../errors.ts";
import { cacheDirectory } from "../lib/cache-directory.ts";
import { clearCache } from "../sandbox/local/build-cache.ts";
import { createLocalSandbox, surveyIsolation } from "../sandbox/local/index.ts";
import type { Logger, Sandbox } from "../types.ts";
import { type Check, renderChecks, worstStatus } from "./doctor/check.ts";
import { checkLanguages } from "./doctor/languages.ts";
import { checkCores, checkIsolation, checkPlaces } from "./doctor/machine.ts";
import { measureNoise, noiseChecks } from "./doctor/noise.ts";
import { checkBackend, checkModel } from "./doctor/services.ts";
import { type ResolvedConfig, resolveConfig, selectConfigArgs } from "./line/flags.ts";
import { interruptSignal } from "./process/interrupt.ts";
import { createLogger } from "./process/logger.ts";
import { redactSecrets } from "./process/secrets.ts";
import { writeJson, writeStdout } from "./process/stdout.ts";

const doctorArgs = {
  json: { type: "boolean", description: "Print the report as JSON" },
  "clear-cache": {
    type: "boolean",
    description:
      "Remove everything that perfagent keeps between runs (builds, measurements), and check nothing",
  },
  ...selectConfigArgs(
    "backend",
    "unsafe-no-sandbox",
    "model",
    "llm-api-base",
    "llm-api-key",
    "trajectory-dir",
  ),
} as const satisfies ArgsDef;

export default defineCommand({
  meta: { name: "doctor" },
  args: doctorArgs,
  async run({ args }) {
    const resolved = await resolveConfig(args);
    const cacheDir = cacheDirectory("perfagent", resolved.environment);
    if (args["clear-cache"]) return await clear(cacheDir, args.json === true);
    const logger = createLogger({ level: resolved.config.logging.log_level, quiet: args.quiet === true });
    for (const warning of resolved.warnings) logger.warn(warning);
    const report = await examine(resolved, cacheDir, logger);
    if (args.json) await writeJson(report);
    else await writeStdout(`${renderChecks(report.checks)}\n${conclusion(report)}\n`);
    if (!report.usable) process.exitCode = EXIT_CODES.backend;
  },
});

// --- internal ---

/** What `--json` prints. */
interface Report {
  /** The worst of the checks. */
  readonly status: Check["status"];
  /** False when nothing can be run: the exit code is then that of an unavailable backend. */
  readonly usable: boolean;
  /** Languages in which a program was built and ran on this machine. */
  readonly languages: readonly string[];
  readonly isolation: string | null;
  readonly measurement: string | null;
  /** The machine against itself; null when it could not be measured. */
  readonly noise: Readonly<Record<string, number | null>> | null;
  readonly checks: readonly Check[];
}

async function clear(cacheDir: string, json: boolean): Promise<void> {
  const { bytes } = clearCache(cacheDir);
  if (json) return await writeJson({ cleared: cacheDir, bytes });
  await writeStdout(`Removed ${(bytes / 1e6).toFixed(1)} MB in '${cacheDir}'\n`);
}

async function examine(resolved: ResolvedConfig, cacheDir: string, logger: Logger): Promise<Report> {
  const { config, environment } = resolved;
  const { sandbox, checks: isolation } = await openSandbox(resolved, cacheDir, logger);
  try {
    const languages = await checkLanguages(sandbox, environment, interruptSignal);
    const noise = sandbox === null ? null : await measureNoise(sandbox, languages.runnable, interruptSignal);
    const backend = await checkBackend(config, logger);
    const places = {
      cache: cacheDir,
      temporary: environment.TMPDIR ?? tmpdir(),
      outputs: config.logging.trajectory_dir,
    };
    const checks = [
      ...languages.checks,
      ...isolation,
      ...noiseChecks(noise),
      ...checkCores(),
      ...checkPlaces(places),
      await checkModel(config, environment, interruptSignal),
      ...backend,
    ].map(redacted);
    return {
      status: worstStatus(checks),
      usable: languages.runnable.length > 0 || backend.some(({ status }) => status === "ok"),
      languages: languages.runnable,
      isolation: sandbox?.info.isolation ?? null,
      measurement: sandbox?.info.measurement ?? null,
      noise:
        noise === null
          ? null
          : {
              pairs: noise.pairs,
              wall_ms: noise.wallMs,
              wall_difference: noise.wallDifference,
              cpu_difference: noise.cpuDifference,
              clock_ns: noise.clockNs,
            },
      checks,
    };
  } finally {
    await sandbox?.close();
  }
}

/** The local sandbox, or why there is none: doctor goes on and says the rest. */
async function openSandbox(
  { config, environment }: ResolvedConfig,
  cacheDir: string,
  logger: Logger,
): Promise<{ sandbox: Sandbox | null; checks: readonly Check[] }> {
  const options = {
    allowUnsafe: config.runtime.unsafe_no_sandbox,
    cacheDir,
    tmpDir: environment.TMPDIR ?? tmpdir(),
    env: environment,
    logger,
  };
  try {
    const attempts = await surveyIsolation(options);
    const sandbox = await createLocalSandbox(options);
    return { sandbox, checks: checkIsolation(sandbox.info, attempts) };
  } catch (error) {
    if (!(error instanceof PerfagentError) || error.code !== "backend") throw error;
    const section = "Isolation and measurement";
    const check: Check = {
      section,
      name: "isolation",
      status: "missing",
      detail: error.message,
      advice: error.hint,
    };
    return { sandbox: null, checks: [check] };
  }
}

/** A key may stand in a message of a service. */
function redacted(check: Check): Check {
  return { ...check, detail: redactSecrets(check.detail), advice: redactSecrets(check.advice) };
}

function conclusion({ usable, languages }: Report): string {
  if (!usable) return "Nothing can be run here.";
  return languages.length === 0
    ? "Programs can be run on the service only."
    : `Programs can be run here in: ${languages.join(", ")}.`;
}
