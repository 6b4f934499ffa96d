/** A load in words, and whether the system sets the pace. */
export interface LoadText {
  readonly name: string;
  readonly text: string;
  readonly isClosed: boolean;
}

/** "closed loop, 16 requests in flight, 4 s a round": what a shape has beyond these is listed as is. */
export function describeLoad(name: string, load: Readonly<Record<string, unknown>>): LoadText {
  const { shape, inFlight, connections, seconds, ...rest } = load;
  const parts = [word(SHAPES[word(shape ?? name)] ?? shape ?? name)];
  if (inFlight !== undefined) parts.push(`${word(inFlight)} requests in flight`);
  if (connections !== undefined) parts.push(`${word(connections)} connections`);
  if (seconds !== undefined) parts.push(`${word(seconds)} s a round`);
  for (const [key, value] of Object.entries(rest)) parts.push(`${key} ${word(value)}`);
  return { name, text: parts.join(", "), isClosed: shape === "closed" || shape === "http" };
}

const SHAPES: Readonly<Record<string, string>> = {
  closed: "closed loop",
  http: "closed loop over HTTP",
};

const word = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);
