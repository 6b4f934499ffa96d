import { PendingReplies } from "../../src/door/pending-replies.ts";
import type { SystemStats } from "../../src/door/stats.ts";

// Whoever asks for Stats reaches one of several gateways. That one asks the others by way of the
// process that started them all: structured clones over the channels of its children.

/** To a gateway. */
export type ToGateway =
  | { readonly type: "own-stats"; readonly id: number }
  | { readonly type: "peers-stats"; readonly id: number; readonly stats: readonly SystemStats[] };

/** From a gateway. */
export type FromGateway =
  | { readonly type: "own-stats"; readonly id: number; readonly stats: SystemStats }
  | { readonly type: "ask-peers"; readonly id: number };

const post = (message: FromGateway): void => {
  if (process.connected) process.send!(message);
};

/**
 * Tells the other gateways of this one's stats whenever they ask.
 * @returns asks for theirs; one that is away or does not answer has none.
 */
export function exchangeStats(
  own: () => Promise<SystemStats>,
): () => Promise<readonly SystemStats[]> {
  const replies = new PendingReplies<readonly SystemStats[]>();
  const tell = async (id: number): Promise<void> => {
    post({ type: "own-stats", id, stats: await own() });
  };
  process.on("message", (message: ToGateway) => {
    if (message.type === "peers-stats") replies.resolve(message.id, message.stats);
    // Where a service does not answer, this gateway has no stats either.
    else if (message.type === "own-stats") void tell(message.id).catch(() => {});
  });
  return () => replies.ask((id) => post({ type: "ask-peers", id }));
}
