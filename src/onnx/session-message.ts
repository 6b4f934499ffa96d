import { HarnessError, type ErrorCode } from "../errors.ts";
import type { HostTensor } from "./element-type.ts";
import type { Placement } from "./placement.ts";
import type { SessionOptions } from "./session.ts";

/** To a thread without a session: open one. */
export interface OpenMessage {
  readonly kind: "open";
  readonly options: SessionOptions;
}

/** To the session's thread: close it, once what came before is done. */
export interface CloseMessage {
  readonly kind: "close";
}

/** To a thread without a session: end. */
export interface EndMessage {
  readonly kind: "end";
}

/** To the session's thread: run the graph once. */
export interface RunMessage {
  readonly kind: "run";
  readonly id: number;
  readonly feeds: Readonly<Record<string, HostTensor>>;
  /** Names of feeds that come back with the results. */
  readonly lent: readonly string[];
}

/** To the session's thread: tell where the nodes ran. */
export interface PlacementsMessage {
  readonly kind: "placements";
  readonly id: number;
}

/** An error as it crosses between threads; a thrown HarnessError would arrive as a bare Error. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly where: string | undefined;
  readonly stack: string | undefined;
  readonly because: ErrorMessage | undefined;
}

/** To the session's thread. */
export type ThreadMessage =
  | OpenMessage
  | RunMessage
  | PlacementsMessage
  | CloseMessage
  | EndMessage;

/** From the session's thread. */
export type SessionMessage =
  | { readonly kind: "opened"; readonly inputNames: readonly string[] }
  | { readonly kind: "failed"; readonly error: ErrorMessage }
  | { readonly kind: "closed" }
  | {
      readonly kind: "result";
      readonly id: number;
      readonly results: Readonly<Record<string, HostTensor>>;
    }
  | {
      readonly kind: "placements";
      readonly id: number;
      readonly placements: readonly Placement[];
    }
  | { readonly kind: "error"; readonly id: number; readonly error: ErrorMessage };

export function packError(thrown: unknown): ErrorMessage {
  const { code, message, hint, where, stack, cause } = HarnessError.from(thrown);
  const because = cause === undefined || cause === thrown ? undefined : packError(cause);
  return { code, message, hint, where, stack, because };
}

export function unpackError({
  code,
  message,
  hint,
  where,
  stack,
  because,
}: ErrorMessage): HarnessError {
  const error = new HarnessError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(where === undefined ? {} : { where }),
    ...(because === undefined ? {} : { cause: unpackError(because) }),
  });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Buffers of the tensors that a message may hand over instead of copying. */
export function buffersOf(tensors: Readonly<Record<string, HostTensor>>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(tensors)) {
    // A view of a part would take the rest of its buffer away from whoever uses it.
    const whole = data.byteLength === data.buffer.byteLength;
    if (whole && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  }
  return [...buffers];
}

/** The tensors of these names, and the buffers that they stand on, whether whole or in part. */
export function lentOf(
  tensors: Readonly<Record<string, HostTensor>>,
  names: readonly string[],
): { readonly tensors: Record<string, HostTensor>; readonly buffers: ArrayBuffer[] } {
  const lent = Object.fromEntries(names.map((name) => [name, tensors[name]!]));
  const buffers = Object.values(lent).map(({ data }) => data.buffer as ArrayBuffer);
  return { tensors: lent, buffers };
}
