import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { requestFromJson, requestToJson } from "../door/http-json.ts";
import type { DoorLimits } from "../door/retriever.ts";
import { HarnessError } from "../errors.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { Trace } from "./replay.ts";

/** The first line of a trace. Every other is a request as POST /v1/retrieve takes it, and `at_ms`. */
export const TRACE_HEADER = `{"schema":"silverbench.trace/1"}`;
const SCHEMA = "silverbench.trace/1";

/** A trace as it was read. */
export interface StoredTrace extends Trace {
  /** sha256 of the file, so that what follows from it can be kept. */
  readonly hash: string;
}

/** One line of a trace. @param atMs milliseconds since the first request. */
export function traceLine(atMs: number, request: RetrievalRequest): string {
  return `{"at_ms":${Number(atMs.toFixed(3))},${requestToJson(request).slice(1)}`;
}

/**
 * Reads a trace: JSON lines, `{"schema":"silverbench.trace/1"}` first, then
 * `{"at_ms": 0, "user_id": 7, "k": 10, "filter": "lang:en", "exclude": [1, 2]}` each, times ascending.
 * Empty lines are passed over.
 * @throws HarnessError BAD_INPUT naming the line and what is wrong with it.
 */
export async function readTrace(path: string, limits: DoorLimits): Promise<StoredTrace> {
  const hash = createHash("sha256");
  const requests: RetrievalRequest[] = [];
  const atMs: number[] = [];
  let number = 0;
  let hasHeader = false;
  try {
    for await (const line of createInterface({
      input: createReadStream(path),
      crlfDelay: Infinity,
    })) {
      number++;
      hash.update(line).update("\n");
      if (line.trim() === "") continue;
      if (hasHeader) readLine(line, limits, { requests, atMs });
      else checkHeader(line);
      hasHeader = true;
    }
  } catch (thrown) {
    throw atLine(thrown, path, number);
  }
  if (requests.length === 0)
    throw new HarnessError("BAD_INPUT", "the trace holds no request", { where: path });
  return { requests, atMs: Float64Array.from(atMs), hash: hash.digest("hex") };
}

function checkHeader(line: string): void {
  const { schema } = parsed(line);
  if (schema === SCHEMA) return;
  const text = `expected {"schema": "${SCHEMA}"} first, came ${line.slice(0, 80)}`;
  throw new HarnessError("BAD_INPUT", text);
}

function readLine(
  line: string,
  limits: DoorLimits,
  { requests, atMs }: { readonly requests: RetrievalRequest[]; readonly atMs: number[] },
): void {
  const { at_ms: at, ...body } = parsed(line);
  const before = atMs.at(-1) ?? 0;
  if (typeof at !== "number" || !(at >= before)) {
    const text = `at_ms: a number of ${before} or more was expected, ${JSON.stringify(at) ?? "nothing"} came`;
    throw new HarnessError("BAD_INPUT", text);
  }
  requests.push(requestFromJson(JSON.stringify(body), limits).request);
  atMs.push(at);
}

function parsed(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new HarnessError("BAD_INPUT", `expected JSON, came ${line.slice(0, 80)}`, { cause });
  }
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw new HarnessError("BAD_INPUT", `expected a JSON object, came ${line.slice(0, 80)}`);
}

function atLine(thrown: unknown, path: string, line: number): HarnessError {
  if (thrown instanceof HarnessError) {
    return new HarnessError(thrown.code, thrown.message, {
      where: `${path}:${line}`,
      cause: thrown,
    });
  }
  return new HarnessError("BAD_INPUT", `the trace ${path} cannot be read`, {
    cause: thrown,
    hint: "record one: silverbench serve SYSTEM SCENARIO --record FILE",
  });
}
