/** What `batch --estimate` prints. Pure. */
import type { BatchEstimate } from "../../batch/estimate.ts";
import type { SpendingEstimate } from "../../model/estimate.ts";

/** For a person. */
export function estimateText({ instances, expected, most, unpriced }: BatchEstimate): string {
  const rows = [
    ["", "calls", "prompt tokens", "answer tokens", "USD"],
    ["expected", ...cells(expected)],
    ["at the most", ...cells(most)],
  ];
  const widths = [11, 10, 14, 14, 12];
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(""),
  );
  const prices =
    unpriced.length === 0
      ? []
      : ["", `No price is configured for ${unpriced.join(", ")}: set it with the key 'pricing'.`];
  return `${[`${instances} instances`, "", ...lines, ...prices].join("\n")}\n`;
}

/** For a machine; keys are the document's own. */
export function estimateDocument(estimate: BatchEstimate): Readonly<Record<string, unknown>> {
  const { instances, expected, most, unpriced, unusable } = estimate;
  return { instances, expected: document(expected), most: document(most), unpriced, unusable };
}

// --- internal ---

function cells({ calls, promptTokens, completionTokens, costUsd }: SpendingEstimate): readonly string[] {
  const cost = costUsd === null ? "unknown" : costUsd.toFixed(2);
  return [String(calls), String(promptTokens), String(completionTokens), cost];
}

function document({ calls, promptTokens, completionTokens, costUsd }: SpendingEstimate) {
  return { calls, prompt_tokens: promptTokens, completion_tokens: completionTokens, cost_usd: costUsd };
}
