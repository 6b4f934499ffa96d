import { HarnessError } from "../../src/errors.ts";
import type { Column } from "../../src/retrieval/catalogue.ts";
import { IdMap } from "../../src/retrieval/id-map.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { vectorsWithOverArch } from "../../src/retrieval/user-queries.ts";
import type { Artifact } from "../compile/artifact.ts";
import { BitmapFile } from "../compile/bitmap-file.ts";
import { distinctTensor, vocabularyTensor } from "../compile/compile.ts";
import { readFolding } from "../compile/folded-items.ts";
import { readValueCounts } from "../compile/value-counts.ts";
import { distinctOf, type AttributeIndex } from "../eligibility/attribute-index.ts";
import { cellColumns } from "../eligibility/cells.ts";
import { ClusterCounts } from "../eligibility/cluster-counts.ts";
import type { ClusterShares } from "../eligibility/cluster-shares.ts";
import type { ValueShares } from "../eligibility/filter-share.ts";
import { FilterPlanner, type PlannedFor } from "../eligibility/filter-planner.ts";
import type { Folding } from "../eligibility/fold-share.ts";
import type { EncodedPlan } from "../eligibility/plan-tensors.ts";
import type { DeviceForm } from "../graph/device-form.ts";
import type { EngineQuery } from "./query.ts";

interface ReaderParts {
  readonly items: IdMap;
  readonly users: IdMap;
  readonly planner: FilterPlanner;
  /** What the planner counts in; null: it counts nothing. */
  readonly bitmaps: BitmapFile | null;
  /** Whether the model reads the user's features beyond its tower. */
  readonly readsFeatures: boolean;
}

/** From ids and text to rows and plans: all that happens to a request outside of the graph. */
export class RequestReader implements Disposable {
  readonly #items: IdMap;
  readonly #users: IdMap;
  readonly #planner: FilterPlanner;
  readonly #bitmaps: BitmapFile | null;
  readonly #readsFeatures: boolean;

  private constructor(parts: ReaderParts) {
    this.#items = parts.items;
    this.#users = parts.users;
    this.#planner = parts.planner;
    this.#bitmaps = parts.bitmaps;
    this.#readsFeatures = parts.readsFeatures;
  }

  /**
   * @param form what the graph that plans are for takes; default: bitmaps.
   * @param ordersClusters whether plans say which clusters hold what they let through, where that is
   *   known; it holds a file open. Default: no.
   */
  static async open(
    artifact: Artifact,
    form: DeviceForm["eligibility"] = "bitmaps",
    ordersClusters = false,
  ): Promise<RequestReader> {
    const { items: count, generated, model } = artifact.manifest;
    const items = new IdMap(
      generated === undefined
        ? new Float64Array(await artifact.tensor("items.ids"))
        : { first: generated.firstId, count },
    );
    const users = new IdMap(new Float64Array(await artifact.tensor("users.ids")));
    const { columns, index } = await readColumns(artifact);
    const shares = { counts: await readValueCounts(artifact), items: count, index };
    const bitmaps = ordersClusters ? BitmapFile.open(artifact) : null;
    const planner = new FilterPlanner(columns, {
      index,
      shares,
      heads: model.heads,
      ...(bitmaps === null ? {} : clustersOf(artifact, bitmaps, shares)),
      ...cellsOf(artifact, { columns, index, form, folding: await readFolding(artifact) }),
    });
    const readsFeatures = model.overarch !== "none";
    return new RequestReader({ items, users, planner, bitmaps, readsFeatures });
  }

