import { expect, test } from "bun:test";
import { createAnswerReader, createByteQueue, encodeRequest } from "../../../src/sandbox/local/protocol.ts";

const REQUEST = {
  id: 7,
  core: 3,
  homeCore: null,
  nice: -10,
  wallNs: 1.5e9,
  cpuNs: 2e9,
  memoryBytes: 2 ** 33,
  outputBytes: 10,
  fileBytes: 20,
  input: "in",
  cwd: "/tmp",
  argv: ["/bin/é", ""],
  env: { A: "b=c" },
};

/** An answer as the launcher writes it. */
function answer(id: number, stdout: string, stderr: string, message: string): Uint8Array {
  const body = Buffer.from(stdout + stderr + message);
  const bytes = new Uint8Array(96 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, id, true);
  view.setUint32(4, 2 + 16, true);
  view.setInt32(8, 11, true);
  view.setBigUint64(16, 123n, true);
  view.setFloat64(48, 1.25, true);
  view.setBigUint64(56, BigInt(stdout.length + 5), true);
  view.setBigUint64(64, BigInt(stdout.length), true);
  view.setBigUint64(72, BigInt(stderr.length), true);
  view.setBigUint64(80, BigInt(stderr.length), true);
  view.setUint32(88, message.length, true);
  bytes.set(body, 96);
  return bytes;
}

test("encodeRequest() lays numbers and strings out as the launcher reads them", () => {
  const bytes = encodeRequest(REQUEST);
  const view = new DataView(bytes.buffer);
  expect(view.getUint32(0, true)).toBe(bytes.length - 4);
  expect([4, 8, 12, 16, 20, 24].map((offset) => view.getInt32(offset, true))).toEqual([7, 3, -1, -10, 2, 1]);
  expect([28, 36, 44, 52, 60].map((offset) => Number(view.getBigUint64(offset, true)))).toEqual([
    1.5e9,
    2e9,
    2 ** 33,
    10,
    20,
  ]);
  expect(new TextDecoder().decode(bytes.subarray(68))).toBe("in\0/tmp\0/bin/é\0\0A=b=c\0");
});

test("createAnswerReader() reads answers cut anywhere", () => {
  const whole = Buffer.concat([answer(1, "out", "errors", "why"), answer(2, "", "", "")]);
  for (let size = 1; size <= whole.length; size += 7) {
    const queue = createByteQueue();
    const reader = createAnswerReader(queue);
    const answers = [];
    for (let at = 0; at < whole.length; at += size) {
      queue.push(whole.subarray(at, at + size));
      for (let next = reader.next(); next !== null; next = reader.next()) answers.push(next);
    }
    expect(answers).toHaveLength(2);
    expect(answers[0]).toMatchObject({
      id: 1,
      overMemory: true,
      failed: true,
      timedOut: false,
      waitStatus: 11,
      wallNs: 123,
      integralByteS: 1.25,
      outBytes: 8,
      message: "why",
    });
    expect(Buffer.from(answers[0]?.stdout ?? []).toString()).toBe("out");
    expect(Buffer.from(answers[0]?.stderr ?? []).toString()).toBe("errors");
    expect(answers[1]).toMatchObject({ id: 2, message: "" });
  }
});
