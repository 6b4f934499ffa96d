import type { LiveItem } from "../live-item.ts";
import { isTrue } from "./evaluate.ts";
import type { Filter } from "./grammar.ts";

/**
 * Whether an item passes a filter, by its own attributes: the meaning that the catalogue's bitmaps
 * have, for items that are in no bitmap yet. The filter has been bound, so its columns exist.
 */
export function passes(filter: Filter, item: Pick<LiveItem, "attributes">): boolean {
  switch (filter.kind) {
    case "all":
      return true;
    case "and":
      return filter.parts.every((part) => passes(part, item));
    case "or":
      return filter.parts.some((part) => passes(part, item));
    case "not":
      return !passes(filter.part, item);
    case "match": {
      const held = item.attributes.get(filter.name);
      return Array.isArray(held) && filter.values.some((value) => held.includes(value));
    }
    case "compare": {
      const held = item.attributes.get(filter.name);
      return typeof held === "number" && isTrue(held, filter.op, Math.fround(filter.value));
    }
  }
}
