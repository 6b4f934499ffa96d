import type { Workload } from "../dataset/workload.ts";
import { requestToJson } from "../door/http-json.ts";
import { answerFromBytes, answerToBytes, requestToBytes } from "../door/retrieval-service.ts";
import type { Part } from "../load/micro.ts";
import { TopK } from "../math/top-k.ts";
import { bindFilter } from "../retrieval/filter/bind.ts";
import { eligibleRows } from "../retrieval/filter/evaluate.ts";
import { parseFilter } from "../retrieval/filter/grammar.ts";
import { IdMap } from "../retrieval/id-map.ts";

function inTurn<T>(of: readonly T[], work: (one: T) => unknown): () => unknown {
  let turn = 0;
  return () => work(of[turn++ % of.length]!);
}

/** The parts that both systems share, on this scenario's own requests in turn. */
export function sharedParts({ dataset, requests: { requests }, truth }: Workload): Part[] {
  const { catalogue } = dataset;
  const idMap = new IdMap(catalogue.ids);
  const { k } = requests[0]!;
  const rows = truth.rows.subarray(truth.offsets[0], truth.offsets[1]);
  const answer = { ids: idMap.idsOf(rows), values: new Float32Array(rows.length), partial: false };
  const answerBytes = answerToBytes(answer);
  const topK = new TopK(k);
  const scores = Float64Array.from({ length: catalogue.count }, (_, row) =>
    Math.sin(row * 12.9898),
  );
  const filters = requests.map(({ filter }) => filter);
  return [
    { name: "request to protobuf", run: inTurn(requests, requestToBytes) },
    { name: "request to JSON", run: inTurn(requests, requestToJson) },
    { name: "answer to protobuf", run: () => answerToBytes(answer) },
    { name: "answer from protobuf", run: () => answerFromBytes(answerBytes) },
    { name: "filter, parsed", run: inTurn(filters, parseFilter) },
    {
      name: "filter, every item scanned",
      run: inTurn(filters, (filter) =>
        eligibleRows(bindFilter(parseFilter(filter), catalogue.columns), catalogue),
      ),
    },
    {
      name: `best ${k} of all items`,
      run: () => {
        topK.clear();
        for (let row = 0; row < scores.length; row++) topK.push(scores[row]!, row);
        return topK.take();
      },
    },
    { name: "rows to ids", run: () => idMap.idsOf(rows) },
  ];
}
