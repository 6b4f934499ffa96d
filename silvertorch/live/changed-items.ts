import { type CompiledItems, FreshIndex } from "./fresh-index.ts";
import { HiddenBits } from "./hidden-bits.ts";
import { HiddenList } from "./hidden-list.ts";
import type { ItemRecorder } from "./item-recorder.ts";
import type { LiveItems } from "./live-items.ts";
import { OpenSlots } from "./open-slots.ts";

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

  /** @param recorder makes what ranks fresh items; null: their score is their value. */
  constructor(live: LiveItems, compiled: CompiledItems, recorder: ItemRecorder | null) {
    this.live = live;
    this.open = new OpenSlots(live);
    this.hidden = new HiddenBits(live, compiled);
    this.toHide = new HiddenList(live, compiled);
    this.ranked = recorder === null ? null : new FreshIndex(live, compiled, recorder);
  }
}
