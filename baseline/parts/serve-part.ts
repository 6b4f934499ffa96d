import type { GrpcServer } from "../../src/door/grpc-service.ts";
import { remoteFeature } from "../feature/feature-rpc.ts";
import { FEATURE_SERVICE } from "../mesh-wire.ts";
import { ReplicaSet } from "../replica-set.ts";
import { Closing } from "./closing.ts";
import { openPart } from "./open-part.ts";
import { replicaOptions } from "./connected-services.ts";
import type { PartConfig, PartReady } from "./part.ts";

/** A part that listens. Disposing it finishes the calls under way and frees everything. */
export interface ServedPart extends PartReady, Pick<GrpcServer, "holdBack">, AsyncDisposable {}

/** Opens a part here and serves it over gRPC. If it cannot be served, nothing stays open. */
export function servePart({ mesh, part, port }: PartConfig): Promise<ServedPart> {
  const closing = new Closing();
  return closing.unless(async () => {
    const feature =
      part.role === "ranker"
        ? await ReplicaSet.connect(part.feature, FEATURE_SERVICE, replicaOptions(mesh))
        : null;
    if (feature !== null) closing.defer(() => feature.close());
    const opened = await openPart(mesh, part, feature === null ? null : remoteFeature(feature));
    const server = await closing.add(opened).serve(port);
    closing.add(server);
    return {
      port: server.port,
      holdBack: (ms) => server.holdBack(ms),
      [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose](),
    };
  });
}
