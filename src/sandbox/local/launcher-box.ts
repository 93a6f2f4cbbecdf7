/** One running box with a launcher in it, from this side of the control descriptors. */
import {
  type AnswerReader,
  createAnswerReader,
  createByteQueue,
  encodeRequest,
  HELLO_BYTES,
  type LaunchAnswer,
  type LaunchRequest,
  PROTOCOL_VERSION,
} from "./protocol.ts";

export interface LauncherBox {
  /** Runs one program after those asked for before. Rejects when the box dies. */
  launch(request: Omit<LaunchRequest, "id">): Promise<LaunchAnswer>;
  /** Kills the box and everything in it; resolves when it is gone. */
  kill(): Promise<void>;
  /** False once the box is dead or dying. */
  readonly alive: boolean;
  /** The host's process number of the box's outermost process, leader of its group. */
  readonly pid: number;
}

/**
 * Starts a box.
 * @param argv The command that starts a launcher in its box.
 * @throws Error with the box's own words when it does not come up.
 */
export async function startLauncherBox(argv: readonly string[]): Promise<LauncherBox> {
  // A group of its own, killed as a whole: a box that is killed while it starts leaves nobody behind.
  const child = Bun.spawn([...argv], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: {},
    cwd: "/",
    detached: true,
  });
  const waiting: { resolve: (answer: LaunchAnswer) => void; reject: (error: Error) => void }[] = [];
  const words = tail(child.stderr);
  let alive = true;
  let serial = 0;
  let onHello: { resolve: () => void; reject: (error: Error) => void };
  const hello = new Promise<void>((resolve, reject) => {
    onHello = { resolve, reject };
  });

  const kill = async (): Promise<void> => {
    alive = false;
    killGroup(child.pid);
    await child.exited;
  };
  const read = async (): Promise<void> => {
    const queue = createByteQueue();
    let answers: AnswerReader | null = null;
    for await (const chunk of child.stdout) {
      queue.push(chunk);
      if (answers === null) {
        const bytes = queue.take(HELLO_BYTES);
        if (bytes === null) continue;
        const version = new DataView(bytes.buffer).getUint32(0, true);
        if (version !== PROTOCOL_VERSION) throw new Error(`the launcher speaks version ${version}`);
        answers = createAnswerReader(queue);
        onHello.resolve();
      }
      for (let answer = answers.next(); answer !== null; answer = answers.next()) {
        waiting.shift()?.resolve(answer);
      }
    }
  };
  const ended = read().then(
    () => "",
    (error: unknown) => String(error),
  );
  void ended.then(async (reason) => {
    await kill();
    const said = reason || (await words) || `it ended with ${child.signalCode ?? child.exitCode}`;
    const error = new Error(`the box ended early: ${said.trim()}`);
    onHello.reject(error);
    for (const { reject } of waiting.splice(0)) reject(error);
  });
  await hello;

  return {
    pid: child.pid,
    get alive() {
      return alive;
    },
    launch(request) {
      if (!alive) return Promise.reject(new Error("the box was killed"));
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(encodeRequest({ ...request, id: serial++ }));
        child.stdin.flush();
      });
    },
    kill,
  };
}

/** Kills a process group; one that is gone already is fine. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

// --- internal ---

/** Longest complaint of a box that is kept. */
const WORDS_BYTES = 4096;

/** The end of what a stream says, read as it comes so that nobody waits for us. */
async function tail(stream: ReadableStream<Uint8Array>): Promise<string> {
  let kept = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream)
    kept = (kept + decoder.decode(chunk, { stream: true })).slice(-WORDS_BYTES);
  return kept;
}
