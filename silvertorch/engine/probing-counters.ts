/** How far answers had to be looked for. */
export interface ProbingCounters {
  /** Queries that were searched again, because an answer was short. */
  readonly widened: number;
  /** Queries that looked at more clusters from the first, because their filter leaves few items. */
  readonly grown: number;
  /** Queries by the clusters that each head of theirs looked at in the end; none where there are no clusters. */
  readonly probed: ReadonlyMap<number, number>;
}

export const NO_PROBING: ProbingCounters = { widened: 0, grown: 0, probed: new Map() };

export function sumOfProbing(all: readonly ProbingCounters[]): ProbingCounters {
  const probed = new Map<number, number>();
  for (const counters of all) {
    for (const [probes, queries] of counters.probed) {
      probed.set(probes, (probed.get(probes) ?? 0) + queries);
    }
  }
  return {
    widened: all.reduce((sum, { widened }) => sum + widened, 0),
    grown: all.reduce((sum, { grown }) => sum + grown, 0),
    probed,
  };
}

/** As `Stats` tells them. Of readings only differences are looked at, so nothing here is a maximum. */
export function probingStats({ widened, grown, probed }: ProbingCounters): [string, number][] {
  return [
    ["model.widened_searches", widened],
    ["model.grown_searches", grown],
    ...[...probed].map(([probes, queries]): [string, number] => [
      `model.probed.${probes}`,
      queries,
    ]),
  ];
}
