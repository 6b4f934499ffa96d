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

/**
 * A failed call as a HarnessError. Statuses that are not ours become INTERNAL and keep their name.
 * @param callee Who was called, for errors that arose on the way rather than there.
 */
export function fromServiceError(error: ServiceError, callee: string): HarnessError {
  const code = CODE_OF.get(error.code) ?? "INTERNAL";
  const [where] = error.metadata?.get(WHERE_KEY) ?? [];
  const message = CODE_OF.has(error.code)
    ? error.details
    : `${status[error.code]}: ${error.details}`;
  return new HarnessError(code, message, { where: where?.toString() ?? callee, cause: error });
}
