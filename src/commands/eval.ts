import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "eval" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent eval': this command is not available yet");
  },
});
