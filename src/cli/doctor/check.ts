/**
 * `missing`: silverbench cannot work; `warn`: it works, but a measurement is in doubt; `absent`:
 * what is not there is needed only for what the advice names.
 */
export type CheckStatus = "ok" | "warn" | "absent" | "missing";

/** One line of `silverbench doctor`. */
export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found. */
  readonly found: string;
  /** What to do about it; absent where all is well. */
  readonly advice?: string;
}

export const ok = (name: string, found: string): Check => ({ name, status: "ok", found });

export const warn = (name: string, found: string, advice: string): Check => ({
  name,
  status: "warn",
  found,
  advice,
});

export const absent = (name: string, found: string, advice: string): Check => ({
  name,
  status: "absent",
  found,
  advice,
});

export const missing = (name: string, found: string, advice: string): Check => ({
  name,
  status: "missing",
  found,
  advice,
});
