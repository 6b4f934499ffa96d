/** What one process has taken in and given out over the wire since it started. */
const traffic = { calls: 0, requestBytes: 0, responseBytes: 0 };

/** Counts one call that came in. @param requestBytes of its message, headers and frames left out. */
export function countCall(requestBytes: number): void {
  traffic.calls++;
  traffic.requestBytes += requestBytes;
}

export function countResponse(responseBytes: number): void {
  traffic.responseBytes += responseBytes;
}

/** This process's part in the counters of the Stats call; a system's processes are to be added up. */
export function trafficCounters(): Map<string, number> {
  return new Map([
    ["wire.calls", traffic.calls],
    ["wire.request_bytes", traffic.requestBytes],
    ["wire.response_bytes", traffic.responseBytes],
  ]);
}

/** Counters of several processes or parts, those of one name added up. */
export function addCounters(parts: Iterable<ReadonlyMap<string, number>>): Map<string, number> {
  const sum = new Map<string, number>();
  for (const part of parts) {
    for (const [name, count] of part) sum.set(name, (sum.get(name) ?? 0) + count);
  }
  return sum;
}
