/** What one process has once, however many instances it works on: the sandbox, and what all model calls share. */
import { tmpdir } from "node:os";
import type { Config } from "../config/schema.ts";
import { cacheDirectory } from "../lib/cache-directory.ts";
import { type Budget, createBudget } from "../model/budget.ts";
import { createGovernor, type Governor, type RateWait } from "../model/governor.ts";
import { createSandbox } from "../sandbox/index.ts";
import type { Logger, Sandbox, Usage } from "../types.ts";

export interface WorkshopOptions {
  readonly config: Config;
  /** The user's environment: PATH leads to the toolchains, and keys are looked up in it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where relative paths of an own evaluator start. */
  readonly workingDirectory: string;
  readonly logger: Logger;
  /** Hears when model calls wait for a limit of the service. */
  readonly onRateWait?: (wait: RateWait) => void;
}

export interface Workshop {
  readonly sandbox: Sandbox;
  /** Where checkers run: the same, or a local one when programs run on a service. */
  readonly checkerSandbox: Sandbox;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /** Caps on what all model calls of the process may spend. */
  readonly budget: Budget;
  /** Counts against the budget what earlier processes spent on a run; once for each journal. */
  bookEarlier(journal: string, usage: Usage): void;
  /** Keeps all model calls of the process within the service's limits. */
  readonly governor: Governor;
  close(): Promise<void>;
}

/**
 * Opens what all runs of a process share.
 * @throws PerfagentError `backend` when programs cannot be run here or no service answers.
 */
export async function openWorkshop(options: WorkshopOptions): Promise<Workshop> {
  const { config, environment, logger } = options;
  const { runtime } = config;
  const sandbox = await createSandbox({
    backend: runtime.backend,
    allowUnsafe: runtime.unsafe_no_sandbox,
    compat: runtime.compat === "effibench-x",
    cacheDir: cacheDirectory("perfagent", environment),
    tmpDir: environment.TMPDIR ?? tmpdir(),
    env: environment,
    logger,
    ...(runtime.max_workers === null ? {} : { maxWorkers: runtime.max_workers }),
  });
  const budget = createBudget({
    maxCostUsd: config.budget.max_cost,
    maxTotalTokens: config.budget.max_total_tokens,
    maxTimeMs: config.budget.max_time === null ? null : config.budget.max_time * 1000,
  });
  return {
    sandbox: sandbox.programs,
    checkerSandbox: sandbox.checkers,
    environment,
    workingDirectory: options.workingDirectory,
    budget,
    bookEarlier: bookOnce(budget),
    governor: createGovernor({
      requestsPerMinute: config.model.requests_per_minute,
      tokensPerMinute: config.model.tokens_per_minute,
      maxConcurrency: config.model.max_concurrency,
      ...(options.onRateWait === undefined ? {} : { onWait: options.onRateWait }),
    }),
    close: () => sandbox.close(),
  };
}

/** Books the usage of earlier processes; a batch knows of it before the run that continues does. */
export function bookOnce(budget: Budget): Workshop["bookEarlier"] {
  const booked = new Set<string>();
  return (journal, { promptTokens, completionTokens, costUsd }) => {
    if (booked.has(journal)) return;
    booked.add(journal);
    budget.book({ tokens: (promptTokens ?? 0) + (completionTokens ?? 0), costUsd: costUsd ?? 0 });
  };
}
