import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WordVectorReader } from "./word-vectors.ts";

type Words = readonly (readonly [string, readonly number[]])[];

function read(text: string, length: number, chunk = text.length): Words {
  const words: [string, number[]][] = [];
  const reader = new WordVectorReader(length, (word, numbers) => words.push([word, [...numbers]]));
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += chunk)
    reader.push(bytes.subarray(start, start + chunk));
  reader.end();
  return words;
}

const write = (words: Words): string =>
  `{"size":1,"words":["vectors",":{"],"vectors":{${words
    .map(([word, numbers]) => `${JSON.stringify(word)}:[${numbers.join()}]`)
    .join()}},"unkVector":[0]}`;

describe("WordVectorReader", () => {
  test("reads back what JSON wrote, whatever the words and wherever the chunks end", () => {
    const decimal = fc
      .tuple(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), fc.integer({ min: 0, max: 12 }))
      .map(([mantissa, decimals]) => mantissa / 10 ** decimals);
    const word = fc.tuple(
      fc.string({ unit: "grapheme" }),
      fc.array(decimal, { minLength: 3, maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(word), fc.integer({ min: 1, max: 50 }), (words, chunk) => {
        // JSON has no negative zero.
        const expected = words.map(([text, numbers]) => [text, numbers.map((value) => value || 0)]);
        const got = read(write(words), 3, chunk);
        expect(got.map(([text, numbers]) => [text, numbers.map((value) => value || 0)])).toEqual(
          expected,
        );
      }),
    );
  });

  test("reads exponents to the last bit", () => {
    const [[, numbers]] = read('{"vectors":{"a":[1e-05,-3.25e-7,4.5e3,0.1]}}', 4) as [
      Words[number],
    ];
    expect(numbers).toEqual([1e-5, -3.25e-7, 4500, 0.1]);
  });

  test.each([
    ["too few numbers", '{"vectors":{"a":[1]}}', "got 1 numbers"],
    ["too many numbers", '{"vectors":{"a":[1,2,3]}}', "expected 2 numbers a word, got more"],
    ["no number", '{"vectors":{"a":[1,x]}}', "expected a decimal number, got x"],
    ["an empty place", '{"vectors":{"a":[1,]}}', "with 0 digits"],
    ["too many digits", '{"vectors":{"a":[0.1234567890123456,1]}}', "with 17 digits"],
    ["a text that breaks off", '{"vectors":{"a":[1,2]', "got the end of the text"],
    ["no vectors at all", '{"words":[]}', "got the end of the text"],
  ])("refuses %s", (_, text, message) => {
    expect(() => read(text, 2)).toThrow(message);
  });
});
