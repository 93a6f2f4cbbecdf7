/** Server-sent events: bytes to the data of events. No effects; the state is the unfinished rest. */

export interface SseParser {
  /** The data of each event that is complete with these bytes. */
  push(bytes: Uint8Array): string[];
  /** The data of an event that the end of the stream completes; servers leave out the last blank line. */
  end(): string[];
}

/**
 * Follows the HTML standard: lines end with CR, LF or CRLF wherever the network cuts them, comments and unknown fields
 * are passed over, several `data` lines are one text. Bytes that are not UTF-8 are replaced.
 *
 * @param maxEventChars An event longer than this makes `push` throw.
 * @throws RangeError
 */
export function createSseParser(maxEventChars: number): SseParser {
  const decoder = new TextDecoder();
  /** Parts of the line that has not ended: joined once, so that a long line costs no more than its length. */
  let line: string[] = [];
  let data: string[] = [];
  let chars = 0;
  let endsWithCr = false;

  function endLine(events: string[]): void {
    const text = line.length === 1 ? (line[0] ?? "") : line.join("");
    line = [];
    if (text === "") {
      if (data.length > 0) events.push(data.join("\n"));
      data = [];
      chars = 0;
      return;
    }
    const colon = text.indexOf(":");
    const field = colon === -1 ? text : text.slice(0, colon);
    if (field !== "data") {
      chars -= text.length;
      return;
    }
    const value = colon === -1 ? "" : text.slice(colon + 1);
    data.push(value.startsWith(" ") ? value.slice(1) : value);
  }

  function take(text: string): string[] {
    const events: string[] = [];
    let start = 0;
    // The LF of a CRLF that was cut in two.
    if (endsWithCr && text.startsWith("\n")) start = 1;
    if (text !== "") endsWithCr = text.endsWith("\r");
    LINE_END.lastIndex = start;
    for (let match = LINE_END.exec(text); match !== null; match = LINE_END.exec(text)) {
      addToLine(text.slice(start, match.index));
      endLine(events);
      start = LINE_END.lastIndex;
    }
    addToLine(text.slice(start));
    return events;
  }

  function addToLine(part: string): void {
    if (part === "") return;
    line.push(part);
    chars += part.length;
    if (chars > maxEventChars) throw new RangeError(`an event is longer than ${maxEventChars} characters`);
  }

  return {
    push: (bytes) => take(decoder.decode(bytes, { stream: true })),
    end() {
      const events = take(decoder.decode());
      if (line.length > 0) endLine(events);
      endLine(events);
      return events;
    },
  };
}

// --- internal ---

const LINE_END = /\r\n|\n|\r/g;
