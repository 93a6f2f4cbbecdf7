/** Signal names by number. Pure. */
import { constants } from "node:os";

/** The name of a signal, such as "SIGSEGV"; real-time signals are named by their distance from the first one. */
export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  if (found !== undefined) return PREFERRED[found[0]] ?? found[0];
  return number >= FIRST_REALTIME ? `SIGRTMIN+${number - FIRST_REALTIME}` : `SIG${number}`;
}

// --- internal ---

/** The C library keeps 32 and 33 for itself. */
const FIRST_REALTIME = 34;

/** Where a number has two names, the usual one. */
const PREFERRED: Readonly<Record<string, string>> = { SIGIOT: "SIGABRT", SIGPOLL: "SIGIO" };
