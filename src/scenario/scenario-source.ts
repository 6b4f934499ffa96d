import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Pair, YAMLError } from "yaml";
import { HarnessError } from "../errors.ts";
import type { Mistake } from "./mistake.ts";
import { FROM_COMMAND_LINE } from "./mistake.ts";

export type FieldPath = readonly (string | number)[];

/** `systems.mesh.settings.index`, as messages and `--set` write it. */
export const dotted = (path: FieldPath): string => path.join(".");

/**
 * The YAML text of a scenario that remembers where each field stands, and takes changes from the
 * command line without losing comments.
 */
export class ScenarioSource {
  readonly file: string;
  readonly #original: string;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;
  /** Paths set on the command line, with the flag to blame. */
  readonly #flags = new Map<string, string>();

  /** @param file name as messages show it. */
  constructor(file: string, text: string) {
    this.file = file;
    this.#original = text;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
  }

  /** The YAML text that gives this scenario anywhere, command-line changes included. */
  get text(): string {
    if (this.#flags.size === 0) return this.#original;
    return this.#document.toString({ lineWidth: 0 });
  }

  /** Syntax errors and keys given twice. */
  syntaxMistakes(): Mistake[] {
    return this.#document.errors.map((error) => ({
      where: this.#whereOffset(error.pos[0]),
      offset: error.pos[0],
      path: "",
      text: syntaxText(error, this.#original),
    }));
  }

  /** True if the text is YAML, duplicate keys aside: then the rest can be checked as well. */
  get isReadable(): boolean {
    return this.#document.errors.every((error) => error.code === "DUPLICATE_KEY");
  }

  /** Plain JavaScript value of the document. */
  value(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: 100 });
    } catch (cause) {
      throw new HarnessError("BAD_INPUT", `${this.file}: an alias (*name) has no anchor`, {
        cause,
      });
    }
  }

  /**
   * Sets a field, as `flag` on the command line asked; parents that are missing are made.
   * @throws HarnessError BAD_INPUT if the path runs through a value that has no fields.
   */
  set(path: FieldPath, value: unknown, flag: string): void {
    try {
      this.#document.setIn(path, this.#document.createNode(value));
    } catch (cause) {
      throw new HarnessError(
        "BAD_INPUT",
        `${flag}: ${dotted(path)} is not a field that can be set`,
        {
          cause,
        },
      );
    }
    this.#flags.set(dotted(path), flag);
  }

  delete(path: FieldPath, flag: string): void {
    this.#document.deleteIn(path);
    this.#flags.set(dotted(path), flag);
  }

  /** A mistake at a field; where the field itself is absent, at the nearest parent that exists. */
  mistake(path: FieldPath, text: string, at: "value" | "key" = "value"): Mistake {
    for (let length = path.length; length > 0; length--) {
      const flag = this.#flags.get(dotted(path.slice(0, length)));
      if (flag === undefined) continue;
      return { where: flag, offset: FROM_COMMAND_LINE, path: dotted(path), text };
    }
    const offset = this.#offsetOf(path, at);
    return { where: this.#whereOffset(offset), offset, path: dotted(path), text };
  }

  #whereOffset(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    // An empty file has no line at all.
    return `${this.file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  }

  #offsetOf(path: FieldPath, at: "value" | "key"): number {
    let node: unknown = this.#document.contents;
    let offset = rangeStart(node) ?? 0;
    for (const [position, segment] of path.entries()) {
      const isLast = position === path.length - 1;
      if (isMap(node)) {
        const pair = node.items.find((item) => keyText(item) === String(segment));
        if (pair === undefined) return offset;
        node = this.#resolve(pair.value);
        const keyStart = rangeStart(pair.key) ?? offset;
        offset = isLast && at === "key" ? keyStart : (rangeStart(node) ?? keyStart);
      } else if (isSeq(node)) {
        const item: unknown = node.items[Number(segment)];
        if (item === undefined) return offset;
        node = this.#resolve(item);
        offset = rangeStart(node) ?? offset;
      } else return offset;
    }
    return offset;
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node)) return undefined;
  return Array.isArray(node.range) ? (node.range[0] as number) : undefined;
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : "";
}

function syntaxText(error: YAMLError, text: string): string {
  if (error.code !== "DUPLICATE_KEY") return `not YAML: ${error.message}`;
  const key = /^[^\s:,}]*/.exec(text.slice(error.pos[0]))?.[0] ?? "";
  return `${key}: this field is given twice; keep one of them`;
}
