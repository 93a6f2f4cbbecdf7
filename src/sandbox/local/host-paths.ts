/** Without a box there are no mounts: paths of the box become those of the host. Pure. */
import type { BoxMount } from "./types.ts";

/** Turns a path that a box would show into the host's; other texts stay as they are. */
export function hostPaths(mounts: readonly BoxMount[], scratch: string): (text: string) => string {
  const places = [...mounts, { source: scratch, target: "/tmp" }];
  return (text) => {
    const place = places.find(({ target }) => text === target || text.startsWith(`${target}/`));
    return place === undefined ? text : place.source + text.slice(place.target.length);
  };
}
