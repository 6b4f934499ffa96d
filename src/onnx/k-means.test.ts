import { expect, test } from "vitest";
import { Random } from "../math/random.ts";
import { kMeans } from "./k-means.ts";

const quiet = { threads: 1, onProgress: (): void => {} };

/** Points around some centres, the same number around each. */
function clouds(centres: number, each: number, spread: number): Float32Array {
  const random = new Random(11);
  const dim = 8;
  const middle = Float32Array.from({ length: centres * dim }, () => 10 * random.gaussian());
  return Float32Array.from({ length: centres * each * dim }, (_, at) => {
    const centre = Math.floor(at / dim / each);
    return middle[centre * dim + (at % dim)]! + spread * random.gaussian();
  });
}

test("points of far clouds end up together, and the centroids in the middle of them", async () => {
  const values = clouds(20, 50, 0.1);
  const points = { count: 1000, dim: 8, values };
  const { centroids, assignment } = await kMeans({
    points,
    clusters: 20,
    capacity: 57,
    random: new Random(1),
    ...quiet,
  });
  let together = 0;
  for (let cloud = 0; cloud < 20; cloud++) {
    const counts = new Map<number, number>();
    for (const cluster of assignment.subarray(cloud * 50, (cloud + 1) * 50)) {
      counts.set(cluster, (counts.get(cluster) ?? 0) + 1);
    }
    together += Math.max(...counts.values());
  }
  // Where a centroid began between two clouds it may have stayed there.
  expect(together / 1000).toBeGreaterThan(0.85);
  const first = assignment[0]!;
  const members = [...assignment.keys()].filter((point) => assignment[point] === first);
  const mean = members.reduce((sum, point) => sum + values[point * 8]!, 0) / members.length;
  expect(centroids.values[first * 8]).toBeCloseTo(mean, 4);
});

test("tells how far it is, within each pass too", async () => {
  const told: number[] = [];
  await kMeans({
    points: { count: 20_000, dim: 8, values: clouds(20, 1000, 1) },
    clusters: 4,
    capacity: 5_500,
    random: new Random(1),
    threads: 1,
    onProgress: (fraction) => told.push(fraction),
  });
  // Passes over 160 points and four chunks of all of them at the least.
  expect(told.length).toBeGreaterThan(11);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told[0]).toBeGreaterThan(0);
  expect(told.at(-1)).toBeCloseTo(1);
  expect(Math.max(...told)).toBeLessThanOrEqual(1);
});

test("no cluster grows beyond its capacity, however the points lie", async () => {
  const random = new Random(3);
  // Half of all points in one place: the natural cluster there is ten times too large.
  const values = Float32Array.from({ length: 640 * 4 }, (_, at) =>
    at < 320 * 4 ? 5 + 0.001 * random.gaussian() : random.gaussian(),
  );
  const { assignment } = await kMeans({
    points: { count: 640, dim: 4, values },
    clusters: 20,
    capacity: 32,
    random: new Random(1),
    ...quiet,
  });
  const counts = new Uint32Array(20);
  for (const cluster of assignment) counts[cluster]!++;
  expect([...counts]).toEqual(Array.from({ length: 20 }, () => 32));
});

test("equal points, and as many clusters as points, are no trouble", async () => {
  const { assignment } = await kMeans({
    points: { count: 6, dim: 2, values: new Float32Array(12) },
    clusters: 6,
    capacity: 1,
    random: new Random(1),
    ...quiet,
  });
  expect(Array.from(assignment.toSorted())).toEqual([0, 1, 2, 3, 4, 5]);
});

test("points may lie in memory that threads share", async () => {
  const values = new Float32Array(new SharedArrayBuffer(4 * 8 * 100));
  values.set(clouds(2, 50, 0.1));
  const points = { count: 100, dim: 8, values };
  const run = kMeans({ points, clusters: 2, capacity: 57, random: new Random(1), ...quiet });
  expect((await run).assignment.length).toBe(100);
});

test("the same seed gives the same clusters", async () => {
  const points = { count: 400, dim: 8, values: clouds(8, 50, 3) };
  const run = (seed: number): Promise<Uint32Array> =>
    kMeans({ points, clusters: 8, capacity: 60, random: new Random(seed), ...quiet }).then(
      ({ assignment }) => assignment,
    );
  expect(await run(5)).toEqual(await run(5));
});
