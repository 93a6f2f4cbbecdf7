import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "batch" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent batch': this command is not available yet");
  },
});
