/**
 * What an extension imports as types: `import type { OwnEvaluatorFactory } from "perfagent"`. A model client or an
 * evaluator is a file whose default export is a factory; everything it needs at run time is handed to that factory, so no
 * values are exported here.
 */
export type {
  OwnEvaluatorFactory,
  OwnEvaluatorInput,
  OwnEvaluatorModule,
  OwnLimits,
  OwnResult,
} from "./evaluate/own.ts";
export type { OwnModelContext } from "./model/own.ts";
export type { Completion, Evaluation, Instance, Language, Message, Sandbox, Usage } from "./types.ts";
