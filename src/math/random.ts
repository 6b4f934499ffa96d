const TWO_POW_32 = 4294967296;

/**
 * Seeded random numbers: xoshiro128** (Blackman & Vigna, "Scrambled linear pseudorandom number
 * generators", 2021), its state filled by splitmix32. The same seed gives the same numbers on
 * every machine. Not for secrets.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  readonly #origin: Int32Array;
  #spareGaussian = Number.NaN;

  /** @param seed an unsigned 32-bit integer. */
  constructor(seed: number) {
    this.#origin = new Int32Array(4);
    for (let word = 0; word < 4; word++) {
      this.#origin[word] = avalanche((seed + Math.imul(word + 1, 0x9e3779b9)) | 0);
    }
    // The all-zero state is the one xoshiro never leaves.
    if (this.#origin.every((word) => word === 0)) this.#origin[0] = 1;
    this.#a = this.#origin[0]!;
    this.#b = this.#origin[1]!;
    this.#c = this.#origin[2]!;
    this.#d = this.#origin[3]!;
  }

  /** The next 32 random bits, as an unsigned integer. */
  bits(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Uniform in [0, 1), all 53 bits random. */
  float(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Uniform among 0 .. n-1, for n of at most 2^32. */
  int(n: number): number {
    return Math.floor(this.float() * n);
  }

  /** Standard normal: Marsaglia's polar method, which yields two at a time. */
  gaussian(): number {
    const spare = this.#spareGaussian;
    if (!Number.isNaN(spare)) {
      this.#spareGaussian = Number.NaN;
      return spare;
    }
    for (;;) {
      const u = (this.bits() * 2) / TWO_POW_32 - 1;
      const v = (this.bits() * 2) / TWO_POW_32 - 1;
      const square = u * u + v * v;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spareGaussian = v * scale;
      return u * scale;
    }
  }

  /**
   * An independent stream that depends on this one's seed and the label only, never on how many
   * numbers were drawn: adding a draw in one place changes nothing elsewhere.
   */
  fork(label: string): Random {
    const child = new Random(0);
    let hash = 0x811c9dc5; // FNV-1a
    for (let at = 0; at < label.length; at++) {
      hash = Math.imul(hash ^ label.charCodeAt(at), 0x01000193);
    }
    for (let word = 0; word < 4; word++) {
      hash = avalanche((hash + 0x9e3779b9) | 0);
      child.#origin[word] = avalanche(this.#origin[word]! ^ hash);
    }
    if (child.#origin.every((word) => word === 0)) child.#origin[0] = 1;
    child.#a = child.#origin[0]!;
    child.#b = child.#origin[1]!;
    child.#c = child.#origin[2]!;
    child.#d = child.#origin[3]!;
    return child;
  }
}

/** The finaliser of splitmix32: each input bit flips each output bit about half the time. */
function avalanche(word: number): number {
  let x = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}

/**
 * Ranks 0 .. n-1, rank r with probability proportional to (r + 1)^-exponent; exponent 0 is
 * uniform. Constant time and memory whatever n: rejection-inversion (Hörmann & Derflinger,
 * "Rejection-inversion to generate variates from monotone discrete distributions", 1996).
 */
export class Zipf {
  readonly #n: number;
  readonly #exponent: number;
  readonly #areaFirst: number;
  readonly #areaAll: number;
  readonly #sureWidth: number;

  constructor(n: number, exponent: number) {
    this.#n = n;
    this.#exponent = exponent;
    this.#areaFirst = this.#area(1.5) - 1;
    this.#areaAll = this.#area(n + 0.5);
    this.#sureWidth = 2 - this.#inverseArea(this.#area(2.5) - this.#density(2));
  }

  sample(random: Random): number {
    for (;;) {
      const u = this.#areaAll + random.float() * (this.#areaFirst - this.#areaAll);
      const x = this.#inverseArea(u);
      const rank = Math.min(this.#n, Math.max(1, Math.floor(x + 0.5)));
      const isSure = rank - x <= this.#sureWidth;
      if (isSure || u >= this.#area(rank + 0.5) - this.#density(rank)) return rank - 1;
    }
  }

  #density(x: number): number {
    return Math.exp(-this.#exponent * Math.log(x));
  }

  /** Integral of the density from 1 to x: (x^(1-s) - 1) / (1-s), and log x at s = 1. */
  #area(x: number): number {
    const log = Math.log(x);
    const t = (1 - this.#exponent) * log;
    return Math.abs(t) < 1e-8 ? log * (1 + t / 2) : (log * Math.expm1(t)) / t;
  }

  #inverseArea(area: number): number {
    const t = Math.max(-1, area * (1 - this.#exponent));
    return Math.exp(Math.abs(t) < 1e-8 ? area * (1 - t / 2) : (area * Math.log1p(t)) / t);
  }
}

/** Puts the elements in random order, in place (Fisher-Yates), and returns the same array. */
export function shuffle<T extends { readonly length: number; [index: number]: unknown }>(
  array: T,
  random: Random,
): T {
  const swappable: { [index: number]: unknown } = array;
  for (let last = array.length - 1; last > 0; last--) {
    const other = random.int(last + 1);
    const held = swappable[last];
    swappable[last] = swappable[other];
    swappable[other] = held;
  }
  return array;
}
