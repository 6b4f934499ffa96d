import { z } from "zod";

const positive = z.number().positive();
const seconds = positive.max(3600);
const rate = positive.max(1_000_000);
/** Who sends: our lean gRPC client, or the one that most Node services use. */
const client = z.enum(["lean", "grpc-js"]).default("lean");
/** Connections that the requests are spread over: a door in several processes deals them out. */
const connections = z.number().int().min(1).max(1000).default(4);
/** Only requests of these filters, by name; absent: all. */
const filters = z.array(z.string().min(1)).min(1).optional();
const arrivals = z.enum(["poisson", "constant"]).default("poisson");
/** Requests under way at which an open loop stops: the system is overloaded. */
const maxInFlight = z.number().int().min(1).max(100_000).default(1000);

const ratePerSecond = z.union([
  rate,
  /** Each is a point of its own. */
  z.array(rate).min(1).max(50),
  z.strictObject({ ramp: z.strictObject({ from: rate, to: rate }) }),
  z.strictObject({
    burst: z.strictObject({
      base: rate,
      peak: rate,
      everySeconds: positive.max(3600),
      forSeconds: positive.max(3600),
    }),
  }),
]);

/** One load: the shape of arrivals. */
export const loadSpec = z.discriminatedUnion("shape", [
  z.strictObject({
    shape: z.literal("closed"),
    filters,
    /** Requests kept in flight. */
    inFlight: z.number().int().min(1).max(10_000).default(8),
    seconds: seconds.default(5),
    client,
    connections,
  }),
  z.strictObject({
    shape: z.literal("http"),
    filters,
    connections: z.number().int().min(1).max(10_000).default(8),
    seconds: seconds.default(5),
  }),
  /** One request at a time. */
  z.strictObject({
    shape: z.literal("single-stream"),
    filters,
    seconds: seconds.default(5),
    client,
  }),
  /** Groups of requests, one group at a time. */
  z.strictObject({
    shape: z.literal("multi-stream"),
    filters,
    samples: z.number().int().min(1).max(1000).default(8),
    seconds: seconds.default(5),
    client,
    connections,
  }),
  /** Open loop: requests come when they come. */
  z.strictObject({
    shape: z.literal("server"),
    filters,
    ratePerSecond,
    arrivals,
    seconds: seconds.default(10),
    maxInFlight,
    client,
    connections,
  }),
  /** Everything at once. */
  z.strictObject({
    shape: z.literal("offline"),
    filters,
    /** Default: as many as there are distinct requests. */
    count: z.number().int().min(1).max(10_000_000).optional(),
    /** As many as the system lets in at once. */
    maxInFlight: z.number().int().min(1).max(10_000).default(512),
    /** At most. */
    seconds: seconds.default(60),
    client,
    connections,
  }),
  /** The requests of a trace at their own times. */
  z.strictObject({
    shape: z.literal("replay"),
    /** JSONL, beside the scenario. */
    trace: z.string().min(1),
    speed: positive.max(1000).default(1),
    maxInFlight,
    client,
    connections,
  }),
  /** The parts of the systems, each alone in this process; enters no comparison. */
  z.strictObject({ shape: z.literal("micro"), seconds: seconds.default(1) }),
  /** The highest rate that holds the objective. */
  z.strictObject({
    shape: z.literal("capacity"),
    filters,
    /** Where the search begins. */
    fromPerSecond: rate.default(100),
    /** How close the rate that held and the rate that did not must come: 0.05 is 5%. */
    precision: z.number().min(0.01).max(1).default(0.05),
    probeSeconds: seconds.default(2),
    /** Length of the run that confirms the rate. */
    seconds: seconds.default(5),
    arrivals,
    maxInFlight,
    client,
    connections,
  }),
]);
