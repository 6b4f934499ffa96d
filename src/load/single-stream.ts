import type { Drive } from "./drive.ts";
import type { ClientKind } from "./load-client.ts";

/** One request at a time, the next on the answer to the last (MLPerf's single-stream): no queue
 * anywhere, so latency is what the work itself takes. A second connection would have no use. */
export const singleStream = ({ client }: { readonly client: ClientKind }): Drive => ({
  shape: "closed",
  inFlight: 1,
  client,
  connections: 1,
});
