import { HarnessError } from "../../src/errors.ts";
import { type GrpcServer, type Listening, serveGrpc } from "../../src/door/grpc-service.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import { decodeEligible, encodeEligible, type WireDatedEligible } from "../eligible-wire.ts";
import {
  decodeFault,
  encodeFault,
  FILTER_SERVICE,
  MESH_PROTO,
  statsHandler,
  type WireFault,
} from "../mesh-wire.ts";
import { applyHandler, remoteFollower } from "../live/changes-wire.ts";
import type { ReplicaSet } from "../replica-set.ts";
import type { FilterService } from "../services.ts";

interface WireEvaluateRequest {
  readonly filters: readonly string[];
}

interface WireEvaluateResponse {
  readonly eligible: readonly (WireDatedEligible & { readonly fault?: WireFault | null })[];
}

/** Serves a filter service over gRPC. */
export function serveFilter(service: FilterService, at: Listening): Promise<GrpcServer> {
  const evaluate = async (
    { filters }: WireEvaluateRequest,
    context: CallContext,
  ): Promise<WireEvaluateResponse> => {
    const answers = await service.evaluate(filters, context);
    const eligible = answers.map((answer) =>
      answer instanceof HarnessError
        ? { ...NOTHING, fault: encodeFault(answer) }
        : { ...encodeEligible(answer), version: answer.version },
    );
    return { eligible };
  };
  return serveGrpc({
    ...at,
    protoFile: MESH_PROTO,
    service: FILTER_SERVICE,
    handlers: { Evaluate: evaluate, Apply: applyHandler(service), Stats: statsHandler(service) },
  });
}

/** A filter service at the other end of connections. */
export function remoteFilter(replicas: ReplicaSet): FilterService {
  return {
    evaluate: async (filters, context) => {
      const { eligible } = await replicas.call<WireEvaluateRequest, WireEvaluateResponse>(
        "Evaluate",
        { filters },
        context,
      );
      return eligible.map(({ fault, version, ...rows }) =>
        fault === undefined || fault === null
          ? { ...decodeEligible(rows), version }
          : decodeFault(fault),
      );
    },
    followers: replicas.clients.map((client) => remoteFollower("filter", client)),
    stats: () => replicas.stats(),
  };
}

const NOTHING: WireDatedEligible = {
  count: 0,
  all: false,
  bitmap: Buffer.alloc(0),
  version: 0,
};
