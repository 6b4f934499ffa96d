import { HarnessError } from "../errors.ts";
import type { Answer, RetrievalRequest, UserRef } from "../retrieval/request.ts";
import { validateRequest } from "../retrieval/validate.ts";
import type { DoorLimits } from "./retriever.ts";

const FIELDS = new Set([
  "user_id",
  "user_features",
  "query_vectors",
  "k",
  "filter",
  "exclude",
  "deadline_ms",
]);

export interface JsonRequest {
  readonly request: RetrievalRequest;
  /** From the body's `deadline_ms`; Infinity where it says nothing. */
  readonly deadlineMs: number;
}

/**
 * Reads the body of POST /v1/retrieve:
 * `{user_id | user_features | query_vectors, k, filter?, exclude?, deadline_ms?}`.
 * @throws HarnessError BAD_INPUT naming the field, what was expected and what came.
 */
export function requestFromJson(text: string, limits: DoorLimits): JsonRequest {
  const body = parseObject(text);
  for (const name of Object.keys(body)) {
    if (!FIELDS.has(name)) {
      throw bad(name, `is no field of a request; the fields are ${[...FIELDS].join(", ")}`);
    }
  }
  const { filter = "", exclude = [], deadline_ms: deadlineMs = Infinity } = body;
  if (typeof filter !== "string") throw expected("filter", "a string", filter);
  if (typeof deadlineMs !== "number" || !(deadlineMs > 0)) {
    throw expected("deadline_ms", "a positive number", deadlineMs);
  }
  const request: RetrievalRequest = {
    user: userFrom(body),
    k: numberAt("k", body["k"]),
    filter,
    exclude: Float64Array.from(numbersAt("exclude", exclude)),
  };
  validateRequest(request, limits);
  return { request, deadlineMs };
}

/** The JSON of an answer: `{ids, values, partial}`. */
export function answerToJson({ ids, values, partial }: Answer): string {
  return JSON.stringify({ ids: Array.from(ids), values: Array.from(values), partial });
}

/** The JSON body of POST /v1/retrieve for a request; what `requestFromJson` reads. */
export function requestToJson({ user, k, filter, exclude }: RetrievalRequest): string {
  return JSON.stringify({
    ...userToJson(user),
    k,
    ...(filter === "" ? {} : { filter }),
    ...(exclude.length === 0 ? {} : { exclude: Array.from(exclude) }),
  });
}

/** @throws HarnessError BAD_INPUT if the text is no answer. */
export function answerFromJson(text: string): Answer {
  const { ids, values, partial } = parseObject(text);
  if (typeof partial !== "boolean") throw expected("partial", "a boolean", partial);
  return {
    ids: Float64Array.from(numbersAt("ids", ids)),
    values: Float32Array.from(numbersAt("values", values)),
    partial,
  };
}

function userToJson(user: UserRef): object {
  switch (user.kind) {
    case "id":
      return { user_id: user.id };
    case "features":
      return { user_features: Array.from(user.features) };
    case "vectors":
      return { query_vectors: Array.from(user.vectors) };
  }
}

function userFrom(body: Readonly<Record<string, unknown>>): UserRef {
  const given = ["user_id", "user_features", "query_vectors"].filter((n) => body[n] !== undefined);
  const [name] = given;
  if (given.length !== 1 || name === undefined) {
    throw bad(
      "user",
      `exactly one of user_id, user_features and query_vectors is required, ${given.length} came`,
    );
  }
  if (name === "user_id") return { kind: "id", id: numberAt(name, body[name]) };
  const numbers = Float32Array.from(numbersAt(name, body[name]));
  return name === "user_features"
    ? { kind: "features", features: numbers }
    : { kind: "vectors", vectors: numbers };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HarnessError("BAD_INPUT", `the body is no JSON: ${String(cause)}`, {
      where: "body",
      cause,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw expected("body", "a JSON object", value);
  }
  return value as Record<string, unknown>;
}

function numberAt(field: string, value: unknown): number {
  if (typeof value !== "number") throw expected(field, "a number", value);
  return value;
}

function numbersAt(field: string, value: unknown): number[] {
  if (!Array.isArray(value)) throw expected(field, "an array of numbers", value);
  for (const [i, element] of value.entries()) numberAt(`${field}[${i}]`, element);
  return value as number[];
}

function expected(field: string, what: string, came: unknown): HarnessError {
  const text = came === undefined ? "nothing" : JSON.stringify(came).slice(0, 60);
  return bad(field, `${what} was expected, ${text} came`);
}

const bad = (field: string, text: string): HarnessError =>
  new HarnessError("BAD_INPUT", `${field}: ${text}`, { where: field });
