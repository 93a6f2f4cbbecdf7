/** Who may talk to a service. */
import { timingSafeEqual } from "node:crypto";
import { PerfagentError } from "../errors.ts";

export interface AccessOptions {
  /** Every request has to carry it; null lets everybody in who can connect. */
  readonly token: string | null;
  /** The service listens on this machine's loopback address only. */
  readonly loopback: boolean;
}

/** Why a request is turned away. */
export interface Denial {
  readonly status: 401 | 403;
  readonly detail: string;
}

/**
 * Decides about a request; null lets it in.
 *
 * A service runs programs for whoever asks, so a page in a browser must not be able to ask: requests with an `Origin` are
 * refused, which every cross-site POST has, and a loopback service only answers to loopback names, so that a foreign name
 * that resolves to this machine (DNS rebinding) leads nowhere. No client of the protocol is a page.
 *
 * The token comes as `Authorization: Bearer TOKEN`, or as the password of basic authentication, so that clients that only
 * know a URL can give it: `http://:TOKEN@host:8000`.
 */
export function denialOf(request: Request, { token, loopback }: AccessOptions): Denial | null {
  if (request.headers.has("origin")) {
    return { status: 403, detail: "Requests from web pages are not served." };
  }
  const host = request.headers.get("host") ?? "";
  if (loopback && token === null && !isLoopbackName(hostNameOf(host))) {
    return {
      status: 403,
      detail: `This service only answers to localhost; the request was sent to '${host}'.`,
    };
  }
  if (token === null || equal(tokenOf(request.headers.get("authorization") ?? ""), token)) return null;
  return {
    status: 401,
    detail: "A token is wanted: 'Authorization: Bearer TOKEN', or http://:TOKEN@HOST:PORT.",
  };
}

/**
 * Refuses to listen where others could run programs.
 * @throws PerfagentError `usage` for an address beyond this machine without a token.
 */
export function checkAddress(host: string, token: string | null): void {
  if (token !== null || isLoopbackName(host)) return;
  throw new PerfagentError(
    "usage",
    `Cannot serve on '${host}' without --token: whoever reaches that address could run programs here`,
    { hint: "Add --token with a long random text, or leave out --host to serve this machine only." },
  );
}

/** True for names and addresses that lead to this machine only. */
export function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase();
  return name === "localhost" || name === "::1" || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

// --- internal ---

function hostNameOf(header: string): string {
  return header.replace(/:\d+$/, "");
}

function tokenOf(authorization: string): string {
  const [, scheme = "", value = ""] = /^(\S+)\s+(.*)$/.exec(authorization.trim()) ?? [];
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return "";
  const pair = Buffer.from(value, "base64").toString();
  return pair.slice(pair.indexOf(":") + 1);
}

/** Compares digests, which have one length, in a time that does not depend on where they differ. */
function equal(given: string, wanted: string): boolean {
  const digest = (text: string): Uint8Array => new Bun.CryptoHasher("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
