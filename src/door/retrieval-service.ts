import { fileURLToPath } from "node:url";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import { decodeAnswer, encodeAnswer, encodeRequest, type WireAnswer } from "./codec.ts";
import { loadService } from "./service-definition.ts";

/** The front door's service in retrieval.proto. */
export const RETRIEVAL_SERVICE = "silverbench.v1.Retrieval";
export const RETRIEVAL_PROTO = fileURLToPath(new URL("./retrieval.proto", import.meta.url));

const retrieve = loadService(RETRIEVAL_PROTO, RETRIEVAL_SERVICE)["Retrieve"]!;

/** Path of the unary call that answers one request. */
export const RETRIEVE_PATH = retrieve.path;

/** Protobuf bytes of a RetrieveRequest, made before a clock runs. */
export function requestToBytes(request: RetrievalRequest): Buffer {
  return retrieve.requestSerialize(encodeRequest(request));
}

/** Protobuf bytes of a RetrieveResponse. */
export function answerToBytes(answer: Answer): Buffer {
  return retrieve.responseSerialize(encodeAnswer(answer));
}

/**
 * Reads the protobuf bytes of a RetrieveResponse, after the clock has stopped.
 * @throws HarnessError BAD_INPUT if they break the contract.
 */
export function answerFromBytes(bytes: Buffer): Answer {
  return decodeAnswer(retrieve.responseDeserialize(bytes) as WireAnswer);
}
