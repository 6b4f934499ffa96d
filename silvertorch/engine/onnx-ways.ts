import type { Thoroughness } from "./batch-feeds.ts";
import type { Effort } from "./effort.ts";
import { foldedWhereItPays, type SearchSize } from "./fold-choice.ts";
import type { EngineQuery } from "./query.ts";
import { searchedAlike, type Ways } from "./thorough-answers.ts";

/** Which filters are folded into the product, of those that can be. */
export interface Folding {
  /** null: none can be. */
  readonly size: SearchSize | null;
  readonly folds: "whereItPays" | "always";
}

/** Which queries of a batch are searched in one run of the graph, and how. */
export function onnxWays(effort: Effort, { size, folds }: Folding): Ways {
  const isListed = ({ plan }: EngineQuery, thoroughness: Thoroughness): boolean =>
    effort.isAll(thoroughness) && effort.isListed(plan?.share ?? 1);
  return {
    effort,
    // All of a batch have to be few, for them to be listed.
    together: (query, thoroughness) =>
      `${searchedAlike(query, thoroughness)} ${isListed(query, thoroughness) ? "listed" : ""}`,
    beside: (queries, each) => {
      if (size === null) return each;
      // What is listed is apart in any case.
      const others = [...queries.keys()].filter((at) => !isListed(queries[at]!, each[at]!));
      const chosen = foldedWhereItPays(
        others.map((at) => queries[at]!),
        others.map((at) => each[at]!),
        folds === "always" ? null : size,
      );
      const beside = [...each];
      for (const [nth, at] of others.entries()) beside[at] = chosen[nth]!;
      return beside;
    },
  };
}
