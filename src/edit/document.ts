import { BOM, isBlank, isBlankCode, trimLine, trimLineEnd } from "./lines.ts";

/** How two lines are compared: by every character, without blanks at the end, or without blanks on either side. */
export type Comparison = "exact" | "line_ends" | "trimmed";

/**
 * A program as a linked list of lines that can be searched and spliced without touching the rest. Lines are named by
 * positive numbers that stay valid, those of the program as it came by their line numbers; 0 stands before the first and behind the last line. Lines that are never replaced
 * come out byte for byte.
 */
export class Document {
  /** The program's byte order mark, or "". It is no part of the first line. */
  readonly bom: string;
  /** Line end of the program's first line; `\n` when it has none. */
  readonly lineEnd: string;

  readonly #source: string;
  /** Where each line begins; one more entry for the end of the source. */
  readonly #starts: Int32Array;
  readonly #originals: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #removed: Uint8Array;
  readonly #addedTexts: string[] = [];
  readonly #addedEnds: string[] = [];
  readonly #vocabulary: readonly string[];
  readonly #indexes = new Map<Comparison, LineIndex>();
  #size: number;

  /**
   * @param vocabulary All lines that will be searched for.
   * @param room How many lines will be added at most.
   */
  constructor(program: string, vocabulary: readonly string[], room: number) {
    this.bom = program.startsWith(BOM) ? BOM : "";
    this.#source = program.slice(this.bom.length);
    this.#starts = lineStarts(this.#source);
    this.#originals = this.#starts.length - 1;
    this.#size = this.#originals;
    this.#vocabulary = vocabulary;
    const capacity = this.#originals + room + 1;
    this.#next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
    this.#removed = new Uint8Array(capacity);
    for (let line = 0; line < this.#originals; line++) {
      this.#next[line] = line + 1;
      this.#previous[line + 1] = line;
    }
    this.#previous[0] = this.#originals;
    this.lineEnd = this.#originals > 0 && this.#endOf(1) === "\r\n" ? "\r\n" : "\n";
  }

  /** Number of lines. */
  get size(): number {
    return this.#size;
  }

  next(line: number): number {
    return this.#next[line] ?? 0;
  }

  previous(line: number): number {
    return this.#previous[line] ?? 0;
  }

  /** The line that is `steps` lines behind (or, negative, before) a line; 0 when the document ends before it. */
  step(line: number, steps: number): number {
    let at = line;
    for (let left = Math.abs(steps); left > 0; left--) {
      at = steps > 0 ? this.next(at) : this.previous(at);
      if (at === 0) return 0;
    }
    return at;
  }

