import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where an application keeps what it can make again, by the platform's own rule: `$XDG_CACHE_HOME/<name>` where that is
 * set to an absolute path, else `~/Library/Caches/<name>` on macOS and `~/.cache/<name>` elsewhere.
 *
 * @param env The user's environment; HOME in it wins over the account's home directory.
 */
export function cacheDirectory(name: string, env: Readonly<Record<string, string | undefined>>): string {
  const xdg = env.XDG_CACHE_HOME;
  // The XDG base directory specification: a relative path is invalid and must be ignored.
  if (xdg?.startsWith("/")) return join(xdg, name);
  const home = env.HOME === undefined || env.HOME === "" ? homedir() : env.HOME;
  return process.platform === "darwin" ? join(home, "Library", "Caches", name) : join(home, ".cache", name);
}
