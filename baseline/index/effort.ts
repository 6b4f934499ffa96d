import { isDeepStrictEqual } from "node:util";
import { HarnessError } from "../../src/errors.ts";
import { INDEX_EFFORT, type MeshSettings } from "../../src/scenario/settings.ts";
import type { SearchEffort } from "../services.ts";
import type { GraphSettings } from "./hnsw.ts";

type Parameter = keyof typeof INDEX_EFFORT;

/** What each kind of index can be told by a search. */
const KNOWN: Readonly<Record<GraphSettings["kind"], readonly Parameter[]>> = {
  hnsw: ["expansionSearch"],
  flat: [],
  "ivf-flat": ["probes"],
  "ivf-int8": ["probes"],
};

/** On its way, in the place of a number that is never 0: as the index is set. */
export const AS_SET = 0;

/** What a search is told, of numbers as they travel. */
export function effortOf(
  probes: number,
  expansionSearch: number,
): { readonly effort?: SearchEffort } {
  if (probes === AS_SET && expansionSearch === AS_SET) return {};
  const effort = {
    ...(probes === AS_SET ? {} : { probes }),
    ...(expansionSearch === AS_SET ? {} : { expansionSearch }),
  };
  return { effort };
}

/** What is wrong with an effort for an index of a kind; null: nothing. */
export function mistakeOf(
  effort: SearchEffort | undefined,
  kind: GraphSettings["kind"],
): HarnessError | null {
  for (const name of Object.keys(INDEX_EFFORT) as Parameter[]) {
    const value = effort?.[name];
    if (value === undefined) continue;
    if (!KNOWN[kind].includes(name)) {
      return new HarnessError("BAD_INPUT", `an index of the kind ${kind} takes no ${name}`, {
        where: name,
        hint: `it takes ${KNOWN[kind].join(", ") || "none of them"}`,
      });
    }
    const { least, most } = INDEX_EFFORT[name];
    if (!Number.isInteger(value) || value < least || value > most) {
      const text = `${name}: expected a whole number of ${least} to ${most}, came ${value}`;
      return new HarnessError("BAD_INPUT", text, { where: name });
    }
  }
  return null;
}

/**
 * The effort by which a mesh that was started with some settings answers just as one of other
 * settings does; null where these differ in more than that. A graph's expansion is not among it:
 * each has a view of the graph with tables of its own, which the others' memory must not show.
 */
export function effortBetween(started: MeshSettings, other: MeshSettings): SearchEffort | null {
  const { index } = started;
  const takesProbes = KNOWN[index.kind].includes("probes");
  const effort = takesProbes ? { probes: other.index.probes } : {};
  const turned = { ...started, index: { ...index, ...effort } };
  return isDeepStrictEqual(turned, other) ? effort : null;
}
