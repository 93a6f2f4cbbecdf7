/** The submissions of a service: a bounded queue, workers, and the results for a while. No HTTP in here. */
import { messageOf } from "../errors.ts";
import type { ExecResult, Language, Logger, Sandbox, SuccessfulBuild } from "../types.ts";
import type { SubmissionAnswer, WireStatus } from "./wire.ts";
import { answerOf, cancelledAnswer, type Outcome, pendingAnswer, type Work } from "./wire-server.ts";

/** What bounds the memory of a service. */
export interface SubmissionBounds {
  /** Submissions that wait. */
  readonly waiting: number;
  /** Bytes of programs and inputs that wait. */
  readonly waitingBytes: number;
  /** Results that are kept. */
  readonly results: number;
  /** Bytes of the results that are kept. */
  readonly resultBytes: number;
  /** How long a result is kept. */
  readonly resultMs: number;
}

/** Counts for `/health` and `/metrics`. */
export interface SubmissionStats {
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly processing: number;
  readonly results: number;
  readonly resultBytes: number;
  /** Ended submissions since the start. */
  readonly ended: readonly {
    readonly language: Language;
    readonly status: WireStatus;
    readonly count: number;
  }[];
  /** Wall time of the programs since the start, in seconds, and how many were measured. */
  readonly programSeconds: number;
  readonly programs: number;
}

export interface Submissions {
  /** Takes a batch, which one worker does in order. Null when the queue has no room for it. */
  submit(batch: readonly Work[]): number[] | null;
  /** What is known of a submission; null when nothing is (any more). */
  answer(id: number): SubmissionAnswer | null;
  /** Stops a submission, unless it has ended. False when it is unknown. */
  cancel(id: number): boolean;
  stats(): SubmissionStats;
  /** Cancels what waits, gives what runs a time to end, then stops it. Resolves when nothing runs. */
  stop(graceMs: number): Promise<void>;
}

export interface SubmissionsOptions {
  readonly sandbox: Sandbox;
  /** Batches done at once. */
  readonly workers: number;
  readonly bounds: SubmissionBounds;
  readonly logger: Logger;
}

