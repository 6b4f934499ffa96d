import { checkedItem, type ItemShape } from "../../src/door/check-item.ts";
import type { LiveCatalogue } from "../../src/door/live-catalogue.ts";
import type { LiveItem } from "../../src/retrieval/live-item.ts";
import { HarnessError } from "../../src/errors.ts";
import type { ChangeFeed } from "./change-feed.ts";
import type { ItemChange } from "./changes.ts";
import type { RowDirectory } from "./row-directory.ts";

export interface MeshCatalogueOptions {
  readonly shape: ItemShape;
  readonly rows: RowDirectory;
  readonly feed: ChangeFeed;
  /** Called once the number of items may have changed. */
  readonly onChange: () => void;
}

/** The owner's side of a mesh: from items and ids to rows, and on to every service. */
export class MeshCatalogue implements LiveCatalogue {
  readonly #options: MeshCatalogueOptions;

  constructor(options: MeshCatalogueOptions) {
    this.#options = options;
  }

  /** @throws HarnessError UNAVAILABLE naming a service that did not take the items in time. */
  async upsert(items: readonly LiveItem[]): Promise<void> {
    const { shape, rows } = this.#options;
    const checked = items.map((item, at) => checkedItem(item, shape, `items[${at}]`));
    // Of an id that stands twice the later version holds.
    const newest = new Map(checked.map((item) => [item.id, item]));
    await this.#publish([...newest].map(([id, item]) => ({ row: rows.add(id), item })));
  }

  /** @throws HarnessError UNAVAILABLE naming a service that did not take the deletion in time. */
  async delete(ids: Float64Array): Promise<void> {
    const removed = Array.from(ids, (id) => this.#options.rows.remove(id));
    await this.#publish(removed.flatMap((row) => (row < 0 ? [] : [{ row, item: null }])));
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

  async #publish(changes: readonly ItemChange[]): Promise<void> {
    if (changes.length === 0) return;
    this.#options.onChange();
    await this.#options.feed.publish(changes);
  }
}
