import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { createModel } from "../../src/retrieval/model.ts";
import { overArchScorer } from "../../src/retrieval/over-arch/over-arch-scorer.ts";
import { OverArchEngine } from "./over-arch-engine.ts";
import { writeOverArch } from "./over-arch-files.ts";

const [userDim, dim, denseDim, heads, users, candidates] = [6, 5, 3, 2, 3, 7];
const specs: Readonly<Record<string, Partial<ModelSpec>>> = {
  "mol, one task": { overarch: "mol", tasks: ["click"] },
  "mol, three tasks": { overarch: "mol", tasks: ["click", "buy", "share"] },
  mlp: { overarch: "mlp", tasks: ["click", "buy"], mlp: { hidden: [9, 4] } },
};

describe.each(Object.keys(specs))("an OverArch, %s", (name) => {
  const spec: ModelSpec = {
    heads,
    candidates: 10,
    tower: { kind: "mlp", hidden: [4] },
    overarch: "none",
    value: "click",
    seed: 5,
    mol: { userGroups: 4, itemGroups: 2, dim: 3, gateHidden: 8, temperature: 0.2 },
    ...specs[name],
  };
  const overArch = createModel(spec, { userDim, dim, denseDim }).overArch!;
  let folder: string;
  let engine: OverArchEngine;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "silverbench-overarch-"));
    await writeOverArch(folder, overArch, dim);
    engine = await OverArchEngine.open({
      folder,
      overArch,
      dim,
      threads: 1,
      onDied: () => {},
    });
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it("gives the logits that the domain's scorer gives in float64", async () => {
    const random = new Random(8);
    const gaussian = (length: number): Float32Array =>
      Float32Array.from({ length }, () => random.gaussian());
    const features = gaussian(users * userDim);
    const vectors = gaussian(users * heads * dim);
    const items = gaussian(users * candidates * (dim + denseDim));
    const expected = expectedLogits({ features, vectors, items });

    const sides = await engine.itemSides(items.slice());
    expect(sides.map(({ length }) => length / (users * candidates))).toEqual(
      engine.parts.map(({ width }) => width),
    );
    const logits = await engine.logits({ users, candidates, features, vectors, sides });
    expect(logits).toHaveLength(expected.length);
    for (const [at, logit] of logits.entries()) expect(logit).toBeCloseTo(expected[at]!, 4);
  });

  /** [tasks, users, candidates] */
  function expectedLogits(input: Record<"features" | "vectors" | "items", Float32Array>): number[] {
    const scorer = overArchScorer(overArch);
    const { tasks, itemDim } = overArch;
    const logits: number[] = Array.from({ length: tasks * users * candidates });
    const side = new Float64Array(scorer.itemWidth);
    const out = new Float64Array(tasks);
    for (let user = 0; user < users; user++) {
      const own = input.features.subarray(user * userDim, (user + 1) * userDim);
      const userSide = scorer.userSide(Float64Array.from(own));
      for (let c = 0; c < candidates; c++) {
        const place = user * candidates + c;
        const item = input.items.subarray(place * itemDim, (place + 1) * itemDim);
        scorer.itemSide(Float64Array.from(item), side);
        const products = Float64Array.from({ length: heads }, (_, head) => {
          const at = (user * heads + head) * dim;
          const vector = input.vectors.subarray(at, at + dim);
          return vector.reduce((sum, value, j) => sum + value * item[j]!, 0);
        });
        scorer.logits(userSide, side, products, out);
        for (let task = 0; task < tasks; task++) {
          logits[task * users * candidates + place] = out[task]!;
        }
      }
    }
    return logits;
  }
});
