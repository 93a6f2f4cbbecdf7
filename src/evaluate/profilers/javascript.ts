import * as v from "valibot";
import { base64, type LineProfile, PROFILE_MARKER, type Profiler } from "./profiler.ts";

/** V8's sampling profiler, the one behind `node --cpu-prof`, switched on from inside. */
export const javascriptProfiler: Profiler = {
  name: "V8's CPU profiler",
  harness: (code) => ({
    language: "javascript",
    code: HARNESS.replace("@SOURCE@", base64(code)).replace("@MARKER@", base64(PROFILE_MARKER)),
  }),
  read: (report): LineProfile => {
    const { lines, samples } = v.parse(ReportSchema, JSON.parse(report));
    return { lines: new Map(lines), samples, notes: [] };
  },
};

// --- internal ---

const ReportSchema = v.object({ lines: v.array(v.tuple([v.number(), v.number()])), samples: v.number() });

/** Sampled every 0.5 ms. Idle samples do not count; the collector's do. */
const HARNESS = `const { Session } = require("inspector");
const fs = require("fs");
const Module = require("module");
const text = (data) => Buffer.from(data, "base64").toString();
const file = "/tmp/program.js";
const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.setSamplingInterval", { interval: 500 });
process.on("exit", () => {
  session.post("Profiler.stop", (error, result) => {
    if (error) return;
    const lines = new Map();
    let samples = 0;
    for (const node of result.profile.nodes) {
      if (node.callFrame.functionName !== "(idle)") samples += node.hitCount || 0;
      if (!node.callFrame.url.endsWith(file)) continue;
      for (const { line, ticks } of node.positionTicks || []) lines.set(line, (lines.get(line) || 0) + ticks);
    }
    const report = Buffer.from(text("@MARKER@") + JSON.stringify({ lines: [...lines], samples }));
    for (let at = 0; at < report.length; ) at += fs.writeSync(1, report, at);
  });
});
const program = new Module(file, null);
program.filename = file;
program.paths = module.paths;
process.mainModule = program;
session.post("Profiler.start");
program._compile(text("@SOURCE@"), file);
`;
