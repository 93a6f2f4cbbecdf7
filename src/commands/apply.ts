import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "apply" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent apply': this command is not available yet");
  },
});
