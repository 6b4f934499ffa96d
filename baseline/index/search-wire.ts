import { concatenated } from "../../src/math/concatenated.ts";
import { HarnessError } from "../../src/errors.ts";
import { packWords, unpackFloats, unpackWords } from "../../src/door/packed.ts";
import { decodeEligible, encodeEligible, type WireEligible } from "../eligible-wire.ts";
import type { Dated } from "../live/changes.ts";
import { decodeFault, encodeFault, type WireFault } from "../mesh-wire.ts";
import type { Candidates, Search } from "../services.ts";
import { AS_SET, effortOf } from "./effort.ts";

// SearchRequest and SearchResponse of mesh.proto. The numbers of a whole batch are one field each:
// a message for every search costs five times as much to write and read.

export interface WireSearchRequest {
  readonly searches: Buffer;
  readonly vectors: Buffer;
  readonly excluded: Buffer;
  readonly eligible: readonly WireEligible[];
}

export interface WireSearchResponse {
  readonly heads: Buffer;
  readonly counts: Buffer;
  readonly rows: Buffer;
  readonly values: Buffer;
  readonly versions: readonly number[];
  readonly failed: readonly { readonly at: number; readonly fault: WireFault }[];
}

export type SearchAnswer = Dated<Candidates> | HarnessError;

/** Numbers that each search has in `searches`. */
const FIELDS = 6;

export function encodeSearches(searches: readonly Search[]): WireSearchRequest {
  const numbers = new Uint32Array(searches.length * FIELDS);
  const eligible: WireEligible[] = [];
  // Searches of one filter share its bitmap; where all rows pass, how many they are.
  const places = new Map<Uint8Array | number, number>();
  for (const [at, search] of searches.entries()) {
    const key = search.eligible.bitmap ?? search.eligible.count;
    let place = places.get(key);
    if (place === undefined) {
      place = eligible.push(encodeEligible(search.eligible)) - 1;
      places.set(key, place);
    }
    const from = at * FIELDS;
    numbers[from] = search.k;
    numbers[from + 1] = search.vectors.length;
    numbers[from + 2] = search.excluded.length;
    numbers[from + 3] = place;
    numbers[from + 4] = search.effort?.probes ?? AS_SET;
    numbers[from + 5] = search.effort?.expansionSearch ?? AS_SET;
  }
  return {
    searches: packWords(numbers),
    vectors: packWords(
      concatenated(
        Float32Array,
        searches.map(({ vectors }) => vectors),
      ),
    ),
    excluded: packWords(
      concatenated(
        Uint32Array,
        searches.map(({ excluded }) => excluded),
      ),
    ),
    eligible,
  };
}

/**
 * They view the message's bytes.
 * @throws HarnessError BAD_INPUT where its parts do not fit together.
 */
export function decodeSearches(wire: WireSearchRequest): Search[] {
  const numbers = unpackWords(wire.searches, "searches");
  const vectors = new Taken(unpackFloats(wire.vectors, "vectors"), "vectors");
  const excluded = new Taken(unpackWords(wire.excluded, "excluded"), "excluded");
  const eligible = wire.eligible.map(decodeEligible);
  const count = numbers.length / FIELDS;
  if (!Number.isInteger(count)) {
    throw misfit("searches", `${numbers.length} numbers are no ${FIELDS} for each`);
  }
  const searches = Array.from({ length: count }, (_, at): Search => {
    const from = at * FIELDS;
    const place = numbers[from + 3]!;
    const rows = eligible[place];
    if (rows === undefined) {
      throw misfit("eligible", `search ${at} wants number ${place} of ${eligible.length}`);
    }
    return {
      vectors: vectors.next(numbers[from + 1]!),
      k: numbers[from]!,
      eligible: rows,
      excluded: excluded.next(numbers[from + 2]!),
      ...effortOf(numbers[from + 4]!, numbers[from + 5]!),
    };
  });
  vectors.end();
  excluded.end();
  return searches;
}

export function encodeAnswers(answers: readonly SearchAnswer[]): WireSearchResponse {
  const found = answers.map((answer) => (answer instanceof HarnessError ? NOTHING : answer));
  return {
    heads: packWords(Uint32Array.from(found, ({ counts }) => counts.length)),
    counts: packWords(
      concatenated(
        Uint32Array,
        found.map(({ counts }) => counts),
      ),
    ),
    rows: packWords(
      concatenated(
        Uint32Array,
        found.map(({ rows }) => rows),
      ),
    ),
    values: packWords(
      concatenated(
        Float32Array,
        found.map(({ values }) => values),
      ),
    ),
    versions: found.map(({ version }) => version),
    failed: answers.flatMap((answer, at) =>
      answer instanceof HarnessError ? [{ at, fault: encodeFault(answer) }] : [],
    ),
  };
}

/** As `decodeSearches`. */
export function decodeAnswers(wire: WireSearchResponse): SearchAnswer[] {
  const counts = new Taken(unpackWords(wire.counts, "counts"), "counts");
  const rows = new Taken(unpackWords(wire.rows, "rows"), "rows");
  const values = new Taken(unpackFloats(wire.values, "values"), "values");
  const answers = Array.from(unpackWords(wire.heads, "heads"), (heads, at): SearchAnswer => {
    const own = counts.next(heads);
    const length = own.reduce((sum, count) => sum + count, 0);
    const version = wire.versions[at]!;
    return { rows: rows.next(length), values: values.next(length), counts: own, version };
  });
  for (const taken of [counts, rows, values]) taken.end();
  for (const { at, fault } of wire.failed) answers[at] = decodeFault(fault);
  return answers;
}

type Words = Float32Array | Uint32Array;

/** Takes an array apart from its start. */
class Taken<Own extends Words> {
  readonly #all: Own;
  readonly #field: string;
  #at = 0;

  constructor(all: Own, field: string) {
    this.#all = all;
    this.#field = field;
  }

  next(length: number): Own {
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#all.length) {
      throw misfit(this.#field, `more than its ${this.#all.length} numbers are told of`);
    }
    return this.#all.subarray(from, this.#at) as Own;
  }

  end(): void {
    if (this.#at === this.#all.length) return;
    throw misfit(this.#field, `${this.#all.length} numbers came, of which ${this.#at} are told of`);
  }
}

function misfit(field: string, what: string): HarnessError {
  return new HarnessError("BAD_INPUT", `${field}: ${what}`, { where: field });
}

const NOTHING: Dated<Candidates> = {
  rows: new Uint32Array(0),
  values: new Float32Array(0),
  counts: new Uint32Array(0),
  version: 0,
};
