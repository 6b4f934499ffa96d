import { type GrpcServer, type Listening, serveGrpc } from "../../src/door/grpc-service.ts";
import { packWords, unpackFloats } from "../../src/door/packed.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import { MESH_PROTO, statsHandler, TOWER_SERVICE } from "../mesh-wire.ts";
import type { ReplicaSet } from "../replica-set.ts";
import type { TowerService } from "../services.ts";

interface WireEmbedRequest {
  readonly features: Buffer;
}

interface WireEmbedResponse {
  readonly vectors: Buffer;
}

/** Serves a user tower over gRPC. */
export function serveTower(service: TowerService, at: Listening): Promise<GrpcServer> {
  const embed = async (
    { features }: WireEmbedRequest,
    context: CallContext,
  ): Promise<WireEmbedResponse> => ({
    vectors: packWords(await service.embed(unpackFloats(features, "features"), context)),
  });
  return serveGrpc({
    ...at,
    protoFile: MESH_PROTO,
    service: TOWER_SERVICE,
    handlers: { Embed: embed, Stats: statsHandler(service) },
  });
}

/** A user tower at the other end of connections. */
export function remoteTower(replicas: ReplicaSet): TowerService {
  return {
    embed: async (features, context) => {
      const request: WireEmbedRequest = { features: packWords(features) };
      const { vectors } = await replicas.call<WireEmbedRequest, WireEmbedResponse>(
        "Embed",
        request,
        context,
      );
      return unpackFloats(vectors, "vectors");
    },
    stats: () => replicas.stats(),
  };
}
