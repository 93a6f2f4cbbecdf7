import { createServiceSandbox } from "../../src/sandbox/effibench.ts";
import { createFakeSandbox } from "../../src/sandbox/fake.ts";
import { startSandboxServer } from "../../src/sandbox/server.ts";
import type { Sandbox } from "../../src/types.ts";
import { MISSING_FOR_LOCAL, SILENT, startLocalSandbox } from "../support/local-sandbox.ts";
import { describeSandbox, type SandboxUnderTest } from "./contract.ts";

/** A client of a service that has this sandbox behind it. */
async function behindService(sandbox: Sandbox): Promise<SandboxUnderTest> {
  const server = startSandboxServer({
    sandbox,
    host: "127.0.0.1",
    port: 0,
    token: "a token",
    workers: 2,
    languages: ["python3"],
    limits: { wallMs: 60_000, memoryBytes: 2 ** 30, outputBytes: 2 ** 26 },
    logger: SILENT,
  });
  const client = await createServiceSandbox({ urls: [server.url], token: "a token", logger: SILENT });
  return {
    sandbox: client,
    async close() {
      await client.close();
      await server.stop(0);
      await sandbox.close();
    },
  };
}

function alone(sandbox: Sandbox): SandboxUnderTest {
  return { sandbox, close: () => sandbox.close() };
}

describeSandbox("createFakeSandbox()", async () => alone(createFakeSandbox()), null);

describeSandbox("createServiceSandbox() → serve → fake", () => behindService(createFakeSandbox()), null);

describeSandbox("createLocalSandbox()", async () => alone(await startLocalSandbox()), MISSING_FOR_LOCAL);

describeSandbox(
  "createServiceSandbox() → serve → local",
  async () => behindService(await startLocalSandbox()),
  MISSING_FOR_LOCAL,
);
