import type { Doubt } from "./schema.ts";

/** Reasons to distrust a result, in the order a reader should weigh them. */
export const DOUBTS = {
  incomplete: "The run did not complete",
  resumed: "The run was cut short and taken up again",
  "below-target":
    "A system misses the recall target or answers short, so no ratio is stated for it",
  "failed-check": "A system failed the check before the measurement",
  violations: "Items were returned that the filter or the exclusions forbid",
  "invalid-points": "Rounds were discarded",
  "partial-answers": "Answers were partial, which the scenario allows",
  "few-rounds": "There are fewer than five pairs of valid rounds",
  "client-bound": "The load generator, not the system, was the limit",
  "not-steady": "Throughput was not steady from round to round",
  "held-up": "Other work on the machine held the load generator up",
  "machine-drift": "The speed of the machine itself changed while it was measuring",
  outliers: "Some rounds lie far from the others, and count all the same",
  "not-warm": "A system was measured before it had settled",
  "ratio-drift": "A ratio went one way while it was measured, and its mean is of no one moment",
  "outrun-variant": "A variant that tuning passed over was faster where it counted",
  "wide-interval": "The interval is wide",
  "shared-cores": "The load generator shares its cores with the systems",
  remote: "A system was started by somebody else, and only its door is seen",
  virtualised: "The machine is virtual: its neighbours may take part of it unseen",
  governor: "The CPUs change their clock",
  faults: "Services were harmed on purpose while they were measured",
  "changing-catalogue": "Answers given while the catalogue changed are not scored",
  "closed-loop": "Latency is that of a closed loop",
  "few-scored": "Recall is of few answers, and another sample of them may have another",
  "few-samples": "There are too few samples for the 99th percentile",
  "sampled-truth": "Recall, violations and short answers are those of a sample",
  "repeated-requests": "Requests were repeated, so that caches may have helped",
  "no-mesh": "There is no mesh to compare with",
  "no-in-process-mesh": "The mesh was not measured in one process",
  "over-objective": "A system is not priced, for it answered too slowly",
  "no-fitting-shape": "No machine on the price sheet holds a system",
  "example-prices": "The prices are made up",
} as const;

export type DoubtCode = keyof typeof DOUBTS;

/** @param detail what exactly, as a sentence without its end. */
export function doubt(code: DoubtCode, detail = ""): Doubt {
  return { code, text: detail === "" ? `${DOUBTS[code]}.` : `${DOUBTS[code]}: ${detail}.` };
}

/** One doubt a code with all details in one sentence, the most grave first, unknown codes last. */
export function gatherDoubts(doubts: readonly Doubt[]): Doubt[] {
  const known = Object.keys(DOUBTS) as DoubtCode[];
  const gathered = known.flatMap((code) => {
    const alike = doubts.filter((each) => each.code === code);
    const details = new Set(alike.map(({ text }) => detailOf(code, text)));
    return alike.length === 0 ? [] : [doubt(code, [...details].filter(Boolean).join("; "))];
  });
  return [...gathered, ...doubts.filter(({ code }) => !Object.hasOwn(DOUBTS, code))];
}

/** What `doubt` was given. */
function detailOf(code: DoubtCode, text: string): string {
  return text.slice(DOUBTS[code].length, -1).replace(/^: /, "");
}
