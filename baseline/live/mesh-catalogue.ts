import type { ChangeJournal } from "../../src/door/change-journal.ts";
import { checkedItem, type ItemShape } from "../../src/door/check-item.ts";
import type { LiveCatalogue } from "../../src/door/live-catalogue.ts";
import type { LiveItem } from "../../src/retrieval/live-item.ts";
import { HarnessError } from "../../src/errors.ts";
import type { ChangeFeed } from "./change-feed.ts";
import type { OwnedChange } from "./changes.ts";
import type { RowDirectory } from "./row-directory.ts";

export interface MeshCatalogueOptions {
  readonly shape: ItemShape;
  readonly rows: RowDirectory;
  readonly feed: ChangeFeed;
  readonly journal: ChangeJournal<OwnedChange>;
  /** Most items that may differ from the build. */
  readonly mostChanged: number;
  /** Called once the number of items may have changed. */
  readonly onChange: () => void;
}

/** The owner's side of a mesh: from items and ids to rows, and on to every service. */
export class MeshCatalogue implements LiveCatalogue {
  readonly #options: MeshCatalogueOptions;
  /** The changes before are in the journal, and on their way. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: MeshCatalogueOptions) {
    this.#options = options;
  }

  /**
   * @throws HarnessError UNAVAILABLE naming a service that did not take the items in time,
   *   OVERLOADED where more items changed than the mesh keeps beside its build.
   */
  async upsert(items: readonly LiveItem[]): Promise<void> {
    const { shape, rows } = this.#options;
    const checked = items.map((item, at) => checkedItem(item, shape, `items[${at}]`));
    // Of an id that stands twice the later version holds.
    const newest = new Map(checked.map((item) => [item.id, item]));
    this.#requireRoom([...newest.keys()].map((id) => rows.rowOf(id)));
    await this.#publish([...newest].map(([id, item]) => ({ row: rows.add(id), id, item })));
  }

  /**
   * @throws HarnessError UNAVAILABLE naming a service that did not take the deletion in time,
   *   OVERLOADED where more items changed than the mesh keeps beside its build.
   */
  async delete(ids: Float64Array): Promise<void> {
    const { rows } = this.#options;
    this.#requireRoom([...ids].map((id) => rows.rowOf(id)).filter((row) => row >= 0));
    const removed = Array.from(ids, (id) => ({ row: rows.remove(id), id, item: null }));
    await this.#publish(removed.filter(({ row }) => row >= 0));
  }

  swap(): Promise<void> {
    return Promise.reject(
      new HarnessError(
        "BAD_INPUT",
        "a mesh has a build product a service, and no single one that could be swapped",
        { where: "folder", hint: "send the items that changed, or start a mesh of the new build" },
      ),
    );
  }

  /** Refuses all of a call, before any of it is taken. @param rows -1: of a new item. */
  #requireRoom(rows: readonly number[]): void {
    const { feed, mostChanged } = this.#options;
    const changed = feed.changed + rows.filter((row) => !feed.hasChanged(row)).length;
    if (changed <= mostChanged) return;
    throw new HarnessError(
      "OVERLOADED",
      `${changed} items would differ from what this mesh was built of; it keeps ${mostChanged} beside it`,
      {
        where: "mostChanged",
        hint: "start a mesh of the catalogue as it is now, or raise settings.mostChanged",
      },
    );
  }

  async #publish(changes: readonly OwnedChange[]): Promise<void> {
    if (changes.length === 0) return;
    this.#options.onChange();
    const taken = this.#turn.then(() => this.#take(changes));
    this.#turn = taken.catch(() => {});
    const { reached } = await taken;
    await reached;
  }

  /** Versions are given out one by one, each once it is in the journal. */
  async #take(changes: readonly OwnedChange[]): Promise<{ readonly reached: Promise<void> }> {
    const { feed, journal } = this.#options;
    await journal.append({ version: feed.version + 1, changes });
    // Wrapped, so that the next one does not wait until all services have this one.
    return { reached: feed.publish(changes) };
  }
}
