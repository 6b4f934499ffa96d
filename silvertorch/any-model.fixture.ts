import * as fc from "fast-check";
import type { Device } from "../src/onnx/device.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import type { RetrievalRequest } from "../src/retrieval/request.ts";
import type { ArtifactSettings, EligibilitySettings } from "./compile/manifest.ts";
import { anyRequest, type SmallSize } from "./dataset.fixture.ts";
import type { EngineAnswer } from "./engine/query.ts";

/** A model, the catalogue that it is compiled of, how, and what it is asked. */
export interface AnyModel {
  readonly size: SmallSize;
  readonly userDim: number;
  readonly model: ModelSpec;
  readonly settings: ArtifactSettings;
  readonly probes: number | "all";
  readonly mostProbes: number | "all";
  /** Whose graph is run by the engine `onnx`, on the processor. */
  readonly graphOf: Device;
  readonly folds: "whereItPays" | "always";
  readonly batches: readonly (readonly RetrievalRequest[])[];
}

/** At the borders of words, tiles and clusters, and anywhere between. */
const anySize: fc.Arbitrary<SmallSize> = fc.record({
  items: fc.oneof(
    fc.constantFrom(1, 2, 31, 63, 64, 65, 127, 129, 257),
    fc.integer({ min: 1, max: 400 }),
  ),
  dim: fc.integer({ min: 1, max: 24 }),
  // Where there are few, values are alike and rows decide.
  vectors: fc.oneof(fc.constant(400), fc.integer({ min: 1, max: 9 })),
});

const anyTower = fc.oneof(
  fc.record({ kind: fc.constant("identity" as const) }),
  fc.record({
    kind: fc.constant("mlp" as const),
    hidden: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 2 }),
  }),
);

const few = fc.integer({ min: 1, max: 4 });
const anyOverArch: fc.Arbitrary<Pick<ModelSpec, "overarch" | "tasks" | "mol" | "mlp" | "value">> =
  fc.oneof(
    { weight: 3, arbitrary: fc.constant({ overarch: "none" as const, value: "score" }) },
    fc.constant({
      overarch: "none" as const,
      value: "if(lang:v1 AND age <= 2, 2, 1) * score - 0.1 * default(age, 1)",
    }),
    fc.record({
      overarch: fc.constant("mol" as const),
      mol: fc.record({
        userGroups: few,
        itemGroups: few,
        dim: few,
        gateHidden: few,
        temperature: fc.constantFrom(0.2, 1),
      }),
      tasks: fc.constant(["click", "watch"]),
      value: fc.constantFrom("click - 0.5 * watch", "click + if(topic:v1 OR NOT age > 0, 0.3, 0)"),
    }),
    fc.record({
      overarch: fc.constant("mlp" as const),
      mlp: fc.record({ hidden: fc.array(few, { minLength: 1, maxLength: 2 }) }),
      value: fc.constantFrom("task", "sigmoid(task) + 0.01 * score"),
    }),
  );

const anyBloom: fc.Arbitrary<EligibilitySettings> = fc.record({
  kind: fc.constant("bloom" as const),
  hashes: few,
  width: fc.record({ bits: fc.integer({ min: 8, max: 80 }) }),
  exact: fc.constant(true),
});

const anyProbing = fc.oneof(
  fc.constant({ clusters: null, probes: "all" as const, mostProbes: "all" as const }),
  fc.record({
    clusters: fc.integer({ min: 1, max: 9 }),
    probes: fc.oneof(fc.constant("all" as const), few),
    mostProbes: fc.oneof(fc.constant("all" as const), few),
  }),
);

/**
 * Any model over a small catalogue of any size, and a few batches of any requests to it.
 * @param precisions of the items that are scanned.
 */
export function anyModel(
  precisions: readonly ArtifactSettings["precision"][],
): fc.Arbitrary<AnyModel> {
  return fc
    .record({
      size: anySize,
      tower: anyTower,
      heads: few,
      userDim: fc.integer({ min: 1, max: 9 }),
      candidates: fc.integer({ min: 1, max: 70 }),
      ranking: anyOverArch,
      precision: fc.constantFrom(...precisions),
      eligibility: fc.oneof(fc.constant({ kind: "exact" } as const), anyBloom),
      probing: anyProbing,
      graphOf: fc.constantFrom<Device[]>("cpu", "cpu", "cuda", "webgpu"),
      isFolded: fc.boolean(),
      folds: fc.constantFrom("whereItPays" as const, "always" as const),
      seed: fc.nat(),
    })
    .chain(({ size, tower, ranking, precision, eligibility, probing, ...given }) => {
      const isIdentity = tower.kind === "identity";
      const heads = isIdentity ? 1 : given.heads;
      const userDim = isIdentity ? size.dim : given.userDim;
      const { candidates, seed, graphOf, folds } = given;
      const model: ModelSpec = { heads, candidates, tower, seed, ...ranking };
      const { clusters, ...probes } = probing;
      const canFold = ranking.value === "score" && precision === "float32" && clusters === null;
      const settings = {
        precision,
        scale: "perItem",
        clusters,
        eligibility: canFold && given.isFolded ? ({ kind: "folded" } as const) : eligibility,
      } as const;
      const request = anyRequest(userDim, model, size).map(withoutTiny);
      const batch = fc.array(request, { minLength: 1, maxLength: 5 });
      return fc
        .array(batch, { minLength: 1, maxLength: 3 })
        .map((batches) => ({ size, userDim, model, settings, ...probes, graphOf, folds, batches }));
    });
}

/** Next to nothing becomes nothing: of nearly equal scores anyone's best are others. */
function withoutTiny({ user, ...request }: RetrievalRequest): RetrievalRequest {
  const plain = (values: Float32Array): Float32Array =>
    values.map((value) => (Math.abs(value) < 1e-3 ? 0 : value));
  if (user.kind === "id") return { user, ...request };
  if (user.kind === "features") {
    return { user: { kind: "features", features: plain(user.features) }, ...request };
  }
  return { user: { kind: "vectors", vectors: plain(user.vectors) }, ...request };
}

/**
 * Whether two answers have the same values. Of the rows only as many: a product is summed in another
 * order, so near ties may change places, and of equal scores at the end of a list any may be kept.
 */
export function alike(one: EngineAnswer, other: EngineAnswer): boolean {
  const near = (value: number, at: number): boolean =>
    Math.abs(value - other.values[at]!) <= 1e-4 * Math.max(1, Math.abs(value));
  return one.values.length === other.values.length && one.values.every(near);
}

/** An answer's rows by value descending, then row ascending. */
export function inOrder({ rows, values }: Pick<EngineAnswer, "rows" | "values">): number[] {
  const positions = [...rows.keys()];
  positions.sort((a, b) => values[b]! - values[a]! || rows[a]! - rows[b]!);
  return positions.map((at) => rows[at]!);
}
