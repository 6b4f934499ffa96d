/** What of a stretch decides whether it may count. */
export interface StretchFacts {
  readonly completed: number;
  readonly errors: number;
  readonly endedEarly: string | null;
  /** Answers scored against the oracle, and how many broke the filter or came twice. */
  readonly scored: number;
  readonly violations: number;
  readonly client: {
    readonly cpuShare: number;
    readonly lagP99Ms: number;
    readonly gcShare: number;
  };
  readonly latencyP99Ms: number;
  /** Requests kept in flight by a closed loop; null for other shapes. */
  readonly inFlight: number | null;
  readonly meanLatencyMs: number;
  readonly throughputPerSecond: number;
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
/** Errors above this share make a stretch invalid. */
const ERROR_LIMIT = 0.001;
/** A closed loop whose in-flight by Little's law is further off than this was not kept full. */
const LITTLE_TOLERANCE = 0.1;
/** A system using this share of its CPUs is taken for the limit. */
const SYSTEM_CPU_BUSY = 0.8;

/** Whether a stretch of measurement may count, and what was the limit in it. */
export function judgeStretch(facts: StretchFacts): Validity {
  const reasons: string[] = [];
  const { completed, errors, client } = facts;
  if (facts.endedEarly !== null) reasons.push(`it ended before its time: ${facts.endedEarly}`);
  if (completed === 0) reasons.push("nothing was answered");
  if (errors > ERROR_LIMIT * (completed + errors)) {
    reasons.push(`${errors} of ${completed + errors} requests failed`);
  }
  if (completed > 0 && facts.scored === 0) reasons.push("no answer was scored");
  if (facts.violations > 0) {
    reasons.push(`${facts.violations} ids were returned that must not be`);
  }
  if (client.cpuShare > CLIENT_CPU_LIMIT) {
    reasons.push(`the load generator used ${percent(client.cpuShare)} of its core`);
  }
  return { verdict: reasons.length === 0 ? "valid" : "invalid", bound: boundOf(facts), reasons };
}

function boundOf(facts: StretchFacts): Validity["bound"] {
  if (facts.client.cpuShare > CLIENT_CPU_LIMIT) return "client";
  if (facts.inFlight !== null && facts.completed > 0) {
    // Little's law: requests in the system = throughput x time each spends there.
    const held = facts.throughputPerSecond * (facts.meanLatencyMs / 1000);
    if (held < facts.inFlight * (1 - LITTLE_TOLERANCE)) return "under-driven";
  }
  if (facts.systemCpuShare !== null && facts.systemCpuShare >= SYSTEM_CPU_BUSY) return "server";
  return "unknown";
}

const percent = (share: number): string => `${Math.round(share * 100)}%`;
