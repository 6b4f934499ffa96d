/** A load in words, and whether the system sets the pace. */
export interface LoadText {
  readonly name: string;
  readonly text: string;
  readonly isClosed: boolean;
}

/** "closed loop, 16 requests in flight, 4 s a round": what a shape has beyond these is listed as is. */
export function describeLoad(name: string, load: Readonly<Record<string, unknown>>): LoadText {
  const { shape, seconds, client, ...rest } = load;
  const parts = [word(SHAPES[word(shape ?? name)] ?? shape ?? name)];
  for (const [key, value] of Object.entries(rest)) {
    parts.push(FIELDS[key]?.(value) ?? `${key} ${word(value)}`);
  }
  if (seconds !== undefined) parts.push(`${word(seconds)} s a round`);
  if (client !== undefined)
    parts.push(client === "lean" ? "lean client" : `client ${word(client)}`);
  return { name, text: parts.join(", "), isClosed: CLOSED.has(word(shape)) };
}

/** "ramp@500", or "closed" where the load has no rate of its own. */
export function loadLabel(load: string, ratePerSecond: number | null): string {
  return ratePerSecond === null ? load : `${load}@${Math.round(ratePerSecond)}`;
}

/** Shapes in which a request waits for an answer before it is sent. */
const CLOSED: ReadonlySet<string> = new Set([
  "closed",
  "http",
  "single-stream",
  "multi-stream",
  "offline",
]);

const SHAPES: Readonly<Record<string, string>> = {
  closed: "closed loop",
  http: "closed loop over HTTP",
  "single-stream": "one request at a time",
  "multi-stream": "one group of requests at a time",
  server: "open loop",
  offline: "all requests at once",
  replay: "a recorded trace",
  capacity: "search for the highest rate within the objective",
};

const FIELDS: Readonly<Record<string, (value: unknown) => string>> = {
  inFlight: (value) => `${word(value)} requests in flight`,
  connections: (value) => `${word(value)} connections`,
  samples: (value) => `${word(value)} requests a group`,
  filters: (value) => `filters ${Array.isArray(value) ? value.join(", ") : word(value)}`,
  arrivals: (value) => `${word(value) === "poisson" ? "Poisson" : word(value)} arrivals`,
  ratePerSecond: rateText,
  fromPerSecond: (value) => `from ${word(value)} requests/s`,
  precision: (value) => `to within ${Math.round(Number(value) * 100)}%`,
  probeSeconds: (value) => `probes of ${word(value)} s`,
  maxInFlight: (value) => `at most ${word(value)} in flight`,
};

function rateText(value: unknown): string {
  if (typeof value === "number") return `${value} requests/s`;
  if (Array.isArray(value)) return `${value.join(", ")} requests/s`;
  return `rate ${word(value)}`;
}

const word = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");
