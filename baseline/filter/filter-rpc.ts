import { HarnessError } from "../../src/errors.ts";
import { type GrpcServer, type Listening, serveGrpc } from "../../src/door/grpc-service.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import { decodeEligible, encodeEligible, type WireEligible } from "../eligible-wire.ts";
import {
  decodeFault,
  encodeFault,
  FILTER_SERVICE,
  MESH_PROTO,
  statsHandler,
  type WireFault,
} from "../mesh-wire.ts";
import type { ReplicaSet } from "../replica-set.ts";
import type { FilterService } from "../services.ts";

interface WireEvaluateRequest {
  readonly filters: readonly string[];
}

interface WireEvaluateResponse {
  readonly eligible: readonly (WireEligible & { readonly fault?: WireFault | null })[];
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
        : encodeEligible(answer),
    );
    return { eligible };
  };
  return serveGrpc({
    ...at,
    protoFile: MESH_PROTO,
    service: FILTER_SERVICE,
    handlers: { Evaluate: evaluate, Stats: statsHandler(service) },
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
      return eligible.map(({ fault, ...rows }) =>
        fault === undefined || fault === null ? decodeEligible(rows) : decodeFault(fault),
      );
    },
    stats: () => replicas.stats(),
  };
}

const NOTHING: WireEligible = { count: 0, all: false, bitmap: Buffer.alloc(0) };
