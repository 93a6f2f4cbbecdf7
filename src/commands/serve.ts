import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "serve" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent serve': this command is not available yet");
  },
});
