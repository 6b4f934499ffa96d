/** Lists of so many places each. */
export interface PackedLists {
  /** Of each list how many items it has. */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** Places of a list. */
  readonly width: number;
  /** [lists, width]; `NO_ROW` where there are fewer. */
  readonly rows: Uint32Array<ArrayBuffer>;
  /** [lists, width]; -inf where there are fewer. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** Rows and values of a batch's answers, or of its lists. */
export interface PackedAnswers extends PackedLists {
  /**
   * Fresh items that come among each answer, if any do: their rows are places among the fresh items,
   * their values scores. null: there are no fresh items.
   */
  readonly fresh: PackedLists | null;
}

/** What is made of the answers, which lie in memory that is the device's again afterwards. */
export type UseAnswers<T> = (answers: PackedAnswers) => T;

/** Numbers of a cache line. */
const LINE = 16;

/**
 * For benchmarks: reads every cache line of the answers where they came down, so that they are on
 * the host. What lies behind a short answer is not part of it.
 */
export function readAll({ counts, width, rows, values }: PackedLists): number {
  let sum = 0;
  for (let answer = 0; answer < counts.length; answer++) {
    const first = answer * width;
    const end = first + counts[answer]!;
    for (let at = first; at < end; at += LINE) sum += rows[at]! + values[at]!;
    if (end > first) sum += rows[end - 1]! + values[end - 1]!;
  }
  return sum;
}

/** Answers in memory of their own. */
export const copied: UseAnswers<PackedAnswers> = (answers) => ({
  ...copiedLists(answers),
  fresh: answers.fresh === null ? null : copiedLists(answers.fresh),
});

/**
 * Where all are short, as with a filter that few items pass, no more places are copied than the
 * longest fills.
 */
function copiedLists({ counts, width, rows, values }: PackedLists): PackedLists {
  const own = { counts: counts.slice() };
  const longest = counts.reduce((most, count) => Math.max(most, count), 0);
  if (longest === width) return { ...own, width, rows: rows.slice(), values: values.slice() };
  const ownRows = new Uint32Array(counts.length * longest);
  const ownValues = new Float32Array(counts.length * longest);
  for (let list = 0; list < counts.length; list++) {
    const first = list * width;
    ownRows.set(rows.subarray(first, first + longest), list * longest);
    ownValues.set(values.subarray(first, first + longest), list * longest);
  }
  return { ...own, width: longest, rows: ownRows, values: ownValues };
}

/** The memory of answers, to be handed over. */
export const buffersOf = ({ fresh, ...answers }: PackedAnswers): ArrayBuffer[] =>
  [answers, ...(fresh === null ? [] : [fresh])].flatMap(({ counts, rows, values }) => [
    counts.buffer,
    rows.buffer,
    values.buffer,
  ]);
