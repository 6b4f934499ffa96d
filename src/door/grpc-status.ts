import { Metadata, status, type ServiceError, type StatusObject } from "@grpc/grpc-js";
import { type ErrorCode, HarnessError } from "../errors.ts";

const STATUS_OF: Record<ErrorCode, status> = {
  INTERNAL: status.INTERNAL,
  BAD_INPUT: status.INVALID_ARGUMENT,
  DATA: status.FAILED_PRECONDITION,
  INVALID: status.ABORTED,
  UNAVAILABLE: status.UNAVAILABLE,
  OVERLOADED: status.RESOURCE_EXHAUSTED,
  DEADLINE: status.DEADLINE_EXCEEDED,
  INTERRUPTED: status.CANCELLED,
};

const CODE_OF = new Map(
  (Object.entries(STATUS_OF) as [ErrorCode, status][]).map(([code, number]) => [number, code]),
);

/** Metadata key that carries `where` (the field, the service) across a hop; -bin allows any text. */
const WHERE_KEY = "silverbench-where-bin";

/** An error as a gRPC status. Only the message and `where` cross the wire, never a stack. */
export function toStatus(thrown: unknown): Partial<StatusObject> {
  const error = HarnessError.from(thrown);
  const code = STATUS_OF[error.code];
  const details = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  if (error.where === undefined) return { code, details };
  const metadata = new Metadata();
  metadata.set(WHERE_KEY, Buffer.from(error.where));
  return { code, details, metadata };
}

/** How a call failed, as the wire says it. */
export interface FailedStatus {
  /** gRPC status code, not 0. */
  readonly code: number;
  readonly details: string;
  /** What `toStatus` sent along; absent: it arose on the way. */
  readonly where?: string | undefined;
  readonly cause?: unknown;
}

/**
 * A failed call as a HarnessError. Statuses that are not ours become INTERNAL and keep their name.
 * @param callee Who was called, for errors that arose on the way rather than there.
 */
export function fromStatus(failed: FailedStatus, callee: string): HarnessError {
  const { details, where = callee, cause } = failed;
  const code = CODE_OF.get(failed.code) ?? "INTERNAL";
  const message = CODE_OF.has(failed.code) ? details : `${status[failed.code]}: ${details}`;
  return new HarnessError(code, message, { where, cause });
}

export function fromServiceError(error: ServiceError, callee: string): HarnessError {
  const [where] = error.metadata?.get(WHERE_KEY) ?? [];
  const { code, details } = error;
  return fromStatus({ code, details, where: where?.toString(), cause: error }, callee);
}

/** The status in trailers as HTTP/2 brings them: text is percent-encoded, binary in base64. */
export function statusFromHeaders(
  headers: Readonly<Record<string, string | string[] | number | undefined>>,
): FailedStatus {
  const text = String(headers["grpc-message"] ?? "");
  const where = headers[WHERE_KEY];
  return {
    code: Number(headers["grpc-status"]),
    details: percentDecoded(text),
    where: where === undefined ? undefined : Buffer.from(String(where), "base64").toString(),
  };
}

/** Text that is not what the specification says is shown as it came. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
