import type { Drive } from "./drive.ts";
import type { ClientKind } from "./load-client.ts";

/** One request at a time, the next on the answer to the last (MLPerf's single-stream): no queue
 * anywhere, so latency is what the work itself takes. */
export const singleStream = (client: ClientKind): Drive => ({
  shape: "closed",
  inFlight: 1,
  client,
});
