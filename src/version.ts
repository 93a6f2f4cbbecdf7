import manifest from "../package.json" with { type: "json" };

/** The version that `--version`, trajectories and services report. */
export const VERSION: string = manifest.version;