  /**
   * @param asked in place of what the request asks for.
   * @throws HarnessError BAD_INPUT on an unknown user, a filter that cannot be planned, or query
   *   vectors where an OverArch needs the user's features.
   */
  read(
    request: RetrievalRequest,
    asked: Pick<RetrievalRequest, "k" | "exclude"> = request,
  ): EngineQuery {
    const { user, filter } = request;
    const { k, exclude } = asked;
    if (user.kind === "vectors" && this.#readsFeatures) throw vectorsWithOverArch();
    return {
      k,
      user: user.kind === "id" ? { kind: "row", row: this.#userRow(user.id) } : user,
      plan: this.#planner.plan(filter),
      exclude: this.#rowsOf(exclude),
    };
  }

  /** The plan of some filter that needs work; null: the catalogue has no attributes. */
  anyPlan(): EncodedPlan | null {
    return this.#planner.anyPlan();
  }

  /** Whether the artifact holds an item. */
  holds(id: number): boolean {
    return this.rowOf(id) >= 0;
  }

  /** The row of an item; -1: the artifact does not hold it. */
  rowOf(id: number): number {
    return this.#items.rowOf(id);
  }

  /** The id of a row. */
  idOf(row: number): number {
    return this.#items.idOf(row);
  }

  /** The ids of an answer's rows. */
  idsOf(rows: Uint32Array): Float64Array {
    return this.#items.idsOf(rows);
  }

  /** Nothing may be read after it. */
  [Symbol.dispose](): void {
    this.#bitmaps?.[Symbol.dispose]();
  }

  #userRow(id: number): number {
    const row = this.#users.rowOf(id);
    if (row >= 0) return row;
    throw new HarnessError("BAD_INPUT", `there is no user with the id ${id}`, {
      where: "user_id",
    });
  }

  /** Items that do not exist need not be excluded. */
  #rowsOf(ids: Float64Array): Uint32Array {
    const rows = new Uint32Array(ids.length);
    let known = 0;
    for (let at = 0; at < ids.length; at++) {
      const row = this.#items.rowOf(ids[at]!);
      if (row >= 0) rows[known++] = row;
    }
    return rows.subarray(0, known);
  }
}

interface PlannedColumns {
  readonly columns: readonly Column[];
  readonly index: AttributeIndex;
  readonly form: DeviceForm["eligibility"];
  readonly folding: Folding | null;
}

/** What the planner needs to know of clusters, if there are any. */
function clustersOf(
  { manifest }: Artifact,
  rows: BitmapFile,
  shares: ValueShares,
): Pick<PlannedFor, "clusters"> {
  const { clusters, columns } = manifest;
  if (clusters === null) return {};
  const { index, counts: held } = shares;
  const known: ClusterShares = {
    counts: new ClusterCounts({ rows, index, clusters, held }),
    shares,
    isSingle: (column) => columns[column]!.cells <= 1,
  };
  return { clusters: known };
}

/** What the planner needs to know of cells, if anything. */
function cellsOf(
  artifact: Artifact,
  { columns, index, form, folding }: PlannedColumns,
): Pick<PlannedFor, "cells"> {
  const { manifest } = artifact;
  if (form === "bitmaps" && !manifest.checked && folding === null) return {};
  const numbered = cellColumns(
    columns,
    (at) => distinctOf(index, at),
    (at) => manifest.columns[at]!.cells,
  );
  if (form === "cells") return { cells: { columns: numbered, use: "scan" } };
  return { cells: { columns: numbered, use: folding ?? "check" } };
}

/** Columns without their items' values, which live in the bitmaps only. */
export async function readColumns(
  artifact: Artifact,
): Promise<{ readonly columns: readonly Column[]; readonly index: AttributeIndex }> {
  const columns: Column[] = [];
  const entries: AttributeIndex["columns"][number][] = [];
  const { signatures, bitmapRows } = artifact.manifest;
  for (const [at, { name, kind, firstRow, slots, digits }] of artifact.manifest.columns.entries()) {
    if (kind === "categorical") {
      const text = Buffer.from(await artifact.tensor(vocabularyTensor(at))).toString("utf8");
      const vocabulary = JSON.parse(text) as string[];
      columns.push({
        kind,
        name,
        vocabulary,
        offsets: new Uint32Array(1),
        values: new Uint32Array(0),
      });
      entries.push(
        signatures === null
          ? { kind, firstRow, slots, digits }
          : { kind: "signed", column: at, signatures },
      );
    } else {
      const distinct = new Float32Array(await artifact.tensor(distinctTensor(at)));
      columns.push({ kind, name, values: new Float32Array(0) });
      entries.push({ kind, firstRow, digits, distinct, ranks: new Int32Array(0) });
    }
  }
  return { columns, index: { columns: entries, rows: bitmapRows, signatures } };
}
