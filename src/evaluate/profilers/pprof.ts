import { gunzipSync } from "node:zlib";
import type { LineProfile } from "./profiler.ts";

/**
 * Reads a profile in pprof's format (a gzipped protocol buffer; profile.proto of github.com/google/pprof): each sample
 * counts for the innermost line of a function whose name begins with the prefix.
 *
 * @throws Error when it is not in this format.
 */
export function readPprof(bytes: Uint8Array, prefix: string): LineProfile {
  const strings: string[] = [];
  const functionNames = new Map<number, number>();
  const locations = new Map<number, readonly Line[]>();
  const samples: { readonly locations: readonly number[]; readonly count: number }[] = [];
  for (const { number, bytes: body } of fields(gunzipSync(bytes))) {
    if (number === FIELD.sample) samples.push(readSample(body));
    else if (number === FIELD.location) {
      const { id, lines } = readLocation(body);
      locations.set(id, lines);
    } else if (number === FIELD.function) {
      const values = scalars(body);
      functionNames.set(values.get(1) ?? 0, values.get(2) ?? 0);
    } else if (number === FIELD.string) strings.push(new TextDecoder().decode(body));
  }
  const nameOf = (line: Line): string => strings[functionNames.get(line.functionId) ?? 0] ?? "";
  const lines = new Map<number, number>();
  let total = 0;
  for (const { locations: stack, count } of samples) {
    total += count;
    const own = stack
      .flatMap((id) => locations.get(id) ?? [])
      .find((line) => nameOf(line).startsWith(prefix));
    if (own !== undefined) lines.set(own.line, (lines.get(own.line) ?? 0) + count);
  }
  return { lines, samples: total, notes: [] };
}

// --- internal ---

/** Fields of the message Profile. */
const FIELD = { sample: 2, location: 4, function: 5, string: 6 } as const;

interface Line {
  readonly functionId: number;
  readonly line: number;
}

interface Field {
  readonly number: number;
  /** A varint's value; 0 for other types. */
  readonly value: number;
  /** Content of a length-delimited field; empty for other types. */
  readonly bytes: Uint8Array;
}

function* fields(bytes: Uint8Array): Generator<Field> {
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    const tag = varint(reader);
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: varint(reader), bytes: EMPTY };
        break;
      case 1:
        reader.at += 8;
        break;
      case 2: {
        const length = varint(reader);
        yield { number, value: 0, bytes: bytes.subarray(reader.at, reader.at + length) };
        reader.at += length;
        break;
      }
      case 5:
        reader.at += 4;
        break;
      default:
        throw new Error(`no pprof profile: wire type ${tag % 8}`);
    }
  }
}

const EMPTY = new Uint8Array();

/** Ids and counts are far below 2⁵³; addresses, which may not be, are not read. */
function varint(reader: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw new Error("no pprof profile: it ends in a number");
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
}

function scalars(bytes: Uint8Array): Map<number, number> {
  return new Map([...fields(bytes)].map(({ number, value }) => [number, value]));
}

/** Repeated numbers come packed or one by one. */
function numbers(bytes: Uint8Array, wanted: number): number[] {
  return [...fields(bytes)].flatMap((field) => {
    if (field.number !== wanted) return [];
    if (field.bytes.length === 0) return [field.value];
    const reader = { bytes: field.bytes, at: 0 };
    const values: number[] = [];
    while (reader.at < field.bytes.length) values.push(varint(reader));
    return values;
  });
}

function readSample(bytes: Uint8Array): { locations: number[]; count: number } {
  return { locations: numbers(bytes, 1), count: numbers(bytes, 2)[0] ?? 0 };
}

/** A location has several lines where functions were inlined, the innermost first. */
function readLocation(bytes: Uint8Array): { id: number; lines: Line[] } {
  const lines = [...fields(bytes)].flatMap(({ number, bytes: body }) => {
    if (number !== 4) return [];
    const values = scalars(body);
    return [{ functionId: values.get(1) ?? 0, line: values.get(2) ?? 0 }];
  });
  return { id: scalars(bytes).get(1) ?? 0, lines };
}
