import type { Catalogue, Users } from "../retrieval/catalogue.ts";

/** A dataset in memory: what every process of a run reads, and no one writes. */
export interface Dataset {
  readonly name: string;
  /** SHA-256 of its manifest, and so of every file's hash. */
  readonly hash: string;
  /** The folder it was read from. */
  readonly folder: string;
  readonly catalogue: Catalogue;
  readonly users: Users;
}

/** How people call the rows; for reading reports, never for computing. */
export interface Labels {
  readonly items: readonly string[];
  readonly users: readonly string[];
}

/** Where the data came from, in words and numbers; it is part of the hash, so no times of day. */
export type Provenance = Readonly<Record<string, string | number>>;

/** What a dataset folder is written from. */
export interface DatasetParts {
  readonly name: string;
  readonly catalogue: Catalogue;
  readonly users: Users;
  readonly labels?: Labels;
  readonly provenance: Provenance;
}

/** Called with a phase and a fraction 0..1 (NaN: unknown). */
export type OnProgress = (phase: string, fraction: number) => void;
