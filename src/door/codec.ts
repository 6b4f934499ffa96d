import type { Answer, RetrievalRequest, UserRef } from "../retrieval/request.ts";
import { validateRequest } from "../retrieval/validate.ts";
import { HarnessError } from "../errors.ts";
import { packIds, packWords, unpackFloats, unpackIds } from "./packed.ts";
import type { DoorLimits } from "./retriever.ts";

/** RetrieveRequest as the .proto loader reads it: `user` says which of the three is set. */
export interface WireRequest {
  readonly user?: "userId" | "userFeatures" | "queryVectors";
  readonly userId?: number;
  readonly userFeatures?: Buffer;
  readonly queryVectors?: Buffer;
  readonly k: number;
  readonly filter: string;
  readonly exclude: Buffer;
}

/** RetrieveResponse. */
export interface WireAnswer {
  readonly ids: Buffer;
  readonly values: Buffer;
  readonly partial: boolean;
}

/**
 * A request from the wire, checked against what the system can answer.
 * @throws HarnessError BAD_INPUT naming the field.
 */
export function decodeRequest(message: WireRequest, limits: DoorLimits): RetrievalRequest {
  const request: RetrievalRequest = {
    user: decodeUser(message),
    k: message.k,
    filter: message.filter,
    exclude: unpackIds(message.exclude, "exclude"),
  };
  validateRequest(request, limits);
  return request;
}

function decodeUser(message: WireRequest): UserRef {
  if (message.user === undefined) {
    throw new HarnessError(
      "BAD_INPUT",
      "one of user_id, user_features and query_vectors is required, none came",
      { where: "user" },
    );
  }
  switch (message.user) {
    case "userId":
      return { kind: "id", id: message.userId! };
    case "userFeatures":
      return { kind: "features", features: unpackFloats(message.userFeatures!, "user_features") };
    case "queryVectors":
      return { kind: "vectors", vectors: unpackFloats(message.queryVectors!, "query_vectors") };
  }
}

/** A request as the message object that goes over the wire. */
export function encodeRequest(request: RetrievalRequest): WireRequest {
  const { k, filter } = request;
  const rest = { k, filter, exclude: packIds(request.exclude) };
  switch (request.user.kind) {
    case "id":
      return { ...rest, user: "userId", userId: request.user.id };
    case "features":
      return { ...rest, user: "userFeatures", userFeatures: packWords(request.user.features) };
    case "vectors":
      return { ...rest, user: "queryVectors", queryVectors: packWords(request.user.vectors) };
  }
}

export function encodeAnswer(answer: Answer): WireAnswer {
  return {
    ids: packIds(answer.ids),
    values: packWords(answer.values),
    partial: answer.partial,
  };
}

/** @throws HarnessError BAD_INPUT if the answer's bytes are not what the contract says. */
export function decodeAnswer(message: WireAnswer): Answer {
  const ids = unpackIds(message.ids, "ids");
  const values = unpackFloats(message.values, "values");
  if (ids.length !== values.length) {
    throw new HarnessError(
      "BAD_INPUT",
      `an answer has ${ids.length} ids and ${values.length} values`,
      {
        where: "values",
      },
    );
  }
  return { ids, values, partial: message.partial };
}