export function createSubmissions({ sandbox, workers, bounds, logger }: SubmissionsOptions): Submissions {
  const records = new Map<number, Submission>();
  /** Ended ones, the one that ended first first. */
  const ended = new Map<number, Submission>();
  const queue: Submission[][] = [];
  const counts = new Map<string, { language: Language; status: WireStatus; count: number }>();
  const active = new Set<Promise<void>>();
  const totals = {
    waiting: 0,
    waitingBytes: 0,
    processing: 0,
    resultBytes: 0,
    programSeconds: 0,
    programs: 0,
  };
  // Ids of two lives of a service never meet, so that a client never takes somebody else's result for its own.
  let nextId = Date.now() * IDS_PER_MS;

  function startWorkers(): void {
    while (active.size < workers) {
      const batch = queue.shift();
      if (batch === undefined) return;
      const job = workOn(batch).finally(() => {
        active.delete(job);
        startWorkers();
      });
      active.add(job);
    }
  }

  async function workOn(batch: readonly Submission[]): Promise<void> {
    const works = batch.flatMap(({ work }) => work ?? []);
    // perfagent's own lists are measured together, on one core; the protocol's batches are done one by one.
    const together = works.length > 1 && works.every((work) => work.extended && work.purpose === "time");
    if (together) await runTogether(batch);
    else for (const submission of batch) await runTogether([submission]);
  }

  /** Builds and runs submissions in one call of the sandbox, so that their numbers can be compared. */
  async function runTogether(batch: readonly Submission[]): Promise<void> {
    const controller = new AbortController();
    const started = batch.flatMap((submission) => {
      const { work } = submission;
      if (work === null) return []; // Cancelled while it waited.
      begin(submission);
      // Others of the list go on when one of them is cancelled.
      submission.stop = () => {
        if (started.every((one) => one.submission.answer !== null)) controller.abort();
      };
      return [{ submission, work }];
    });
    const ready: { submission: Submission; work: Work; build: SuccessfulBuild }[] = [];
    for (const { submission, work } of started) {
      try {
        if (submission.answer !== null) continue;
        const build = await sandbox.build(work.source, controller.signal);
        if (build.status === "ok" && !work.buildOnly) ready.push({ submission, work, build });
        else end(submission, work, { build, exec: null, message: "" });
      } catch (error) {
        end(submission, work, failure(error));
      }
    }
    const [first] = ready;
    if (first === undefined) return;
    try {
      const jobs = ready.map(({ work, build }) => ({ build, stdin: work.stdin, limits: work.limits }));
      const results = await sandbox.run(jobs, { purpose: first.work.purpose }, controller.signal);
      ready.forEach(({ submission, work, build }, index) => {
        const exec = results[index] ?? null;
        end(submission, work, { build, exec, message: exec === null ? "it was not run" : "" });
      });
    } catch (error) {
      for (const { submission, work } of ready) end(submission, work, failure(error));
    }
  }

  function failure(error: unknown): Outcome {
    logger.warn(`A submission could not be run: ${messageOf(error)}`);
    return { build: null, exec: null, message: messageOf(error) };
  }

  function begin(submission: Submission): void {
    leaveQueue(submission);
    submission.status = "processing";
    totals.processing += 1;
  }

  function leaveQueue(submission: Submission): void {
    totals.waiting -= 1;
    totals.waitingBytes -= submission.bytes;
    submission.work = null;
  }

  /** The first end counts: what was cancelled stays cancelled, whatever its program did before it was killed. */
  function end(submission: Submission, work: Work, outcome: Outcome): void {
    if (submission.answer === null) close(submission, answerOf(submission.id, work, outcome), outcome.exec);
  }

  function close(submission: Submission, answer: SubmissionAnswer, exec: ExecResult | null): void {
    if (submission.status === "processing") totals.processing -= 1;
    submission.status = answer.status;
    submission.answer = answer;
    submission.stop = null;
    submission.bytes = bytesOfAnswer(answer);
    submission.endedAt = performance.now();
    ended.set(submission.id, submission);
    totals.resultBytes += submission.bytes;
    if (exec !== null && exec.wallNs !== null) {
      totals.programs += 1;
      totals.programSeconds += exec.wallNs / 1e9;
    }
    const key = `${submission.language} ${answer.status}`;
    const counter = counts.get(key) ?? { language: submission.language, status: answer.status, count: 0 };
    counts.set(key, { ...counter, count: counter.count + 1 });
    forgetOld();
  }

  function forgetOld(): void {
    const oldest = performance.now() - bounds.resultMs;
    for (const submission of ended.values()) {
      const tooMany = ended.size > bounds.results || totals.resultBytes > bounds.resultBytes;
      if (!tooMany && submission.endedAt > oldest) return;
      ended.delete(submission.id);
      records.delete(submission.id);
      totals.resultBytes -= submission.bytes;
    }
  }

  function cancel(submission: Submission): void {
    if (submission.answer !== null) return;
    const { stop, status } = submission;
    if (status === "waiting") leaveQueue(submission);
    close(submission, cancelledAnswer(submission.id), null);
    stop?.();
  }

  return {
    submit(batch) {
      const bytes = batch.map(bytesOfWork);
      const sum = bytes.reduce((total, size) => total + size, 0);
      if (totals.waiting + batch.length > bounds.waiting) return null;
      if (totals.waitingBytes + sum > bounds.waitingBytes) return null;
      const submissions = batch.map((work, index): Submission => {
        const submission: Submission = {
          id: nextId,
          language: work.source.language,
          work,
          status: "waiting",
          answer: null,
          stop: null,
          bytes: bytes[index] ?? 0,
          endedAt: 0,
        };
        nextId += 1;
        records.set(submission.id, submission);
        return submission;
      });
      totals.waiting += batch.length;
      totals.waitingBytes += sum;
      queue.push(submissions);
      startWorkers();
      return submissions.map(({ id }) => id);
    },
    answer(id) {
      forgetOld();
      const submission = records.get(id);
      if (submission === undefined) return null;
      return submission.answer ?? pendingAnswer(id, submission.status);
    },
    cancel(id) {
      const submission = records.get(id);
      if (submission === undefined) return false;
      cancel(submission);
      return true;
    },
    stats() {
      forgetOld();
      return { ...totals, results: ended.size, ended: [...counts.values()] };
    },
    async stop(graceMs) {
      for (const batch of queue.splice(0)) for (const submission of batch) cancel(submission);
      const running = [...active];
      const timer = setTimeout(() => {
        for (const submission of [...records.values()]) cancel(submission);
      }, graceMs);
      // Batches that have begun wait in `active`, not in the queue: what of them has not started is cancelled at once.
      for (const submission of [...records.values()]) {
        if (submission.status === "waiting") cancel(submission);
      }
      await Promise.all(running);
      clearTimeout(timer);
    },
  };
}

// --- internal ---

interface Submission {
  readonly id: number;
  readonly language: Language;
  /** Null from the moment it leaves the queue: nobody needs the source twice. */
  work: Work | null;
  status: WireStatus;
  /** Null until it has ended. */
  answer: SubmissionAnswer | null;
  /** Kills its program; null when none runs. */
  stop: (() => void) | null;
  /** Of the work while it waits, of the answer after its end. */
  bytes: number;
  endedAt: number;
}

/** Room for so many submissions in each millisecond of a service's life; ids stay below 2⁵³ until the year 2255. */
const IDS_PER_MS = 1000;

/** What a submission costs beside its texts: objects and table entries, measured roughly. */
const RECORD_BYTES = 500;

function bytesOfWork({ source, stdin }: Work): number {
  return RECORD_BYTES + source.code.length + stdin.length;
}

function bytesOfAnswer({ text, perfagent }: SubmissionAnswer): number {
  const exec = perfagent?.exec;
  const extension = (exec?.stdout_base64?.length ?? 0) + (exec?.stderr_base64.length ?? 0);
  return RECORD_BYTES + (text?.length ?? 0) + extension + (perfagent?.build?.message.length ?? 0);
}