  /** A line's text, without its end. */
  textOf(line: number): string {
    if (line > this.#originals) return this.#addedTexts[line - this.#originals - 1] ?? "";
    return this.#source.slice(this.#starts[line - 1], this.#contentEnd(line));
  }

  /** A line's end: `\n`, `\r\n`, or "" for the last line of a program without a final line end. */
  endOf(line: number): string {
    return line > this.#originals ? (this.#addedEnds[line - this.#originals - 1] ?? "") : this.#endOf(line);
  }

  /** Whether a line is of the program as it came, not written by an edit. */
  isOriginal(line: number): boolean {
    return line <= this.#originals;
  }

  /** Whether any line was written by an edit. */
  hasAdditions(): boolean {
    return this.#addedTexts.length > 0;
  }

  /** Numbers that are equal for lines which compare equal; 0 for lines outside of the vocabulary. */
  idsOf(comparison: Comparison): { of: (line: number) => number; ofText: (text: string) => number } {
    const index = this.#index(comparison);
    return { of: (line) => index.ids[line] ?? 0, ofText: (text) => index.idOfText(text) };
  }

  /** How many lines of the document have an id. */
  countOf(comparison: Comparison, id: number): number {
    return this.#index(comparison).counts[id] ?? 0;
  }

  /** The lines that have an id, in no promised order. */
  linesWith(comparison: Comparison, id: number): number[] {
    return (this.#index(comparison).lines[id] ?? []).filter((line) => this.#removed[line] === 0);
  }

  /**
   * Replaces `count` lines from `first` on; lines that begin or end both the old and the new text stay as they are. New
   * lines take the end of the lines they replace.
   */
  splice(first: number, count: number, texts: readonly string[]): void {
    const old: number[] = [];
    for (let line = first; old.length < count; line = this.next(line)) old.push(line);
    let head = 0;
    while (head < count && head < texts.length && this.textOf(old[head] ?? 0) === texts[head]) head++;
    let tail = 0;
    const most = Math.min(count, texts.length) - head;
    while (tail < most && this.textOf(old[count - 1 - tail] ?? 0) === texts[texts.length - 1 - tail]) tail++;

    const gone = old.slice(head, count - tail);
    const added = texts.slice(head, texts.length - tail);
    let before = head > 0 ? (old[head - 1] ?? 0) : this.previous(first);
    const after = tail > 0 ? (old[count - tail] ?? 0) : this.next(old[count - 1] ?? 0);
    const neighbour = before === 0 ? after : before;
    for (const line of gone) this.#forget(line);
    for (const [index, text] of added.entries()) {
      const model = gone[Math.min(index, gone.length - 1)] ?? neighbour;
      before = this.#insert(before, text, this.endOf(model));
    }
    this.#next[before] = after;
    this.#previous[after] = before;
    this.#size += added.length - gone.length;
  }

  /** Replaces all lines. */
  fill(texts: readonly string[]): void {
    const end = this.lineEnd;
    for (let line = this.next(0); line !== 0; line = this.next(line)) this.#forget(line);
    let before = 0;
    for (const text of texts) before = this.#insert(before, text, end);
    this.#next[before] = 0;
    this.#previous[0] = before;
    this.#size = texts.length;
  }

  /** Whether no line holds more than blanks. */
  isBlank(): boolean {
    let line = this.next(0);
    while (line !== 0 && isBlank(this.textOf(line))) line = this.next(line);
    return line === 0;
  }

  /** The texts of all lines, in order. */
  texts(): string[] {
    const texts: string[] = [];
    for (let line = this.next(0); line !== 0; line = this.next(line)) texts.push(this.textOf(line));
    return texts;
  }

  /** The texts of all lines of the program as it came. */
  originalTexts(): string[] {
    return Array.from({ length: this.#originals }, (_, index) => this.textOf(index + 1));
  }

  /** 1-based numbers of the given lines in the document as it is now, ascending. */
  numbersOf(lines: readonly number[]): number[] {
    const wanted = new Set(lines);
    const numbers: number[] = [];
    let number = 0;
    for (let line = this.next(0); line !== 0; line = this.next(line)) {
      number++;
      if (wanted.has(line)) numbers.push(number);
    }
    return numbers;
  }

  /** The program, with a final line end exactly if it came with one (a program that was empty gets one). */
  render(): string {
    const parts: string[] = [this.bom];
    const last = this.previous(0);
    const finalEnd = this.#originals === 0 || this.#endOf(this.#originals) !== "";
    let run = 0;
    for (let line = this.next(0); line !== 0; line = this.next(line)) {
      const isPlain = line <= this.#originals && line !== last && this.#endOf(line) !== "";
      if (isPlain) {
        if (run === 0) run = line;
        // Neighbours that are neighbours in the source, too, are copied in one piece.
        if (this.next(line) === line + 1) continue;
        parts.push(this.#source.slice(this.#starts[run - 1], this.#starts[line]));
        run = 0;
        continue;
      }
      if (run !== 0) parts.push(this.#source.slice(this.#starts[run - 1], this.#starts[line - 1]));
      run = 0;
      parts.push(this.textOf(line));
      if (line !== last || finalEnd) parts.push(this.endOf(line) || this.lineEnd);
    }
    return parts.join("");
  }

  #contentEnd(line: number): number {
    return (this.#starts[line] ?? 0) - this.#endOf(line).length;
  }

  #endOf(line: number): string {
    const end = this.#starts[line] ?? 0;
    if (end === 0 || this.#source.charCodeAt(end - 1) !== LINE_FEED) return "";
    const isCrlf =
      end - 2 >= (this.#starts[line - 1] ?? 0) && this.#source.charCodeAt(end - 2) === CARRIAGE_RETURN;
    return isCrlf ? "\r\n" : "\n";
  }

  #forget(line: number): void {
    this.#removed[line] = 1;
    for (const index of this.#indexes.values()) {
      const id = index.ids[line] ?? 0;
      index.counts[id] = (index.counts[id] ?? 0) - 1;
    }
  }

  #insert(before: number, text: string, end: string): number {
    this.#addedTexts.push(text);
    this.#addedEnds.push(end);
    const line = this.#originals + this.#addedTexts.length;
    this.#next[before] = line;
    this.#previous[line] = before;
    for (const index of this.#indexes.values()) index.add(line, text);
    return line;
  }

  #index(comparison: Comparison): LineIndex {
    const known = this.#indexes.get(comparison);
    if (known !== undefined) return known;
    const index = new LineIndex(TRIMMINGS[comparison], this.#vocabulary, this.#next.length);
    for (let line = this.next(0); line !== 0; line = this.next(line)) {
      if (line > this.#originals) index.add(line, this.textOf(line));
      else if (index.mayKnow(this.#source, this.#starts[line - 1] ?? 0, this.#contentEnd(line))) {
        index.add(line, this.textOf(line));
      }
    }
    this.#indexes.set(comparison, index);
    return index;
  }
}

// --- internal ---

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Which blanks of a line a comparison leaves out. */
interface Trimming {
  readonly key: (text: string) => string;
  readonly start: boolean;
  readonly end: boolean;
}

const TRIMMINGS: Readonly<Record<Comparison, Trimming>> = {
  exact: { key: (text) => text, start: false, end: false },
  line_ends: { key: trimLineEnd, start: false, end: true },
  trimmed: { key: trimLine, start: true, end: true },
};

/** Values of a fingerprint: a power of two, far above the number of lines that one answer searches for. */
const FINGERPRINTS = 2 ** 16;

/** Which lines of a document equal which line of the vocabulary, under one comparison. */
class LineIndex {
  readonly ids: Int32Array;
  /** Lines by id, removed ones included. */
  readonly lines: number[][] = [[]];
  /** Number of lines by id, without the removed ones. */
  readonly counts: number[] = [0];
  readonly #trimming: Trimming;
  readonly #idByKey = new Map<string, number>();
  /** 1 for the fingerprints of the vocabulary. */
  readonly #fingerprints = new Uint8Array(FINGERPRINTS);

  constructor(trimming: Trimming, vocabulary: readonly string[], capacity: number) {
    this.#trimming = trimming;
    this.ids = new Int32Array(capacity);
    for (const text of vocabulary) {
      const entry = trimming.key(text);
      if (this.#idByKey.has(entry)) continue;
      this.#idByKey.set(entry, this.lines.length);
      this.#fingerprints[fingerprint(entry, 0, entry.length)] = 1;
      this.lines.push([]);
      this.counts.push(0);
    }
  }

  idOfText(text: string): number {
    return this.#idByKey.get(this.#trimming.key(text)) ?? 0;
  }

  /** Whether a part of a source may equal a line of the vocabulary; false is certain, and found without a copy. */
  mayKnow(source: string, start: number, end: number): boolean {
    let from = start;
    let to = end;
    if (this.#trimming.end) while (to > from && isBlankCode(source.charCodeAt(to - 1))) to--;
    if (this.#trimming.start) while (from < to && isBlankCode(source.charCodeAt(from))) from++;
    return this.#fingerprints[fingerprint(source, from, to)] === 1;
  }

  add(line: number, text: string): void {
    const id = this.idOfText(text);
    if (id === 0) return;
    this.ids[line] = id;
    this.lines[id]?.push(line);
    this.counts[id] = (this.counts[id] ?? 0) + 1;
  }
}

/** The length and four characters of a text: enough to tell most lines of a program apart. */
function fingerprint(source: string, start: number, end: number): number {
  if (start === end) return 0;
  const middle = (start + end) >> 1;
  let value = end - start;
  value = value * 31 + source.charCodeAt(end - 1);
  value = value * 31 + source.charCodeAt(Math.max(start, end - 2));
  value = value * 31 + source.charCodeAt(middle);
  value = value * 31 + source.charCodeAt(Math.max(start, middle - 3));
  return value & (FINGERPRINTS - 1);
}

function lineStarts(source: string): Int32Array {
  let count = source === "" || source.endsWith("\n") ? 0 : 1;
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) count++;
  const starts = new Int32Array(count + 1);
  let line = 1;
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) starts[line++] = at + 1;
  starts[count] = source.length;
  return starts;
}
