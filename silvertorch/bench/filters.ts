/** Templates of filters that speeds are measured with (see src/dataset/synthetic-columns.ts). */
export const FILTERS = {
  none: "",
  /** A conjunction of eight terms, which few items satisfy. */
  conjunction:
    "lang:{lang} AND topic:{topic} AND country:{country} AND NOT creator:{creator} AND age_days <= 365 AND u < 95 AND popularity > 0 AND price >= 0",
  /** Seven terms, of which any operator combines some. */
  general:
    "(lang:{lang} OR topic:{topic} OR country:{country}) AND NOT (creator:{creator} OR price < 2) AND (age_days <= 90 OR u >= 50)",
} as const;

/** A conjunction of six terms, which one item in ten satisfies. */
export const WIDE_CONJUNCTION =
  "lang:{lang} AND NOT creator:{creator} AND age_days <= 365 AND u < 95 AND popularity > 0 AND price >= 0";

/** A conjunction of a single term, which one item in ten satisfies. */
export const SHORT_CONJUNCTION = "lang:{lang}";
