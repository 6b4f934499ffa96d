import type { HarnessError } from "../../src/errors.ts";
import type { GrpcClient } from "../../src/door/grpc-client.ts";
import { type GrpcServer, serveGrpc } from "../../src/door/grpc-service.ts";
import { packIds, packWords, unpackFloats, unpackIds } from "../../src/door/packed.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import { callStats, FEATURE_SERVICE, MESH_PROTO, remaining, statsHandler } from "../mesh-wire.ts";
import type { FeatureService } from "../services.ts";
import { unknownUser } from "./feature-store.ts";

interface WireUsersRequest {
  readonly ids: Buffer;
}

interface WireUsersResponse {
  readonly features: Buffer;
  readonly known: Buffer;
}

/** Serves a feature service over gRPC. @param dim Float32 values of a user. */
export function serveFeature(service: FeatureService, dim: number): Promise<GrpcServer> {
  const users = async (
    request: WireUsersRequest,
    context: CallContext,
  ): Promise<WireUsersResponse> =>
    encode(await service.users(unpackIds(request.ids, "ids"), context), dim);
  return serveGrpc({
    protoFile: MESH_PROTO,
    service: FEATURE_SERVICE,
    handlers: { Users: users, Stats: statsHandler(service) },
  });
}

/** A feature service at the other end of a connection. */
export function remoteFeature(client: GrpcClient): FeatureService {
  return {
    users: async (ids, context) => {
      const request: WireUsersRequest = { ids: packIds(ids) };
      const options = remaining(context);
      return decode(
        await client.call<WireUsersRequest, WireUsersResponse>("Users", request, options),
        ids,
      );
    },
    stats: () => callStats(client),
  };
}

function encode(answers: readonly (Float32Array | HarnessError)[], dim: number): WireUsersResponse {
  const features = new Float32Array(answers.length * dim);
  const known = Buffer.alloc(answers.length);
  for (const [i, answer] of answers.entries()) {
    if (!(answer instanceof Float32Array)) continue;
    features.set(answer, i * dim);
    known[i] = 1;
  }
  return { features: packWords(features), known };
}

function decode(response: WireUsersResponse, ids: Float64Array): (Float32Array | HarnessError)[] {
  const features = unpackFloats(response.features, "features");
  const dim = features.length / ids.length;
  return Array.from(ids, (id, i) =>
    response.known[i] === 1 ? features.subarray(i * dim, (i + 1) * dim) : unknownUser(id),
  );
}
