import { type GrpcServer, type Listening, serveGrpc } from "../../src/door/grpc-service.ts";
import { packWords, unpackFloats, unpackWords } from "../../src/door/packed.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import { MESH_PROTO, RANKER_SERVICE, statsHandler } from "../mesh-wire.ts";
import { applyHandler, remoteFollower } from "../live/changes-wire.ts";
import type { ReplicaSet } from "../replica-set.ts";
import type { RankedRows, RankerService, Ranking } from "../services.ts";

interface WireRanking {
  readonly features: Buffer;
  readonly vectors: Buffer;
  readonly rows: Buffer;
  readonly scores: Buffer;
  readonly k: number;
  readonly version: number;
}

interface WireRanked {
  readonly rows: Buffer;
  readonly values: Buffer;
}

interface WireRankRequest {
  readonly rankings: readonly WireRanking[];
}

interface WireRankResponse {
  readonly ranked: readonly WireRanked[];
}

/** Serves a ranker service over gRPC. */
export function serveRanker(service: RankerService, at: Listening): Promise<GrpcServer> {
  const rank = async (
    { rankings }: WireRankRequest,
    context: CallContext,
  ): Promise<WireRankResponse> => {
    const answers = await service.rank(rankings.map(decodeRanking), context);
    return { ranked: answers.map(encodeRanked) };
  };
  return serveGrpc({
    ...at,
    protoFile: MESH_PROTO,
    service: RANKER_SERVICE,
    handlers: { Rank: rank, Apply: applyHandler(service), Stats: statsHandler(service) },
  });
}

/** A ranker service at the other end of connections. */
export function remoteRanker(replicas: ReplicaSet): RankerService {
  return {
    rank: async (rankings, context) => {
      const { ranked } = await replicas.call<WireRankRequest, WireRankResponse>(
        "Rank",
        { rankings: rankings.map(encodeRanking) },
        context,
      );
      return ranked.map(decodeRanked);
    },
    followers: replicas.clients.map((client) => remoteFollower("ranker", client)),
    stats: () => replicas.stats(),
  };
}

function encodeRanking({ features, vectors, rows, scores, k, version }: Ranking): WireRanking {
  return {
    features: packWords(features),
    vectors: packWords(vectors),
    rows: packWords(rows),
    scores: packWords(scores),
    k,
    version,
  };
}

function decodeRanking({ features, vectors, rows, scores, k, version }: WireRanking): Ranking {
  return {
    features: unpackFloats(features, "features"),
    vectors: unpackFloats(vectors, "vectors"),
    rows: unpackWords(rows, "rows"),
    scores: unpackFloats(scores, "scores"),
    k,
    version,
  };
}

function encodeRanked({ rows, values }: RankedRows): WireRanked {
  return { rows: packWords(rows), values: packWords(values) };
}

function decodeRanked({ rows, values }: WireRanked): RankedRows {
  return { rows: unpackWords(rows, "rows"), values: unpackFloats(values, "values") };
}
