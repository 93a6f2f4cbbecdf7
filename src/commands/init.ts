import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "init" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent init': this command is not available yet");
  },
});
