import { MessageChannel, type MessagePort } from "node:worker_threads";
import { ShardedIndex } from "../index/sharded-index.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { placementOf } from "../placement.ts";
import type { IndexService, MeshServices } from "../services.ts";
import { startParts } from "./addresses.ts";
import { allOf } from "./all-of.ts";
import { Closing } from "./closing.ts";
import { connectServices, type ReachedServices } from "./connected-services.ts";
import {
  openFeaturePart,
  openFilterPart,
  openIndexPart,
  openRankerPart,
  openTowerPart,
} from "./open-part.ts";
import type { Part } from "./part.ts";
import { PartThread } from "./part-thread.ts";
import { servePart } from "./serve-part.ts";
import { ThreadCaller } from "./thread-call.ts";
import {
  threadFeature,
  threadFilter,
  threadIndex,
  threadRanker,
  threadTower,
} from "./thread-services.ts";

/** Opens all services of a mesh in this process, and what calls them: over the wire or not. */
export function openServices(mesh: MeshConfig): Promise<ReachedServices> {
  const { transport } = mesh.settings;
  const isThreaded = placementOf(mesh.settings) === "thread";
  const closing = new Closing();
  return closing.unless(async () => {
    let services: MeshServices;
    if (transport === "grpc") services = await overGrpc(mesh, isThreaded, closing);
    else services = isThreaded ? await inThreads(mesh, closing) : await here(mesh, closing);
    return { services, [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose]() };
  });
}

/** Each service listens, in a thread of its own or in this one. */
async function overGrpc(
  mesh: MeshConfig,
  isThreaded: boolean,
  closing: Closing,
): Promise<MeshServices> {
  const addresses = await startParts(mesh, async (part) => {
    const served = isThreaded
      ? await PartThread.start({ mesh, part, listens: true })
      : await servePart({ mesh, part, port: 0 });
    return `127.0.0.1:${closing.add(served).port}`;
  });
  return closing.add(await connectServices(mesh, addresses)).services;
}

/** Each service is called as it is. */
async function here(mesh: MeshConfig, closing: Closing): Promise<MeshServices> {
  const { service: feature } = closing.add(await openFeaturePart(mesh));
  const { service: filter } = closing.add(await openFilterPart(mesh));
  const shards: IndexService[] = [];
  for (let shard = 0; shard < mesh.settings.index.shards; shard++) {
    shards.push(closing.add(await openIndexPart(mesh, shard)).service);
  }
  const { hasRanker, hasTower } = neededParts(mesh);
  const ranker = hasRanker ? closing.add(await openRankerPart(mesh, feature)).service : null;
  const tower = hasTower ? closing.add(await openTowerPart(mesh)).service : null;
  return { feature, filter, index: new ShardedIndex(shards), ranker, tower };
}

/** Each service is called through a port of its thread. */
async function inThreads(mesh: MeshConfig, closing: Closing): Promise<MeshServices> {
  const started: Promise<unknown>[] = [];
  const start = (part: Part, links: Links = {}): ThreadCaller => {
    const { port1, port2 } = new MessageChannel();
    const caller = new ThreadCaller(port1, part.role);
    closing.defer(() => caller.close());
    const { asked = [], feature = null } = links;
    const thread = PartThread.start({
      mesh,
      part,
      listens: false,
      calls: [port2, ...asked],
      feature,
    });
    started.push(thread.then((one) => closing.add(one)));
    return caller;
  };
  const { hasRanker, hasTower } = neededParts(mesh);
  const { port1: rankersEnd, port2: featuresEnd } = new MessageChannel();
  const feature = threadFeature(start({ role: "feature" }, { asked: [featuresEnd] }));
  const filter = threadFilter(start({ role: "filter" }));
  const shards = Array.from({ length: mesh.settings.index.shards }, (_, shard) =>
    threadIndex(start({ role: "index", shard })),
  );
  const ranker = hasRanker
    ? threadRanker(start({ role: "ranker", feature: [] }, { feature: rankersEnd }))
    : null;
  const tower = hasTower ? threadTower(start({ role: "tower" })) : null;
  await allOf(started);
  return { feature, filter, index: new ShardedIndex(shards), ranker, tower };
}

/** Wires of a thread beside the gateway's. */
interface Links {
  /** Where it is asked. */
  readonly asked?: readonly MessagePort[];
  /** Where it asks the feature service. */
  readonly feature?: MessagePort;
}

function neededParts({ folders, settings }: MeshConfig): {
  readonly hasRanker: boolean;
  readonly hasTower: boolean;
} {
  return {
    hasRanker: folders.items !== null,
    hasTower: folders.tower !== null && settings.towers === "service",
  };
}
