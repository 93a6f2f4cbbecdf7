import { expect, test } from "bun:test";
import {
  createRedactor,
  isSecretName,
  redactKeyShapes,
  secretsOf,
  urlPasswords,
} from "../../src/lib/redact.ts";

const SECRET = 'sk-"quoted"/ä+12345';

test("createRedactor() finds a secret in every spelling", () => {
  const redact = createRedactor([SECRET]);
  for (const text of [
    SECRET,
    JSON.stringify({ key: SECRET }),
    `https://host/?key=${encodeURIComponent(SECRET)}`,
    Buffer.from(SECRET).toString("base64"),
    `${SECRET}${SECRET}`,
  ]) {
    const clean = redact(text);
    expect(clean).toContain("***");
    expect(clean).not.toContain("12345");
  }
});

test("createRedactor() takes longer secrets first", () => {
  expect(createRedactor(["abcdefgh", "abcdefgh-longer"])("x abcdefgh-longer y abcdefgh z")).toBe(
    "x *** y *** z",
  );
});

test("createRedactor() leaves short words alone: they are no keys", () => {
  expect(createRedactor(["none", "EMPTY", ""])("none is EMPTY")).toBe("none is EMPTY");
});

test("createRedactor() inserts no replacement patterns", () => {
  expect(createRedactor(["secret-$&-1"])("a secret-$&-1 b")).toBe("a *** b");
});

test("isSecretName() tells keys from settings", () => {
  for (const name of [
    "OPENAI_API_KEY",
    "api_key",
    "apikey",
    "X-Api-Key",
    "GITHUB_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "DB_PASSWORD",
    "Authorization",
    "Cookie",
    "KEY",
  ]) {
    expect([name, isSecretName(name)]).toEqual([name, true]);
  }
  for (const name of [
    "max_tokens",
    "PERFAGENT_MAX_TOTAL_TOKENS",
    "PATH",
    "MONKEY",
    "KEYBOARD",
    "SSH_AUTH_SOCK",
    "tokenizer",
    "X-Title",
  ]) {
    expect([name, isSecretName(name)]).toEqual([name, false]);
  }
});

test("secretsOf() finds keys by name and passwords in URLs", () => {
  expect(
    secretsOf({ A_TOKEN: "t1", PATH: "/bin", HTTPS_PROXY: "http://me:pw%201@proxy:1", NONE: undefined }),
  ).toEqual(["t1", "pw%201"]);
});

test("urlPasswords() needs user and host", () => {
  expect(urlPasswords("http://a:b@c https://host:80/x@y http://a@c")).toEqual(["b"]);
});

test("redactKeyShapes() removes what looks like a key", () => {
  expect(redactKeyShapes("sk-test-12345678 and ghp_0123456789abcdef")).toBe("*** and ***");
  expect(redactKeyShapes("disk-usage sk-x risk-free-of-charge")).toBe("disk-usage sk-x risk-free-of-charge");
});
