import type { Changes, ItemChange } from "./changes.ts";

interface Entry extends ItemChange {
  readonly version: number;
}

/** The newest change of every item that changed since the build, for services that follow. */
export class ChangeLog {
  /** Row -> its newest change, the latest changed last. */
  readonly #newest = new Map<number, Entry>();
  /** What most followers want: they are one version behind. */
  #last: Changes = { since: 0, version: 0, items: [] };

  get version(): number {
    return this.#last.version;
  }

  /** Items that differ from the build. */
  get size(): number {
    return this.#newest.size;
  }

  has(row: number): boolean {
    return this.#newest.has(row);
  }

  /** @param items A row at most once. @returns the step to the version that they make. */
  append(items: readonly ItemChange[]): Changes {
    const version = this.version + 1;
    this.#note(version, items);
    this.#last = { since: version - 1, version, items };
    return this.#last;
  }

  /** Takes over a step of an earlier log; steps come in their order, and some may be missing. */
  restore(version: number, items: readonly ItemChange[]): void {
    this.#note(version, items);
    this.#last = { since: version, version, items: [] };
  }

  /** What changed after a version. */
  since(version: number): Changes {
    if (version === this.#last.since) return this.#last;
    const items = [...this.#newest.values()].filter((entry) => entry.version > version);
    return { since: version, version: this.version, items };
  }

  #note(version: number, items: readonly ItemChange[]): void {
    for (const change of items) {
      // Taken out first, so that the order stays that of the versions.
      this.#newest.delete(change.row);
      this.#newest.set(change.row, { ...change, version });
    }
  }
}
