import { HarnessError } from "../errors.ts";

/** Offset of a mistake made on the command line: after everything in the file. */
export const FROM_COMMAND_LINE = Number.MAX_SAFE_INTEGER;

/** One thing wrong with a scenario, and where a person mends it. */
export interface Mistake {
  /** `file:line:column`, or the command-line flag it came from. */
  readonly where: string;
  /** Position in the file, for sorting; or {@link FROM_COMMAND_LINE}. */
  readonly offset: number;
  /** Dotted path of the field; "" for the whole file. */
  readonly path: string;
  /** What was expected and what came. */
  readonly text: string;
}

/**
 * All mistakes of one file as one error, a line each, in the order of the file.
 * @throws HarnessError BAD_INPUT always.
 */
export function throwMistakes(file: string, mistakes: readonly Mistake[]): never {
  const lines = mistakes
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ where, path, text }) => `  ${where}: ${path === "" ? "" : `${path}: `}${text}`);
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  throw new HarnessError("BAD_INPUT", [`${file} has ${count}:`, ...lines].join("\n"));
}
