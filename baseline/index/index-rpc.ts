import { HarnessError } from "../../src/errors.ts";
import { type GrpcServer, type Listening, serveGrpc } from "../../src/door/grpc-service.ts";
import { packWords, unpackAllFloats, unpackAllWords } from "../../src/door/packed.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import { decodeEligible, encodeEligible, type WireEligible } from "../eligible-wire.ts";
import {
  decodeFault,
  encodeFault,
  INDEX_SERVICE,
  MESH_PROTO,
  statsHandler,
  type WireFault,
} from "../mesh-wire.ts";
import { applyHandler, remoteFollower } from "../live/changes-wire.ts";
import type { ReplicaSet } from "../replica-set.ts";
import type { Dated } from "../live/changes.ts";
import type { Candidates, IndexService, Search } from "../services.ts";

interface WireSearch {
  readonly vectors: Buffer;
  readonly k: number;
  readonly eligible: WireEligible;
  readonly excluded: Buffer;
  /** 0, of this and the next: as the index is set. */
  readonly probes?: number;
  readonly expansionSearch?: number;
}

interface WireCandidates {
  readonly rows: Buffer;
  readonly values: Buffer;
  readonly counts: Buffer;
  readonly version: number;
  readonly fault?: WireFault | null;
}

interface WireSearchRequest {
  readonly searches: readonly WireSearch[];
}

interface WireSearchResponse {
  readonly candidates: readonly WireCandidates[];
}

/** Serves an index service over gRPC. */
export function serveIndex(service: IndexService, at: Listening): Promise<GrpcServer> {
  const search = async (
    { searches }: WireSearchRequest,
    context: CallContext,
  ): Promise<WireSearchResponse> => {
    const answers = await service.search(decodeSearches(searches), context);
    return { candidates: answers.map(encodeCandidates) };
  };
  return serveGrpc({
    ...at,
    protoFile: MESH_PROTO,
    service: INDEX_SERVICE,
    handlers: { Search: search, Apply: applyHandler(service), Stats: statsHandler(service) },
  });
}

/** An index service at the other end of connections. */
export function remoteIndex(replicas: ReplicaSet): IndexService {
  return {
    search: async (searches, context) => {
      const { candidates } = await replicas.call<WireSearchRequest, WireSearchResponse>(
        "Search",
        { searches: searches.map(encodeSearch) },
        context,
      );
      return decodeCandidates(candidates);
    },
    followers: replicas.clients.map((client) => remoteFollower("index", client)),
    stats: () => replicas.stats(),
  };
}

function encodeSearch({ vectors, k, eligible, excluded, effort }: Search): WireSearch {
  return {
    vectors: packWords(vectors),
    k,
    eligible: encodeEligible(eligible),
    excluded: packWords(excluded),
    ...effort,
  };
}

function decodeSearches(wires: readonly WireSearch[]): Search[] {
  const vectors = unpackAllFloats(
    wires.map((wire) => wire.vectors),
    "vectors",
  );
  const excluded = unpackAllWords(
    wires.map((wire) => wire.excluded),
    "excluded",
  );
  return wires.map((wire, at) => ({
    vectors: vectors[at]!,
    k: wire.k,
    eligible: decodeEligible(wire.eligible),
    excluded: excluded[at]!,
    ...effortOf(wire),
  }));
}

function effortOf({ probes = 0, expansionSearch = 0 }: WireSearch): Pick<Search, "effort"> {
  if (probes === 0 && expansionSearch === 0) return {};
  const effort = {
    ...(probes === 0 ? {} : { probes }),
    ...(expansionSearch === 0 ? {} : { expansionSearch }),
  };
  return { effort };
}

function encodeCandidates(answer: Dated<Candidates> | HarnessError): WireCandidates {
  if (answer instanceof HarnessError) {
    return {
      rows: NO_BYTES,
      values: NO_BYTES,
      counts: NO_BYTES,
      version: 0,
      fault: encodeFault(answer),
    };
  }
  const { rows, values, counts, version } = answer;
  return { rows: packWords(rows), values: packWords(values), counts: packWords(counts), version };
}

function decodeCandidates(wires: readonly WireCandidates[]): (Dated<Candidates> | HarnessError)[] {
  const all = (field: "rows" | "values" | "counts"): Buffer[] => wires.map((wire) => wire[field]);
  const rows = unpackAllWords(all("rows"), "rows");
  const values = unpackAllFloats(all("values"), "values");
  const counts = unpackAllWords(all("counts"), "counts");
  return wires.map(({ version, fault }, at) => {
    if (fault !== undefined && fault !== null) return decodeFault(fault);
    return { rows: rows[at]!, values: values[at]!, counts: counts[at]!, version };
  });
}

const NO_BYTES = Buffer.alloc(0);
