import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "compare" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent compare': this command is not available yet");
  },
});
