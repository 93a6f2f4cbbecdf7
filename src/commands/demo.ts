import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "demo" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent demo': this command is not available yet");
  },
});
