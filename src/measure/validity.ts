/** What of a stretch decides whether it may count. */
export interface StretchFacts {
  readonly completed: number;
  readonly errors: number;
  readonly endedEarly: string | null;
  /** Why the system counts as overloaded; null if it does not. */
  readonly overloaded: string | null;
  /** Answers scored against the oracle, and how many broke the filter or came twice. */
  readonly scored: number;
  readonly violations: number;
  readonly client: {
    readonly cpuShare: number;
    /** How late it sent, or where it sends on answers, how late its event loop was. */
    readonly lagP99Ms: number;
    readonly gcShare: number;
    /** Share of the time that others had its CPU; null where unknown. */
    readonly waitShare: number | null;
    /** p99 of the same load on a system that answers at once; null where it was not measured. */
    readonly floorP99Ms: number | null;
  };
  /** However few samples it is of; null where there is none. */
  readonly latencyP99Ms: number | null;
  readonly meanLatencyMs: number;
  readonly throughputPerSecond: number;
  /** Requests a loop keeps in flight; null where they come at their own times. */
  readonly inFlight: number | null;
  /** Requests a second that were due in the window; null where the answers set the pace. */
  readonly offeredPerSecond: number | null;
  /** Share of its CPU set that the system used, 0..1; null where it is not known. */
  readonly systemCpuShare: number | null;
}

export interface Validity {
  readonly verdict: "valid" | "invalid";
  /** What was the limit. */
  readonly bound: "server" | "client" | "under-driven" | "unknown";
  /** Why it is invalid; empty where it is valid. */
  readonly reasons: readonly string[];
}

/** A client core busier than this measures itself (locust warns at 90%, k6 advises 80%). */
const CLIENT_CPU_LIMIT = 0.8;
/** A client that stands still for garbage collection longer than this makes its own tail. */
const CLIENT_GC_LIMIT = 0.2;
/**
 * A client may be late by so many milliseconds, or by this share of the latency it measures, if that
 * is more. Where requests have their own times, whoever sends late changes what is asked; a loop
 * that notices an answer late only adds to what it reads.
 */
const LAG_LIMITS = {
  open: { ms: 5, share: 0.2 },
  loop: { ms: 20, share: 0.5 },
} as const;
/**
 * A loop held up by others on its CPU for more than this share of the time is late through no
 * fault of its own; that falls on all systems alike, so their ratio stands.
 */
const HELD_UP_SHARE = 0.02;
/** Of an open loop's p99, more than this share measured on the null system is the client's own. */
const FLOOR_LIMIT_SHARE = 0.5;
/** Errors above this share make a stretch invalid. */
const ERROR_LIMIT = 0.001;
/** A loop whose in-flight by Little's law is further off than this was not kept full. */
const LITTLE_TOLERANCE = 0.1;
/** A system using this share of its CPUs is taken for the limit. */
const SYSTEM_CPU_BUSY = 0.8;
/** An open loop of which this share was answered in its window was kept up with. */
const KEPT_UP_SHARE = 0.95;

/** Whether a stretch of measurement may count, and what was the limit in it. */
export function judgeStretch(facts: StretchFacts): Validity {
  const arrivals = facts.offeredPerSecond === null ? "loop" : "open";
  const ofClient = clientFaults(facts.client, facts.latencyP99Ms, arrivals);
  const reasons = [...faultsOfAnswers(facts), ...ofClient];
  return {
    verdict: reasons.length === 0 ? "valid" : "invalid",
    bound: boundOf(facts, ofClient.length > 0),
    reasons,
  };
}

function faultsOfAnswers(facts: StretchFacts): string[] {
  const reasons: string[] = [];
  const { completed, errors } = facts;
  if (facts.endedEarly !== null) reasons.push(`it ended before its time: ${facts.endedEarly}`);
  if (facts.overloaded !== null) reasons.push(`the system was overloaded: ${facts.overloaded}`);
  if (completed === 0) reasons.push("nothing was answered");
  if (errors > ERROR_LIMIT * (completed + errors)) {
    reasons.push(`${errors} of ${completed + errors} requests failed`);
  }
  if (completed > 0 && facts.scored === 0) reasons.push("no answer was scored");
  if (facts.violations > 0) {
    reasons.push(`${facts.violations} ids were returned that must not be`);
  }
  return reasons;
}

/**
 * Why a load generator cannot be trusted with what it measured; empty: it can.
 * @param latencyP99Ms what it measured; null where nothing was.
 * @param arrivals whether requests have their own times, or follow on answers.
 */
export function clientFaults(
  client: Pick<StretchFacts["client"], "cpuShare" | "gcShare" | "lagP99Ms" | "waitShare">,
  latencyP99Ms: number | null,
  arrivals: "open" | "loop",
): string[] {
  const reasons: string[] = [];
  if (client.cpuShare > CLIENT_CPU_LIMIT) {
    reasons.push(`the load generator used ${percent(client.cpuShare)} of its core`);
  }
  if (client.gcShare > CLIENT_GC_LIMIT) {
    reasons.push(
      `the load generator spent ${percent(client.gcShare)} of the time collecting garbage`,
    );
  }
  const { ms, share } = LAG_LIMITS[arrivals];
  const lagLimitMs = Math.max(ms, share * (latencyP99Ms ?? 0));
  const isHeldUp = arrivals === "loop" && (client.waitShare ?? 0) > HELD_UP_SHARE;
  if (client.lagP99Ms > lagLimitMs && !isHeldUp) {
    const allowed = `${lagLimitMs.toFixed(1)} ms are allowed`;
    reasons.push(
      `the load generator was ${client.lagP99Ms.toFixed(1)} ms late at the 99th percentile, ${allowed}`,
    );
  }
  return reasons;
}

function boundOf(facts: StretchFacts, isClientAtFault: boolean): Validity["bound"] {
  if (isClientAtFault || isMostlyFloor(facts)) return "client";
  const isBusy = facts.systemCpuShare !== null && facts.systemCpuShare >= SYSTEM_CPU_BUSY;
  if (facts.overloaded !== null) return "server";
  if (facts.offeredPerSecond !== null) {
    const keptUp = facts.throughputPerSecond >= KEPT_UP_SHARE * facts.offeredPerSecond;
    return isBusy || !keptUp ? "server" : "under-driven";
  }
  if (facts.inFlight !== null && facts.completed > 0) {
    // Little's law: requests in the system = throughput x time each spends there.
    const held = facts.throughputPerSecond * (facts.meanLatencyMs / 1000);
    if (held < facts.inFlight * (1 - LITTLE_TOLERANCE)) return "under-driven";
  }
  return isBusy ? "server" : "unknown";
}

/** A closed loop on the null system runs as fast as it can, so its floor says nothing here. */
function isMostlyFloor({ client, latencyP99Ms, offeredPerSecond }: StretchFacts): boolean {
  if (client.floorP99Ms === null || latencyP99Ms === null || offeredPerSecond === null)
    return false;
  return client.floorP99Ms > FLOOR_LIMIT_SHARE * latencyP99Ms && latencyP99Ms > LAG_LIMITS.open.ms;
}

const percent = (share: number): string => `${Math.round(share * 100)}%`;
