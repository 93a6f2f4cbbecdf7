import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "config" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent config': this command is not available yet");
  },
});
