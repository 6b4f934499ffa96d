import { type GrpcServer, type Listening, serveGrpc } from "../../src/door/grpc-service.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import { applyHandler, remoteFollower } from "../live/changes-wire.ts";
import { INDEX_SERVICE, MESH_PROTO, statsHandler } from "../mesh-wire.ts";
import type { ReplicaSet } from "../replica-set.ts";
import type { IndexService } from "../services.ts";
import {
  decodeAnswers,
  decodeSearches,
  encodeAnswers,
  encodeSearches,
  type WireSearchRequest,
  type WireSearchResponse,
} from "./search-wire.ts";

/** Serves an index service over gRPC. */
export function serveIndex(service: IndexService, at: Listening): Promise<GrpcServer> {
  const search = async (
    request: WireSearchRequest,
    context: CallContext,
  ): Promise<WireSearchResponse> =>
    encodeAnswers(await service.search(decodeSearches(request), context));
  return serveGrpc({
    ...at,
    protoFile: MESH_PROTO,
    service: INDEX_SERVICE,
    handlers: { Search: search, Apply: applyHandler(service), Stats: statsHandler(service) },
  });
}

/** An index service at the other end of connections. */
export function remoteIndex(replicas: ReplicaSet): IndexService {
  return {
    search: async (searches, context) => {
      const request = encodeSearches(searches);
      return decodeAnswers(
        await replicas.call<WireSearchRequest, WireSearchResponse>("Search", request, context),
      );
    },
    followers: replicas.clients.map((client) => remoteFollower("index", client)),
    stats: () => replicas.stats(),
  };
}
