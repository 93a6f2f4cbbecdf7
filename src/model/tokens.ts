/**
 * Roughly how many tokens a model reads in a text, without its tokenizer: each service has another one, and megabytes of
 * vocabulary would be the price of a few per cent.
 *
 * Counted as one token each: eight letters begun of a word (of a part of a camelCase word), three digits, two other ASCII
 * signs in a row, an indentation with the line end before it, and any other character. A blank before a letter or a sign
 * belongs to it. Of statements, programs in six languages and test data this gives between 0.85 and 1.15 times the count of
 * OpenAI's o200k vocabulary, and about 1.4 times of Chinese.
 *
 * @returns a whole number, 0 only for an empty text.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const match of text.matchAll(PIECES)) {
    const piece = match[0];
    const first = piece.charCodeAt(0);
    if (isLetter(first)) tokens += Math.ceil(piece.length / LETTERS_PER_TOKEN);
    else if (isDigit(first)) tokens += Math.ceil(piece.length / DIGITS_PER_TOKEN);
    else if (first > SPACE && first < FIRST_AFTER_ASCII) tokens += Math.ceil(piece.length / SIGNS_PER_TOKEN);
    else if (first !== SPACE || piece.length > 1 || isDigit(text.charCodeAt(match.index + 1))) tokens += 1;
  }
  return tokens === 0 && text !== "" ? 1 : tokens;
}

// --- internal ---

/** Words, digits, blanks, line ends with the indentation behind them, signs, and single characters of other kinds. */
const PIECES = /[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[ \t]+|\n+[ \t]*|[!-/:-@[-`{-~]+|[\s\S]/gu;

const LETTERS_PER_TOKEN = 8;
const DIGITS_PER_TOKEN = 3;
const SIGNS_PER_TOKEN = 2;

const SPACE = 0x20;
const FIRST_AFTER_ASCII = 0x80;

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
