import { HarnessError } from "../../src/errors.ts";
import { type GrpcServer, type Listening, serveGrpc } from "../../src/door/grpc-service.ts";
import { packIds, packWords, unpackFloats, unpackIds, unpackWords } from "../../src/door/packed.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import { FEATURE_SERVICE, MESH_PROTO, statsHandler } from "../mesh-wire.ts";
import { applyHandler, remoteFollower } from "../live/changes-wire.ts";
import type { ReplicaSet } from "../replica-set.ts";
import type { Dated } from "../live/changes.ts";
import type {
  ColumnValues,
  FeatureService,
  ItemFeatures,
  ItemQuery,
  UserFeatures,
} from "../services.ts";
import { unknownUser } from "./feature-store.ts";

interface WireUsersRequest {
  readonly ids: Buffer;
}

interface WireUsersResponse {
  readonly features: Buffer;
  readonly known: Buffer;
  readonly version: number;
}

interface WireItemsRequest {
  readonly rows: Buffer;
  readonly features: boolean;
  readonly columns: Buffer;
  readonly atLeast: number;
}

interface WireItemsResponse {
  readonly features: Buffer;
  readonly columns: readonly WireColumnValues[];
}

interface WireColumnValues {
  readonly numbers: Buffer;
  readonly offsets: Buffer;
  readonly codes: Buffer;
}

/**
 * Serves a feature service over gRPC.
 * @param dim Float32 values of a user.
 *
 */
export function serveFeature(
  service: FeatureService,
  dim: number,
  at: Listening,
): Promise<GrpcServer> {
  const users = async (
    request: WireUsersRequest,
    context: CallContext,
  ): Promise<WireUsersResponse> =>
    encode(await service.users(unpackIds(request.ids, "ids"), context), dim);
  const items = async (
    request: WireItemsRequest,
    context: CallContext,
  ): Promise<WireItemsResponse> =>
    encodeItems(await service.items(decodeItemQuery(request), context));
  return serveGrpc({
    ...at,
    protoFile: MESH_PROTO,
    service: FEATURE_SERVICE,
    handlers: {
      Users: users,
      Items: items,
      Apply: applyHandler(service),
      Stats: statsHandler(service),
    },
  });
}

/** A feature service at the other end of connections. */
export function remoteFeature(replicas: ReplicaSet): FeatureService {
  return {
    users: async (ids, context) => {
      const request: WireUsersRequest = { ids: packIds(ids) };
      return decode(
        await replicas.call<WireUsersRequest, WireUsersResponse>("Users", request, context),
        ids,
      );
    },
    items: async (query, context) =>
      decodeItems(
        await replicas.call<WireItemsRequest, WireItemsResponse>(
          "Items",
          encodeItemQuery(query),
          context,
        ),
      ),
    followers: replicas.clients.map((client) => remoteFollower("feature", client)),
    stats: () => replicas.stats(),
  };
}

function encodeItemQuery({ rows, features, columns, atLeast }: ItemQuery): WireItemsRequest {
  const wanted = packWords(Uint32Array.from(columns));
  return { rows: packWords(rows), features, columns: wanted, atLeast };
}

function decodeItemQuery({ rows, features, columns, atLeast }: WireItemsRequest): ItemQuery {
  return {
    rows: unpackWords(rows, "rows"),
    features,
    columns: [...unpackWords(columns, "columns")],
    atLeast,
  };
}

const NO_BYTES = Buffer.alloc(0);

function encodeItems({ features, columns }: ItemFeatures): WireItemsResponse {
  return {
    features: packWords(features),
    columns: columns.map((column) =>
      column.kind === "numeric"
        ? { numbers: packWords(column.values), offsets: NO_BYTES, codes: NO_BYTES }
        : {
            numbers: NO_BYTES,
            offsets: packWords(column.offsets),
            codes: packWords(column.values),
          },
    ),
  };
}

function decodeItems({ features, columns }: WireItemsResponse): ItemFeatures {
  return {
    features: unpackFloats(features, "features"),
    columns: columns.map(({ numbers, offsets, codes }): ColumnValues =>
      // Offsets are one more than there are rows, so never none.
      offsets.length === 0
        ? { kind: "numeric", values: unpackFloats(numbers, "numbers") }
        : {
            kind: "categorical",
            offsets: unpackWords(offsets, "offsets"),
            values: unpackWords(codes, "codes"),
          },
    ),
  };
}

function encode(
  answers: readonly (Dated<UserFeatures> | HarnessError)[],
  dim: number,
): WireUsersResponse {
  const features = new Float32Array(answers.length * dim);
  const known = Buffer.alloc(answers.length);
  // Of one call all are of one version; where no user is known, nobody asks for it.
  let version = 0;
  for (const [i, answer] of answers.entries()) {
    if (answer instanceof HarnessError) continue;
    features.set(answer.features, i * dim);
    known[i] = 1;
    ({ version } = answer);
  }
  return { features: packWords(features), known, version };
}

function decode(
  response: WireUsersResponse,
  ids: Float64Array,
): (Dated<UserFeatures> | HarnessError)[] {
  const features = unpackFloats(response.features, "features");
  const { known, version } = response;
  const dim = features.length / ids.length;
  return Array.from(ids, (id, i) =>
    known[i] === 1
      ? { features: features.subarray(i * dim, (i + 1) * dim), version }
      : unknownUser(id),
  );
}
