import { HarnessError } from "../errors.ts";

/** Called with each word and its numbers; the array is used again for the next word. */
export type OnWord = (word: string, numbers: Float64Array) => void;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;
const EXPONENT = 0x65;
const END = 0x7d;

/** Powers of ten that float64 holds exactly: a quotient of two such numbers is rounded once. */
const POWERS = Float64Array.from({ length: 23 }, (_, power) => 10 ** power);

/**
 * Reads `..."vectors":{"word":[1,-0.5,...],...}` as it streams by, without ever holding the text:
 * the whole is hundreds of megabytes. Numbers have at most 15 digits, so that each is read as the nearest
 * float64; anything else is an error, never a guess.
 */
export class WordVectorReader {
  readonly #numbers: Float64Array;
  readonly #onWord: OnWord;
  #state: "seek" | "between" | "word" | "opening" | "number" | "done" = "seek";
  #seen = "";
  readonly #word: number[] = [];
  #isEscaped = false;
  #count = 0;
  #mantissa = 0;
  #digits = 0;
  #decimals = -1;
  #sign = 1;
  /** Of the `e` part. */
  #exponent = 0;
  #hasExponent = false;
  #exponentSign = 1;

  /** @param length how many numbers each word has. */
  constructor(length: number, onWord: OnWord) {
    this.#numbers = new Float64Array(length);
    this.#onWord = onWord;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (this.#state === "number") this.#inNumber(byte);
      else if (this.#state === "word") this.#inWord(byte);
      else if (this.#state === "done") return;
      else this.#outside(byte);
    }
  }

  /** @throws HarnessError DATA if the text broke off. */
  end(): void {
    if (this.#state !== "done") throw unexpected("the end of the text", "the end of the vectors");
  }

  #outside(byte: number): void {
    if (this.#state === "seek") {
      this.#seen = (this.#seen + String.fromCharCode(byte)).slice(-START.length);
      if (this.#seen === START) this.#state = "between";
      return;
    }
    if (this.#state === "opening") {
      if (byte === OPEN) this.#state = "number";
      else if (byte !== 0x3a) throw unexpected(String.fromCharCode(byte), "[");
      return;
    }
    if (byte === QUOTE) this.#state = "word";
    else if (byte === END) this.#state = "done";
    else if (byte !== COMMA) throw unexpected(String.fromCharCode(byte), "a word");
  }

  #inWord(byte: number): void {
    if (byte === QUOTE && !this.#isEscaped) {
      this.#state = "opening";
      return;
    }
    this.#isEscaped = byte === BACKSLASH && !this.#isEscaped;
    this.#word.push(byte);
  }

  #inNumber(byte: number): void {
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) this.#addDigit(digit);
    else if (byte === COMMA) this.#endNumber();
    else if (byte === CLOSE) this.#endWord();
    else if (byte === POINT && this.#decimals < 0) this.#decimals = 0;
    else if (byte === MINUS && this.#digits === 0) this.#sign = -1;
    else if (byte === MINUS && this.#hasExponent) this.#exponentSign = -1;
    else if (byte === EXPONENT && this.#digits > 0) this.#hasExponent = true;
    else throw unexpected(String.fromCharCode(byte), "a decimal number");
  }

  #addDigit(digit: number): void {
    if (this.#hasExponent) {
      this.#exponent = this.#exponent * 10 + digit;
      return;
    }
    this.#mantissa = this.#mantissa * 10 + digit;
    this.#digits++;
    if (this.#decimals >= 0) this.#decimals++;
  }

  #endNumber(): void {
    const power = this.#exponentSign * this.#exponent - Math.max(0, this.#decimals);
    if (this.#digits === 0 || this.#digits > 15 || Math.abs(power) > 22) {
      throw unexpected(
        `number ${this.#count + 1} with ${this.#digits} digits, times 10^${power}`,
        "1 to 15 digits, times 10^-22 to 10^22",
      );
    }
    if (this.#count === this.#numbers.length)
      throw unexpected("more", `${this.#count} numbers a word`);
    const value = power < 0 ? this.#mantissa / POWERS[-power]! : this.#mantissa * POWERS[power]!;
    this.#numbers[this.#count++] = this.#sign * value;
    this.#mantissa = 0;
    this.#digits = 0;
    this.#decimals = -1;
    this.#sign = 1;
    this.#exponent = 0;
    this.#hasExponent = false;
    this.#exponentSign = 1;
  }

  #endWord(): void {
    this.#endNumber();
    if (this.#count !== this.#numbers.length) {
      throw unexpected(`${this.#count} numbers`, `${this.#numbers.length} numbers a word`);
    }
    const word = JSON.parse(`"${Buffer.from(this.#word).toString("utf8")}"`) as string;
    this.#onWord(word, this.#numbers);
    this.#word.length = 0;
    this.#count = 0;
    this.#state = "between";
  }
}

const START = '"vectors":{';

const unexpected = (got: string, expected: string): HarnessError =>
  new HarnessError("DATA", `word vectors: expected ${expected}, got ${got}`);
