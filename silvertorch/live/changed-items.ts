import { HarnessError } from "../../src/errors.ts";
import { type CompiledItems, FreshIndex } from "./fresh-index.ts";
import { HiddenBits } from "./hidden-bits.ts";
import { HiddenList } from "./hidden-list.ts";
import type { ItemRecorder } from "./item-recorder.ts";
import { LiveItems } from "./live-items.ts";
import { OpenSlots } from "./open-slots.ts";
import type { ItemChange } from "./owner-changes.ts";

/** The items of an artifact: what changes are changes to. */
export interface ArtifactItems extends CompiledItems {
  readonly dim: number;
  readonly denseDim: number;
  holds(id: number): boolean;
}

/** What changed since an artifact was compiled, in the forms in which its batches want it. */
export class ChangedItems {
  readonly live: LiveItems;
  /** Which of the fresh items a request may get, where they are merged into the answer. */
  readonly open: OpenSlots;
  /** Which of the compiled items no request may get, there too. */
  readonly hidden: HiddenBits;
  /** The same for an engine that is told. */
  readonly toHide: HiddenList;
  /** Where fresh items are ranked with the others; null: an item's value is its score. */
  readonly ranked: FreshIndex | null;
  readonly #recorder: ItemRecorder | null;

  private constructor(live: LiveItems, compiled: CompiledItems, recorder: ItemRecorder | null) {
    this.live = live;
    this.open = new OpenSlots(live);
    this.hidden = new HiddenBits(live, compiled);
    this.toHide = new HiddenList(live, compiled);
    this.ranked = recorder === null ? null : new FreshIndex(live, compiled, recorder);
    this.#recorder = recorder;
  }

  /**
   * Changes of which none is known to be in the artifact.
   * @param recorder makes what ranks fresh items; null: their score is their value.
   * @throws HarnessError BAD_INPUT if fresh items are not of the artifact's dimensions.
   */
  static of(
    changes: readonly ItemChange[],
    compiled: ArtifactItems,
    recorder: ItemRecorder | null,
  ): ChangedItems {
    requireDimensions(changes, compiled);
    const live = new LiveItems(compiled.dim, (id) => compiled.holds(id));
    live.apply(changes);
    return new ChangedItems(live, compiled, recorder);
  }

  /**
   * What of these changes an artifact does not hold that was made of them.
   * @param version changes up to it are compiled into it.
   * @param compiled its items, under the same model: records of what is still fresh are kept.
   */
  since(version: number, compiled: ArtifactItems): ChangedItems {
    const live = this.live.since(version, compiled.dim, (id) => compiled.holds(id));
    return new ChangedItems(live, compiled, this.#recorder);
  }
}

function requireDimensions(
  changes: readonly ItemChange[],
  { dim, denseDim }: Pick<ArtifactItems, "dim" | "denseDim">,
): void {
  for (const { id, item } of changes) {
    if (item === null) continue;
    const { embedding, dense } = item;
    if (embedding.length === dim && dense.length === denseDim) continue;
    throw new HarnessError(
      "BAD_INPUT",
      `the artifact's items have ${dim} dimensions and ${denseDim} dense features, the fresh item ${id} ${embedding.length} and ${dense.length}`,
      { where: "folder" },
    );
  }
}
