import type { Value } from "../../src/onnx/graph-builder.ts";
import { type MolOverArch, NORM_FLOOR } from "../../src/retrieval/over-arch/mol.ts";
import type { GraphWriter } from "../graph-writer.ts";
import { inputsInOrder, outputsInOrder, pairsByItem } from "./pair-order.ts";

// A mixture of logits (src/retrieval/over-arch/mol.ts has the formulas) in two graphs: what an item
// alone determines, and the rest.

/** x [items, itemDim] -> components [items, P_x d'], gates [items, T P]. */
export async function writeMolItems(writer: GraphWriter, mol: MolOverArch): Promise<void> {
  const { itemGroups, userGroups, dim, itemDim } = mol;
  const { graph } = writer;
  const order = pairsByItem(userGroups, itemGroups);
  const items = graph.input("items", "float32", ["items", itemDim]);
  const raw = await writer.dense("components", items, [mol.itemComponents]);
  const components = graph.node("Div", unitLengths(writer, graph.reshape(raw, 0, itemGroups, dim)));
  const gates: Value[] = [];
  for (const [task, { item }] of mol.gates.entries()) {
    gates.push(await writer.dense(`gate.${task}`, items, [outputsInOrder(item, order)]));
  }
  const flat = graph.reshape(components, 0, itemGroups * dim);
  graph.output("components", flat, "float32", ["items", itemGroups * dim]);
  const all = graph.node("Concat", gates, { attributes: { axis: 1 } });
  graph.output("gates", all, "float32", ["items", gates.length * order.length]);
}

/**
 * features [B, userDim], components [B, C, P_x d'], gates [B, C, T P] of C candidates a user ->
 * logits [T, B, C].
 */
export async function writeMolLogits(writer: GraphWriter, mol: MolOverArch): Promise<void> {
  const { userGroups, itemGroups, dim, userDim, tasks } = mol;
  const { graph } = writer;
  const order = pairsByItem(userGroups, itemGroups);
  const pairs = order.length;
  const features = graph.input("features", "float32", ["users", userDim]);
  const components = graph.input("components", "float32", ["users", "cands", itemGroups * dim]);
  const gates = graph.input("gates", "float32", ["users", "cands", tasks * pairs]);
  const items = graph.reshape(components, 0, -1, dim);
  const products = graph.node("FusedMatMul", [items, await userComponents(writer, mol, features)], {
    attributes: { transB: 1 },
    domain: "com.microsoft",
  });
  const delta = graph.reshape(products, -1, pairs);
  const byUser = (value: Value): Value =>
    graph.node("Reshape", [value, shapeOf(writer, components, pairs)]);
  const deltas = byUser(delta);
  const ofItem = splitTasks(writer, gates, tasks);
  const logits: Value[] = [];
  for (const [task, { user, cross }] of mol.gates.entries()) {
    const [userFirst, userLast] = user;
    const [crossFirst, crossLast] = cross;
    const ofUser = await writer.dense(`gate.${task}.user`, features, [
      userFirst!,
      outputsInOrder(userLast!, order),
    ]);
    const ofPair = await writer.dense(`gate.${task}.cross`, delta, [
      inputsInOrder(crossFirst!, order),
      outputsInOrder(crossLast!, order),
    ]);
    const ofBoth = graph.node("Add", [byUser(ofPair), ofItem[task]!]);
    const gate = graph.node("Add", [ofBoth, graph.node("Unsqueeze", [ofUser, graph.ints(1)])]);
    const shares = graph.node("Softmax", [gate], { attributes: { axis: -1 } });
    const weighted = graph.node("Mul", [shares, deltas]);
    const logit = graph.node("ReduceSum", [weighted, graph.ints(-1)], {
      attributes: { keepdims: 0 },
    });
    logits.push(graph.node("Unsqueeze", [logit, graph.ints(0)]));
  }
  const all = graph.node("Concat", logits, { attributes: { axis: 0 } });
  graph.output("logits", all, "float32", [tasks, "users", "cands"]);
}

/** [B, P_u, d'], each component of length 1 / temperature. */
async function userComponents(
  writer: GraphWriter,
  mol: MolOverArch,
  features: Value,
): Promise<Value> {
  const { graph } = writer;
  const raw = await writer.dense("user", features, [mol.userComponents]);
  const [components, lengths] = unitLengths(
    writer,
    graph.reshape(raw, 0, mol.userGroups, mol.dim),
  ) as [Value, Value];
  const scaled = graph.node("Mul", [lengths, writer.number(mol.temperature)]);
  return graph.node("Div", [components, scaled]);
}

/** Components, and what each is divided by to have the length 1. */
function unitLengths(writer: GraphWriter, components: Value): Value[] {
  const norms = writer.graph.node("ReduceL2", [components, writer.graph.ints(-1)]);
  return [components, writer.graph.node("Max", [norms, writer.number(NORM_FLOOR)])];
}

/** The first two dimensions of a value, and a third. */
function shapeOf({ graph }: GraphWriter, value: Value, last: number): Value {
  const shape = graph.node("Shape", [value], { attributes: { start: 0, end: 2 } });
  return graph.node("Concat", [shape, graph.ints(last)], { attributes: { axis: 0 } });
}

function splitTasks({ graph }: GraphWriter, gates: Value, tasks: number): Value[] {
  if (tasks === 1) return [gates];
  return graph.nodes("Split", [gates], tasks, { attributes: { axis: -1, num_outputs: tasks } });
}
