import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "run" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent run': this command is not available yet");
  },
});
