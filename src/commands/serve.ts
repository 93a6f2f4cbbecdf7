import { tmpdir, totalmem } from "node:os";
import { type ArgsDef, defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";
import { LANGUAGE_IDS, LANGUAGES, parseLanguage } from "../languages.ts";
import { cacheDirectory } from "../lib/cache-directory.ts";
import { nearest } from "../lib/nearest.ts";
import { createLocalSandbox } from "../sandbox/local/index.ts";
import { physicalCores } from "../sandbox/local/machine.ts";
import { startSandboxServer } from "../sandbox/server.ts";
import { checkAddress } from "../sandbox/server-access.ts";
import type { Language } from "../types.ts";
import { configArgs, resolveConfig, selectConfigArgs } from "./line/flags.ts";
import { numberArg, numberOf } from "./line/shared.ts";
import { interruptSignal } from "./process/interrupt.ts";
import { createLogger } from "./process/logger.ts";
import { registerSecrets } from "./process/secrets.ts";
import { writeStdout } from "./process/stdout.ts";

/** The official service's port. */
const DEFAULT_PORT = 8000;

/** Wall time that one program may take, unless the server is told otherwise: the benchmark's limits are 10 s. */
const DEFAULT_TIME_LIMIT_S = 60;

/** How long running programs may go on after the first interrupt. */
const STOP_GRACE_MS = 5_000;

const args = {
  host: {
    type: "string",
    valueHint: "ADDRESS",
    description: "Address to listen on; one that others reach needs --token; default: 127.0.0.1",
  },
  port: numberArg({
    valueHint: "N",
    min: 0,
    max: 65_535,
    integer: true,
    description: `Port to listen on; 0 takes a free one; default: ${DEFAULT_PORT}`,
  }),
  token: {
    type: "string",
    valueHint: "TEXT",
    description: "Serve only who sends 'Authorization: Bearer TEXT', or uses the URL http://:TEXT@HOST:PORT",
  },
  workers: numberArg({
    valueHint: "N",
    min: 1,
    max: 1_024,
    integer: true,
    description: "Batches done at once; default: physical cores less one, at least 1",
  }),
  languages: {
    type: "string",
    valueHint: "LIST",
    description: "Languages to serve, separated by commas; default: all six",
  },
  "queue-limit": numberArg({
    valueHint: "N",
    min: 1,
    max: 10_000_000,
    integer: true,
    description: "Submissions that may wait; more are refused with 429; default: 10000",
  }),
  json: { type: "boolean", description: "Print the start line as JSON" },
  ...selectConfigArgs("unsafe-no-sandbox", "compat"),
  "time-limit": {
    ...configArgs["time-limit"],
    description: `Most wall time of one program, also where a request names none (s); default: ${DEFAULT_TIME_LIMIT_S}`,
  },
  "memory-limit": {
    ...configArgs["memory-limit"],
    description:
      "Most memory of one program, also where a request names none (MB); default: half of the machine's",
  },
} as const satisfies ArgsDef;

/** `perfagent serve`: a sandbox service, until it is told to stop. */
export default defineCommand({
  meta: { name: "serve", description: "Be an EffiBench-X compatible sandbox service" },
  args,
  async run({ args: given }) {
    const { config, environment, warnings } = await resolveConfig(given);
    const logger = createLogger({ level: config.logging.log_level, quiet: given.quiet === true });
    for (const warning of warnings) logger.warn(warning);
    const token = given.token ?? null;
    if (token !== null) registerSecrets([token]);
    const host = given.host ?? "127.0.0.1";
    checkAddress(host, token);
    const languages = languagesOf(given.languages);
    const workers = numberOf(given.workers) ?? Math.max(1, physicalCores().length - 1);
    const { runtime } = config;
    const sandbox = await createLocalSandbox({
      allowUnsafe: runtime.unsafe_no_sandbox,
      cacheDir: cacheDirectory("perfagent", environment),
      tmpDir: environment.TMPDIR ?? tmpdir(),
      env: environment,
      logger,
      maxWorkers: workers,
      compat: runtime.compat === "effibench-x",
    });
    try {
      const queueLimit = numberOf(given["queue-limit"]);
      const server = startSandboxServer({
        sandbox,
        host,
        port: numberOf(given.port) ?? DEFAULT_PORT,
        token,
        workers,
        languages,
        limits: {
          wallMs: (runtime.time_limit ?? DEFAULT_TIME_LIMIT_S) * 1000,
          memoryBytes:
            runtime.memory_limit === null ? Math.floor(totalmem() / 2) : runtime.memory_limit * 1e6,
          outputBytes: runtime.output_limit * 1e6,
        },
        ...(queueLimit !== null && { queueLimit }),
        logger,
      });
      const start = {
        url: server.url,
        port: server.port,
        workers,
        languages: languages.map((language) => LANGUAGES[language].sandboxId),
        ...sandbox.info,
      };
      await writeStdout(`${given.json === true ? JSON.stringify(start) : server.url}\n`);
      logger.info(
        `Serving ${start.languages.join(", ")}; isolation ${start.isolation}, measured by ${start.measurement}`,
      );
      await untilAborted(interruptSignal);
      logger.info("Stopping: no new work is taken; what runs may end. Interrupt again to stop at once.");
      await server.stop(STOP_GRACE_MS);
      // A service is ended by a signal: that is success.
      process.exitCode = 0;
    } finally {
      await sandbox.close();
    }
  },
});

// --- internal ---

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

/** @throws PerfagentError `usage` naming what is no language. */
function languagesOf(list: string | undefined): Language[] {
  if (list === undefined) return [...LANGUAGE_IDS];
  const names = list.split(",").map((name) => name.trim());
  const languages = names.map((name) => {
    const language = parseLanguage(name);
    if (language !== null) return language;
    const spellings = LANGUAGE_IDS.flatMap((one) => LANGUAGES[one].spellings);
    const guess = nearest(name.toLowerCase(), spellings);
    throw new PerfagentError(
      "usage",
      `Cannot serve the language '${name}': ${LANGUAGE_IDS.join(", ")} are wanted${guess === null ? "" : `; did you mean '${guess}'?`}`,
      { hint: "Give --languages as a list such as cpp,python3." },
    );
  });
  return [...new Set(languages)];
}
