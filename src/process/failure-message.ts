import { type ErrorCode, HarnessError } from "../errors.ts";

/** An error as it crosses to another thread or process: structured clone keeps no subclass. */
export interface FailureMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly where?: string;
  readonly stack?: string;
}

/** Anything thrown, made ready to be sent. */
export function toFailureMessage(thrown: unknown): FailureMessage {
  const { code, message, hint, where, stack } = HarnessError.from(thrown);
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(where === undefined ? {} : { where }),
    ...(stack === undefined ? {} : { stack }),
  };
}

/**
 * The error again, on the other side; the stack it had is kept in its cause.
 * @param sender Stands in for `where` if the error said nothing.
 */
export function fromFailureMessage(failure: FailureMessage, sender: string): HarnessError {
  const { code, message, hint, where = sender, stack } = failure;
  const cause = new Error(message);
  if (stack !== undefined) cause.stack = stack;
  return new HarnessError(code, message, { where, cause, ...(hint === undefined ? {} : { hint }) });
}
