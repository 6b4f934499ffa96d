import { ofChunk } from "./candidate-values.ts";
import { numbersOfLoad, quadsOfLoad } from "./item-record.ts";
import { unrolled } from "./loops.ts";
import { isUnrolled, type MolValuesShape, STAGED } from "./mol-shape.ts";
import { componentQuads } from "./user-components.ts";

/** WGSL that fills delta: the products of the user's components with the candidates'. */
export function deltas(shape: MolValuesShape): string {
  const { userGroups, dim, components } = shape;
  const { threads } = shape.tiling;
  const quads = componentQuads(dim);
  const perLoad = numbersOfLoad(components.precision) / 4;
  // Whole loads of an item.
  const stretch = Math.floor(STAGED / userGroups / perLoad) * perLoad;
  return /* wgsl */ `
  for (var start = 0u; start < ${quads}u; start += ${stretch}u) {
    let count = min(${stretch}u, ${quads}u - start);
    workgroupBarrier();
    for (var i = thread; i < ${stretch * userGroups}u; i += ${threads}u) {
      var part = vec4<f32>(0.0);
      if (i < count * ${userGroups}u) {
        part = user_sides[user + start * ${userGroups}u + i];
      }
      staged[i] = part;
    }
    workgroupBarrier();
    for (var here = 0u; here < count; here += ${perLoad}u) {
      let load = (start + here) / ${perLoad}u;
      let users = here * ${userGroups}u;
      ${isUnrolled(shape) ? unrolledProducts(shape) : loopedProducts(shape)}
    }
  }`;
}

const itemAt = ({ components }: MolValuesShape, c: number, group: string): string =>
  `record${c} + ${components.at / 4}u + load * ${components.groups}u + ${group}`;

function unrolledProducts(shape: MolValuesShape): string {
  const { userGroups, itemGroups, components } = shape;
  const { perThread } = shape.tiling;
  const ofItems = (body: (j: number, c: number) => string): string =>
    unrolled(itemGroups, (j) => unrolled(perThread, (c) => body(j, c)));
  const items = `${ofItems((j, c) => `var item${j}_${c}: vec4<u32>;`)}
    ${ofChunk(shape.records, (buffer) =>
      ofItems((j, c) => `item${j}_${c} = ${buffer}[${itemAt(shape, c, `${j}u`)}];`),
    )}`;
  const perLoad = numbersOfLoad(components.precision) / 4;
  const products = unrolled(perLoad, (quad) => {
    const users = unrolled(
      userGroups,
      (i) => `let user${i} = staged[users + ${quad * userGroups + i}u];`,
    );
    const sums = unrolled(itemGroups, (j) =>
      unrolled(perThread, (c) => {
        const part = `part${j}_${c}`;
        const loaded = quadsOfLoad(components.precision, `item${j}_${c}`)[quad]!;
        const pairs = unrolled(userGroups, (i) => {
          const pair = j * userGroups + i;
          return `delta${c}[${pair >> 2}].${"xyzw"[pair & 3]!} += dot(user${i}, ${part});`;
        });
        return `let ${part} = ${loaded};\n${pairs}`;
      }),
    );
    return `{\n${users}\n${sums}\n}`;
  });
  return `${items}\n${products}`;
}

function loopedProducts(shape: MolValuesShape): string {
  const { userGroups, itemGroups, components } = shape;
  const { perThread } = shape.tiling;
  const products = unrolled(perThread, (c) =>
    quadsOfLoad(components.precision, `item${c}`)
      .map(
        (loaded, quad) => `{
          let part = ${loaded};
          for (var i = 0u; i < ${userGroups}u; i++) {
            let pair = j * ${userGroups}u + i;
            delta${c}[pair >> 2u][pair & 3u] += dot(staged[users + ${quad * userGroups}u + i], part);
          }
        }`,
      )
      .join("\n"),
  );
  return `for (var j = 0u; j < ${itemGroups}u; j++) {
    ${unrolled(perThread, (c) => `let item${c} = record_quad(${itemAt(shape, c, "j")});`)}
    ${products}
  }`;
}
