import { fileURLToPath } from "node:url";
import { loadService } from "../../src/door/service-definition.ts";
import { Random } from "../../src/math/random.ts";
import {
  decodeAnswers,
  decodeSearches,
  encodeAnswers,
  encodeSearches,
  type WireSearchRequest,
  type WireSearchResponse,
} from "../index/search-wire.ts";
import { INDEX_SERVICE, MESH_PROTO } from "../mesh-wire.ts";
import type { Search } from "../services.ts";
import type { Contender } from "./paired-speed.ts";

const UNPACKED = fileURLToPath(new URL("./unpacked.proto", import.meta.url));

const BATCH = 16;
const DIM = 64;
const K = 100;
const EXCLUDED = 20;
const ITEMS = 1_000_000;

interface UnpackedRequest {
  readonly searches: readonly { readonly vectors: number[]; readonly excluded: number[] }[];
}

interface UnpackedResponse {
  readonly candidates: readonly {
    readonly rows: number[];
    readonly values: number[];
    readonly counts: number[];
  }[];
}

/** A batch of searches and its answers, written and read as bytes of numbers, and number by number. */
export function wireContenders(): { readonly packed: Contender; readonly repeated: Contender } {
  const random = new Random(1);
  const vectors = Float32Array.from({ length: DIM }, () => random.gaussian());
  const excluded = Uint32Array.from({ length: EXCLUDED }, () => random.int(ITEMS));
  const rows = Uint32Array.from({ length: K }, () => random.int(ITEMS));
  const values = Float32Array.from({ length: K }, () => random.gaussian());
  const counts = Uint32Array.of(K);
  const packed = methodOf<WireSearchRequest, WireSearchResponse>(MESH_PROTO, INDEX_SERVICE);
  const repeated = methodOf<UnpackedRequest, UnpackedResponse>(
    UNPACKED,
    "silverbench.bench.v1.Unpacked",
  );
  const batch = <T>(one: () => T): T[] => Array.from({ length: BATCH }, one);
  return {
    packed: {
      name: "bytes of numbers",
      run: () => {
        const searches = batch((): Search => ({
          vectors,
          k: K,
          eligible: { bitmap: null, count: ITEMS },
          excluded,
        }));
        decodeSearches(packed.request(encodeSearches(searches)));
        const answers = batch(() => ({ rows, values, counts, version: 0 }));
        decodeAnswers(packed.response(encodeAnswers(answers)));
      },
    },
    repeated: {
      name: "repeated numbers",
      run: () => {
        const asked = repeated.request({
          // Boxed, as the message wants them.
          searches: batch(() => ({
            vectors: Array.from(vectors),
            k: K,
            excluded: Array.from(excluded),
          })),
        });
        for (const search of asked.searches) {
          Float32Array.from(search.vectors);
          Uint32Array.from(search.excluded);
        }
        const found = repeated.response({
          candidates: batch(() => ({
            rows: Array.from(rows),
            values: Array.from(values),
            counts: Array.from(counts),
          })),
        });
        for (const one of found.candidates) {
          Uint32Array.from(one.rows);
          Float32Array.from(one.values);
          Uint32Array.from(one.counts);
        }
      },
    },
  };
}

/** Messages of the method Search, to bytes and back. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a method states both messages
function methodOf<Asked, Answered>(protoFile: string, service: string) {
  const method = loadService(protoFile, service)["Search"]!;
  const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = method;
  return {
    request: (message: object) => requestDeserialize(requestSerialize(message)) as Asked,
    response: (message: object) => responseDeserialize(responseSerialize(message)) as Answered,
  };
}
