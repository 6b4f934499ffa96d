import type { GrpcClient } from "../../src/door/grpc-client.ts";
import { packWords, unpackFloats } from "../../src/door/packed.ts";
import type { LiveService } from "../services.ts";
import type { Follower, ItemChange, ItemContent } from "./changes.ts";

// Changes as mesh.proto carries them to the services.

interface WireAttribute {
  readonly name: string;
  readonly values?: readonly string[];
  /** The .proto loader gives null where none is set. */
  readonly number?: number | null;
}

interface WireItemChange {
  readonly row: number;
  readonly gone: boolean;
  readonly embedding: Buffer;
  readonly dense: Buffer;
  readonly attributes: readonly WireAttribute[];
}

interface WireChanges {
  readonly since: number;
  readonly version: number;
  readonly items: readonly WireItemChange[];
}

/** How long one copy of a service may take to apply changes. */
const APPLY_MS = 5_000;

/** The Apply handler of a service that is one copy. */
export function applyHandler({
  followers: [follower],
}: Pick<LiveService, "followers">): (
  request: WireChanges,
) => Promise<{ readonly version: number }> {
  return async ({ since, version, items }) => ({
    version: await follower!.apply({ since, version, items: items.map(decodeChange) }),
  });
}

/** A copy of a service at the other end of a connection. @param service The word for it. */
export function remoteFollower(service: string, client: GrpcClient): Follower {
  return {
    service,
    apply: async ({ since, version, items }) => {
      const request: WireChanges = { since, version, items: items.map(encodeChange) };
      const response = await client.call<WireChanges, { readonly version: number }>(
        "Apply",
        request,
        { timeoutMs: APPLY_MS },
      );
      return response.version;
    },
  };
}

function encodeChange({ row, item }: ItemChange): WireItemChange {
  if (item === null) {
    return { row, gone: true, embedding: NO_BYTES, dense: NO_BYTES, attributes: [] };
  }
  const attributes = [...item.attributes].map(([name, value]): WireAttribute =>
    typeof value === "number" ? { name, number: value } : { name, values: value },
  );
  const { embedding, dense } = item;
  return { row, gone: false, embedding: packWords(embedding), dense: packWords(dense), attributes };
}

function decodeChange({ row, gone, embedding, dense, attributes }: WireItemChange): ItemChange {
  if (gone) return { row, item: null };
  const item: ItemContent = {
    // Copies: what came is a view of a message that would be kept whole.
    embedding: unpackFloats(embedding, "embedding").slice(),
    dense: unpackFloats(dense, "dense").slice(),
    attributes: new Map(
      attributes.map(({ name, values = [], number }) => [name, number ?? values]),
    ),
  };
  return { row, item };
}

const NO_BYTES = Buffer.alloc(0);
