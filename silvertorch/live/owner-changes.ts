import { ChangeJournal } from "../../src/door/change-journal.ts";
import type { LiveItem } from "../../src/retrieval/live-item.ts";

/** What became of one item. */
export interface ItemChange {
  readonly id: number;
  /** null: it was deleted. */
  readonly item: LiveItem | null;
}

/** What an owner did: to an item, or to all of them by another artifact. */
export type OwnerChange = ItemChange | { readonly artifactFolder: string };

/**
 * What the owner of the items did, one call after the other, each kept in a file before it holds: a
 * model that was killed and started again goes on from there.
 */
export class OwnerChanges implements AsyncDisposable {
  readonly #journal: ChangeJournal<OwnerChange>;
  #version: number;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(journal: ChangeJournal<OwnerChange>, version: number) {
    this.#journal = journal;
    this.#version = version;
  }

  static async open(path: string): Promise<OwnerChanges> {
    const { journal, steps } = await ChangeJournal.open<OwnerChange>(path, {
      subjectOf: (change) => ("id" in change ? change.id : "artifact"),
    });
    return new OwnerChanges(journal, steps.at(-1)?.version ?? 0);
  }

  /** What became of each item that changed, in the order of the changes. */
  items(): ItemChange[] {
    return this.#journal.newest().filter((change) => "id" in change);
  }

  /** The artifact that was swapped to last; null: none was. */
  get artifactFolder(): string | null {
    const swapped = this.#journal.newest().find((change) => "artifactFolder" in change);
    return swapped?.artifactFolder ?? null;
  }

  /**
   * One call of the owner's, once those before it hold.
   * @param prepare says what is to be kept; if it throws, nothing of the call is.
   * @param hold called once that is kept, with nothing in between.
   */
  take<Change extends OwnerChange>(
    prepare: () => readonly Change[],
    hold: (changes: readonly Change[]) => void,
  ): Promise<void> {
    const taken = this.#turn.then(() => this.#take(prepare, hold));
    this.#turn = taken.catch(() => {});
    return taken;
  }

  async #take<Change extends OwnerChange>(
    prepare: () => readonly Change[],
    hold: (changes: readonly Change[]) => void,
  ): Promise<void> {
    const changes = prepare();
    if (changes.length > 0) {
      await this.#journal.append({ version: this.#version + 1, changes });
      this.#version++;
    }
    hold(changes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await this.#journal[Symbol.asyncDispose]();
  }
}
