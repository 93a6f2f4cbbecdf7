import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "completions" },
  run() {
    throw new PerfagentError(
      "usage",
      "Cannot run 'perfagent completions': this command is not available yet",
    );
  },
});
