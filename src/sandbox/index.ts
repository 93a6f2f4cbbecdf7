/** Which sandbox a configuration means. */
import type { Sandbox } from "../types.ts";
import { COMPAT_LABEL } from "./compat.ts";
import { createServiceSandbox } from "./effibench.ts";
import { createFakeSandbox } from "./fake.ts";
import { createLocalSandbox, type LocalSandboxOptions } from "./local/index.ts";

export interface SandboxOptions extends LocalSandboxOptions {
  /**
   * "local", the addresses of services separated by commas, or "fake": the scripted double, for tests of everything
   * around it.
   */
  readonly backend: string;
}

/** The sandbox for programs, and the one for checkers: a service has none for them, so they run here. */
export interface OpenedSandbox {
  readonly programs: Sandbox;
  readonly checkers: Sandbox;
  close(): Promise<void>;
}

/**
 * @throws PerfagentError `backend` when programs cannot be run here or no service answers, `usage` for an address that
 * is none.
 */
export async function createSandbox(options: SandboxOptions): Promise<OpenedSandbox> {
  if (options.backend === "fake") {
    const fake = createFakeSandbox();
    return { programs: fake, checkers: fake, close: () => fake.close() };
  }
  if (options.backend === "local") {
    const local = await createLocalSandbox(options);
    return { programs: local, checkers: local.checkers, close: () => local.close() };
  }
  const urls = options.backend.split(",").map((url) => url.trim());
  const programs = await createServiceSandbox({ urls, logger: options.logger });
  if (options.compat === true && !programs.info.measurement.includes(COMPAT_LABEL)) {
    options.logger.warn(
      `--compat has no effect on a service: it measures by its own rules ('${programs.info.measurement}')`,
    );
  }
  try {
    const checkers = await createLocalSandbox({ ...options, compat: false });
    return {
      programs,
      checkers,
      async close() {
        await programs.close();
        await checkers.close();
      },
    };
  } catch (error) {
    await programs.close();
    throw error;
  }
}
