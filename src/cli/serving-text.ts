import { requestToJson } from "../door/http-json.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { System } from "../system.ts";

/** What `serve` says once a system is ready: where it listens, and commands that can be pasted. */
export function servingText(
  {
    name,
    kind,
    address,
    httpAddress,
    processes,
  }: Pick<System, "name" | "kind" | "address" | "httpAddress" | "processes">,
  example: RetrievalRequest,
): string {
  const roles = processes.map(({ role, pid }) => `${role} ${pid}`).join(", ");
  const lines = [
    `${name === kind ? name : `${name} (${kind})`} is ready${roles === "" ? "" : `: ${roles}`}`,
    `  gRPC  ${address}  (silverbench.v1.Retrieval, src/door/retrieval.proto)`,
  ];
  if (httpAddress !== null) {
    const url = `${httpAddress}/v1/retrieve`;
    const body = quoted(requestToJson(example));
    lines.push(
      `  HTTP  ${httpAddress}`,
      "",
      "Try it:",
      `  curl -s ${url} -H 'content-type: application/json' -d ${body}`,
      `  npx autocannon -m POST -H content-type=application/json -b ${body} -c 8 -d 5 ${url}`,
      `  curl -s ${httpAddress}/metrics`,
    );
  }
  return [...lines, "", "Ctrl-C ends it."].join("\n");
}

/** For a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
