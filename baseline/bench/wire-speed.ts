import { fileURLToPath } from "node:url";
import { packWords, unpackFloats, unpackWords } from "../../src/door/packed.ts";
import { loadService } from "../../src/door/service-definition.ts";
import { Random } from "../../src/math/random.ts";
import { INDEX_SERVICE, MESH_PROTO } from "../mesh-wire.ts";
import type { Contender } from "./paired-speed.ts";

const UNPACKED = fileURLToPath(new URL("./unpacked.proto", import.meta.url));

const BATCH = 16;
const DIM = 64;
const K = 100;
const EXCLUDED = 20;

/** A batch of searches and its answers, written and read as bytes of numbers, and number by number. */
export function wireContenders(): { readonly packed: Contender; readonly repeated: Contender } {
  const random = new Random(1);
  const vectors = Float32Array.from({ length: DIM }, () => random.gaussian());
  const excluded = Uint32Array.from({ length: EXCLUDED }, () => random.int(1_000_000));
  const rows = Uint32Array.from({ length: K }, () => random.int(1_000_000));
  const values = Float32Array.from({ length: K }, () => random.gaussian());
  const counts = Uint32Array.of(K);
  const packed = methodOf(MESH_PROTO, INDEX_SERVICE);
  const repeated = methodOf(UNPACKED, "silverbench.bench.v1.Unpacked");
  const batch = <T>(one: () => T): T[] => Array.from({ length: BATCH }, one);
  return {
    packed: {
      name: "bytes of numbers",
      run: () => {
        const asked = packed.request({
          searches: batch(() => ({
            vectors: packWords(vectors),
            k: K,
            excluded: packWords(excluded),
          })),
        });
        for (const search of asked.searches as { vectors: Buffer; excluded: Buffer }[]) {
          unpackFloats(search.vectors, "vectors");
          unpackWords(search.excluded, "excluded");
        }
        const found = packed.response({
          candidates: batch(() => ({
            rows: packWords(rows),
            values: packWords(values),
            counts: packWords(counts),
          })),
        });
        for (const one of found.candidates as { rows: Buffer; values: Buffer; counts: Buffer }[]) {
          unpackWords(one.rows, "rows");
          unpackFloats(one.values, "values");
          unpackWords(one.counts, "counts");
        }
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
        for (const search of asked.searches as { vectors: number[]; excluded: number[] }[]) {
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
        for (const one of found.candidates as {
          rows: number[];
          values: number[];
          counts: number[];
        }[]) {
          Uint32Array.from(one.rows);
          Float32Array.from(one.values);
          Uint32Array.from(one.counts);
        }
      },
    },
  };
}

/** Messages of the method Search, to bytes and back. */
function methodOf(protoFile: string, service: string) {
  const method = loadService(protoFile, service)["Search"]!;
  const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = method;
  return {
    request: (message: object) =>
      requestDeserialize(requestSerialize(message)) as { searches: unknown },
    response: (message: object) =>
      responseDeserialize(responseSerialize(message)) as { candidates: unknown },
  };
}
