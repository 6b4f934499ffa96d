import { fileURLToPath } from "node:url";
import type { ClientTls } from "../process/tls.ts";
import type { LiveCatalogue } from "./live-catalogue.ts";
import type { LiveItem } from "../retrieval/live-item.ts";
import { connectGrpc } from "./grpc-client.ts";
import { type GrpcServer, type Listening, serveGrpc } from "./grpc-service.ts";
import { packIds, packWords, unpackFloats, unpackIds } from "./packed.ts";

const SERVICE = "silverbench.v1.Admin";
const PROTO = fileURLToPath(new URL("./admin.proto", import.meta.url));

/** LiveItem as the .proto loader reads and writes it. */
interface WireItem {
  readonly id: number;
  readonly embedding: Buffer;
  readonly dense: Buffer;
  readonly attributes: readonly WireAttribute[];
}

interface WireAttribute {
  readonly name: string;
  readonly values?: readonly string[];
  readonly number?: number;
}

/**
 * Serves the owner's side of a system, on a port of its own.
 * @throws HarnessError BAD_INPUT if the port is taken.
 */
export function serveAdmin(live: LiveCatalogue, at: Listening = {}): Promise<GrpcServer> {
  return serveGrpc({
    protoFile: PROTO,
    service: SERVICE,
    ...at,
    handlers: {
      Upsert: async ({ items }: { readonly items: readonly WireItem[] }) => {
        await live.upsert(items.map(decodeItem));
        return {};
      },
      Delete: async ({ ids }: { readonly ids: Buffer }) => {
        await live.delete(unpackIds(ids, "ids"));
        return {};
      },
      Swap: async ({ folder }: { readonly folder: string }) => {
        await live.swap(folder);
        return {};
      },
    },
  });
}

/** A system's catalogue as its owner reaches it over the wire. */
export interface AdminClient extends LiveCatalogue {
  close(): void;
}

/** How long a swap may take: a large product is read and warmed up first. */
const SWAP_MS = 30 * 60_000;
const UPDATE_MS = 10_000;

/** Connects to a system's admin port. Nothing is sent before the first call. */
export function connectAdmin(address: string, tls: ClientTls | null = null): AdminClient {
  const grpc = connectGrpc({ address, protoFile: PROTO, service: SERVICE, tls });
  const call = async (method: string, request: object, timeoutMs: number): Promise<void> => {
    await grpc.call(method, request, { timeoutMs });
  };
  return {
    upsert: (items) => call("Upsert", { items: items.map(encodeItem) }, UPDATE_MS),
    delete: (ids) => call("Delete", { ids: packIds(ids) }, UPDATE_MS),
    swap: (folder) => call("Swap", { folder }, SWAP_MS),
    close: () => grpc.close(),
  };
}

function encodeItem({ id, embedding, dense, attributes }: LiveItem): WireItem {
  return {
    id,
    embedding: packWords(embedding),
    dense: packWords(dense),
    attributes: [...attributes].map(([name, value]) =>
      typeof value === "number" ? { name, number: value } : { name, values: value },
    ),
  };
}

/** The bytes are views of the call's message, which nobody else holds. */
function decodeItem({ id, embedding, dense, attributes }: WireItem): LiveItem {
  return {
    id,
    embedding: unpackFloats(embedding, "embedding"),
    dense: unpackFloats(dense, "dense"),
    attributes: new Map(attributes.map((attribute) => [attribute.name, valueOf(attribute)])),
  };
}

const valueOf = ({ number, values = [] }: WireAttribute): readonly string[] | number =>
  // The loader gives a field that may be absent a default unless it was set.
  number === undefined || number === null ? values : number;
