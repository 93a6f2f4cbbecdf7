import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "report" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent report': this command is not available yet");
  },
});
