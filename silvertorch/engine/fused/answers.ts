/** Rows and values of a batch's answers, or of its lists. */
export interface PackedAnswers {
  /** Of each answer how many items it has. */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** Places of an answer. */
  readonly width: number;
  /** [answers, width]; `NO_ROW` where there are fewer. */
  readonly rows: Uint32Array<ArrayBuffer>;
  /** [answers, width]; -inf where there are fewer. */
  readonly values: Float32Array<ArrayBuffer>;
  /** [requests, fresh] */
  readonly freshScores: Float32Array<ArrayBuffer>;
}

/** What is made of the answers, which lie in memory that is the device's again afterwards. */
export type UseAnswers<T> = (answers: PackedAnswers) => T;

/** Numbers of a cache line. */
const LINE = 16;

/**
 * For benchmarks: reads every cache line of the answers where they came down, so that they are on
 * the host. What lies behind a short answer is not part of it.
 */
export function readAll({ counts, width, rows, values }: PackedAnswers): number {
  let sum = 0;
  for (let answer = 0; answer < counts.length; answer++) {
    const first = answer * width;
    const end = first + counts[answer]!;
    for (let at = first; at < end; at += LINE) sum += rows[at]! + values[at]!;
    if (end > first) sum += rows[end - 1]! + values[end - 1]!;
  }
  return sum;
}

/**
 * Answers in memory of their own. Where all are short, as with a filter that few items pass, no more
 * places are copied than the longest fills.
 */
export const copied: UseAnswers<PackedAnswers> = ({ counts, width, rows, values, freshScores }) => {
  const own = { counts: counts.slice(), freshScores: freshScores.slice() };
  const longest = counts.reduce((most, count) => Math.max(most, count), 0);
  if (longest === width) return { ...own, width, rows: rows.slice(), values: values.slice() };
  const ownRows = new Uint32Array(counts.length * longest);
  const ownValues = new Float32Array(counts.length * longest);
  for (let answer = 0; answer < counts.length; answer++) {
    const first = answer * width;
    ownRows.set(rows.subarray(first, first + longest), answer * longest);
    ownValues.set(values.subarray(first, first + longest), answer * longest);
  }
  return { ...own, width: longest, rows: ownRows, values: ownValues };
};
