import { defineCommand } from "citty";
import { PerfagentError } from "../errors.ts";

export default defineCommand({
  meta: { name: "doctor" },
  run() {
    throw new PerfagentError("usage", "Cannot run 'perfagent doctor': this command is not available yet");
  },
});
