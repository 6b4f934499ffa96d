const THREADS = 64;

/** What stands for a user in a batch: two words a request, what it is and where it is. */
export const USER_KINDS = { row: 0, features: 1, vectors: 2 } as const;

/**
 * The features of who asks: of known users from their table, or as they came with the request;
 * zeros where query vectors came instead. Moves userDim floats a request.
 *
 * A table beyond one binding lies in chunks, and takes a dispatch each: all but the first leave
 * alone who is not in their chunk.
 *
 * Bindings: 0 users u32 [requests, 2] (`USER_KINDS`; row of the table, or first float in `given`),
 * 1 chunk u32 [first row, rows], 2 table f32 [rows, userDim], 3 given f32,
 * 4 features f32 [requests, userDim]. Workgroups: (requests).
 */
export function userFeaturesKernel(userDim: number): string {
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> users: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> chunk: array<u32>;
@group(0) @binding(2) var<storage, read> known: array<f32>;
@group(0) @binding(3) var<storage, read> given: array<f32>;
@group(0) @binding(4) var<storage, read_write> features: array<f32>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let user = users[group.x];
  let isKnown = user.x == ${USER_KINDS.row}u;
  let isHere = isKnown && user.y >= chunk[0] && user.y - chunk[0] < chunk[1];
  if (!isHere && (isKnown || chunk[0] > 0u)) { return; }
  for (var i = thread; i < ${userDim}u; i += ${THREADS}u) {
    var feature = 0.0;
    if (isHere) { feature = known[(user.y - chunk[0]) * ${userDim}u + i]; }
    if (user.x == ${USER_KINDS.features}u) { feature = given[user.y + i]; }
    features[group.x * ${userDim}u + i] = feature;
  }
}
`;
}

export interface GivenVectorsShape {
  /** heads x dim */
  readonly queryDim: number;
  /** Whether the features are the query vector, for there is no tower. */
  readonly identity: boolean;
}

/**
 * The query vectors of requests that bring their own; and, without a tower, the features as such.
 *
 * Bindings: 0 users u32 [requests, 2], 1 given f32, 2 features f32, 3 queries f32 [requests, queryDim].
 * Workgroups: (requests).
 */
export function givenVectorsKernel({ queryDim, identity }: GivenVectorsShape): string {
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> users: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> given: array<f32>;
@group(0) @binding(2) var<storage, read> features: array<f32>;
@group(0) @binding(3) var<storage, read_write> queries: array<f32>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let user = users[group.x];
  for (var i = thread; i < ${queryDim}u; i += ${THREADS}u) {
    let at = group.x * ${queryDim}u + i;
    if (user.x == ${USER_KINDS.vectors}u) {
      queries[at] = given[user.y + i];
    } else if (${identity}) {
      queries[at] = features[at];
    }
  }
}
`;
}
