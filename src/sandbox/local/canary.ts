/** Proves a box: a program that really tries to get out. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Boxes } from "./types.ts";

/**
 * Runs the canary in a box.
 * @returns What it managed that a program must not; empty when the box holds.
 */
export async function runCanary(boxes: Boxes, tmpDir: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpDir, "canary-"));
  const secret = join(folder, "secret");
  const written = join(folder, "written");
  writeFileSync(secret, "secret\n", { mode: 0o644 });
  // A number that no other process sleeps for: finds one that outlives its box.
  const sleepSeconds = String(100_000 + Math.floor(Math.random() * 900_000) + process.pid / 1e7);
  let connections = 0;
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        connections += 1;
        socket.end();
      },
      data: () => undefined,
    },
  });
  try {
    const argv = [
      "/bin/sh",
      "-c",
      SCRIPT,
      "canary",
      secret,
      written,
      String(listener.port),
      String(process.pid),
      sleepSeconds,
    ];
    const result = await boxes.execute(
      { mounts: [], argv, env: {}, stdin: "", limits: LIMITS },
      new AbortController().signal,
    );
    const findings = new TextDecoder()
      .decode(result.stdout)
      .split("\n")
      .filter((line) => line !== "");
    const finished = findings.pop();
    if (result.status !== "exited" || finished !== "done") {
      const words = result.message || new TextDecoder().decode(result.stderr).trim();
      return [`a first program could not be run: ${result.status}${words === "" ? "" : `, ${words}`}`];
    }
    if (existsSync(written)) findings.push("it wrote a file outside the box");
    if (connections > 0) findings.push("it reached the network");
    if (isRunning(sleepSeconds)) findings.push("its process outlived the box");
    return findings;
  } finally {
    listener.stop(true);
    rmSync(folder, { recursive: true, force: true });
  }
}

// --- internal ---

const LIMITS = { wallMs: 10_000, memoryBytes: 256 * 2 ** 20, outputBytes: 2 ** 16 };

/** Written for any POSIX shell; what a machine's shell cannot try (a connection, without bash) is looked up in /proc. */
const SCRIPT = `secret=$1 written=$2 port=$3 pid=$4 seconds=$5
[ -e "$secret" ] && echo "it read a file of the host"
(: > "$written") 2>/dev/null
(: > /etc/written || : > /usr/written || : > /written) 2>/dev/null && echo "it wrote into the system"
kill -0 "$pid" 2>/dev/null && echo "it saw a process of the host"
[ -e /etc/shadow ] || [ -e /etc/hostname ] && echo "it saw the host's settings"
while read -r name rest; do case $name in lo:|*"|"*|face*) ;; *) echo "it has the network interface $name";; esac
done < /proc/net/dev
[ -x /bin/bash ] && /bin/bash -c ": < /dev/tcp/127.0.0.1/$port" 2>/dev/null && echo "it reached the network"
while read -r name value; do case $name$value in
CapEff:0000000000000000|CapPrm:0000000000000000|NoNewPrivs:1) ;;
CapEff:*|CapPrm:*) echo "it has capabilities";; NoNewPrivs:*) echo "it can gain privileges";; esac
done < /proc/self/status
(trap '' HUP; setsid sleep "$seconds" || sleep "$seconds") < /dev/null > /dev/null 2>&1 &
echo done`;

function isRunning(argument: string): boolean {
  return readdirSync("/proc").some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").includes(argument);
    } catch {
      // Ended while we looked.
      return false;
    }
  });
}
