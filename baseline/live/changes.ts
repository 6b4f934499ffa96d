import type { LiveItem } from "../../src/retrieval/live-item.ts";

/** What an item is to the services; its id is the gateway's. */
export type ItemContent = Pick<LiveItem, "embedding" | "dense" | "attributes">;

/**
 * What became of one item. An item keeps its row for life: a new version of it takes the place of
 * the old one, and a new item gets the next row beyond those the mesh was built with.
 */
export interface ItemChange {
  readonly row: number;
  /** null: it was deleted. */
  readonly item: ItemContent | null;
}

/** A change, and the id of the item that has the row. */
export interface OwnedChange extends ItemChange {
  readonly id: number;
}

/** All that changed after one version of the items, up to another. */
export interface Changes {
  readonly since: number;
  /** The version that holds once they are applied; versions count from 0, the build. */
  readonly version: number;
  /** A row at most once: its newest state. */
  readonly items: readonly ItemChange[];
}

/** One process of a service that follows the changes. */
export interface Follower {
  /** The word for it: index, filter, feature, ranker. */
  readonly service: string;
  /**
   * Applies changes; every later call sees them. Where it is not as far as `since`, nothing is
   * applied: it wants the changes from its own version on.
   * @returns the version it has now.
   */
  apply(changes: Changes): Promise<number>;
}

/** An answer, and the version of the items that it was given from. */
export type Dated<Answer> = Answer & { readonly version: number };

/** Holds a service to the order of changes: what every `apply` asks first. */
export class VersionGate {
  #version = 0;

  get version(): number {
    return this.#version;
  }

  /** Whether changes follow on what is held; those that are known already may come again. */
  admits({ since }: Changes): boolean {
    return since <= this.#version;
  }

  /** To be called once they are applied. */
  pass({ version }: Changes): void {
    this.#version = Math.max(this.#version, version);
  }
}
