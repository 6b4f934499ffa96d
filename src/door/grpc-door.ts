import { HarnessError } from "../errors.ts";
import { decodeRequest, encodeAnswer, type WireAnswer, type WireRequest } from "./codec.ts";
import type { Arrival, Desk } from "./desk.ts";
import {
  acceptGrpc,
  type Acceptor,
  type GrpcHandlers,
  type GrpcServer,
  type Listening,
  serveGrpc,
} from "./grpc-service.ts";
import { RETRIEVAL_PROTO, RETRIEVAL_SERVICE } from "./retrieval-service.ts";
import type { CallContext } from "./retriever.ts";
import { encodeStats } from "./stats-codec.ts";
import type { ServerTls } from "../process/tls.ts";

/** The gRPC half of a front door, on a port of its own. */
export function serveGrpcDoor(desk: Desk, at: Listening): Promise<GrpcServer> {
  return serveGrpc({ ...grpcDoor(desk), ...at });
}

/** The gRPC half of a front door, for connections that are handed to it. */
export const acceptGrpcDoor = (desk: Desk, tls: ServerTls | null): Acceptor =>
  acceptGrpc(grpcDoor(desk), tls);

function grpcDoor(desk: Desk): GrpcHandlers {
  const retrieve = async (
    message: WireRequest,
    { deadlineMs }: CallContext,
  ): Promise<WireAnswer> => {
    const read = (): Arrival => ({ request: decodeRequest(message, desk.limits), deadlineMs });
    return encodeAnswer(await desk.retrieve(read));
  };
  return {
    protoFile: RETRIEVAL_PROTO,
    service: RETRIEVAL_SERVICE,
    handlers: {
      Retrieve: retrieve,
      RetrieveBatch: async (batch: { requests: readonly WireRequest[] }, context: CallContext) => ({
        responses: await Promise.all(
          batch.requests.map((message, i) => inBatch(i, retrieve(message, context))),
        ),
      }),
      Stats: async () => encodeStats(await desk.stats()),
    },
  };
}

/** One bad request fails its batch; the error then says which one it was. */
async function inBatch<T>(position: number, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    const { code, message, where, cause } = HarnessError.from(thrown);
    const place = `requests[${position}]`;
    throw new HarnessError(code, `${place}: ${message}`, {
      where: where === undefined ? place : `${place}.${where}`,
      cause,
    });
  }
}
