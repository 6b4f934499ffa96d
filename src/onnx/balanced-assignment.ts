import { halfSquares, type NearestCentroids, type Points } from "./nearest-centroids.ts";

/** Centroids that a point may go to before it has to look for room elsewhere. */
const CHOICES = 8;

/**
 * Gives each point a centroid, none more than `capacity` of them: each point asks for its nearest
 * centroid, a full one keeps the points that are nearest to it, and those sent away ask for their
 * next (deferred acceptance; Gale and Shapley, "College Admissions and the Stability of Marriage",
 * 1962). Points that are sent away by all their choices choose again among the centroids that have
 * room left.
 *
 * @param capacity times the centroids' count at least the points' count.
 * @returns uint32 [points]
 */
export async function assignBalanced(
  nearest: NearestCentroids,
  {
    points,
    centroids,
    capacity,
    onCompared = () => {},
  }: {
    readonly points: Points;
    readonly centroids: Points;
    readonly capacity: number;
    /** Told of products as they are made: points times centroids. */
    readonly onCompared?: (products: number) => void;
  },
): Promise<Uint32Array> {
  const assignment = new Uint32Array(points.count);
  let waiting: Subset = whole(points);
  let open: Subset = whole(centroids);
  const room = new Uint32Array(centroids.count).fill(capacity);
  while (waiting.points.count > 0) {
    const matching = new Matching(open.points.count, (at) => room[open.origin(at)]!);
    const choices = await choose(nearest, waiting.points, open.points, onCompared);
    const left = matching.run(choices);
    for (const [at, { members }] of matching.places.entries()) {
      const centroid = open.origin(at);
      room[centroid]! -= members.length;
      for (const member of members) assignment[waiting.origin(member)] = centroid;
    }
    waiting = subset(
      points,
      left.map((at) => waiting.origin(at)),
    );
    open = subset(
      centroids,
      [...room.keys()].filter((centroid) => room[centroid]! > 0),
    );
  }
  return assignment;
}

/** Some of the points, and which of all they are. */
interface Subset {
  readonly points: Points;
  readonly origin: (at: number) => number;
}

const whole = (points: Points): Subset => ({ points, origin: (at) => at });

function subset({ dim, values }: Points, origins: readonly number[]): Subset {
  const picked = new Float32Array(origins.length * dim);
  for (const [at, origin] of origins.entries()) {
    picked.set(values.subarray(origin * dim, (origin + 1) * dim), at * dim);
  }
  return {
    points: { count: origins.length, dim, values: picked },
    origin: (at) => origins[at]!,
  };
}

/** What each point prefers, nearest first, and how near: minus half the squared distance. */
interface Choices {
  readonly count: number;
  readonly width: number;
  readonly centroids: Int32Array;
  readonly closeness: Float32Array;
}

async function choose(
  nearest: NearestCentroids,
  points: Points,
  centroids: Points,
  onCompared: (products: number) => void,
): Promise<Choices> {
  const width = Math.min(CHOICES, centroids.count);
  const chosen = new Int32Array(points.count * width);
  const closeness = new Float32Array(points.count * width);
  const halves = halfSquares(points);
  for await (const chunk of nearest.of(points, centroids, width)) {
    chosen.set(chunk.centroids, chunk.from * width);
    onCompared((chunk.centroids.length / width) * centroids.count);
    for (const [at, value] of chunk.closeness.entries()) {
      closeness[chunk.from * width + at] = value - halves[chunk.from + Math.floor(at / width)]!;
    }
  }
  return { count: points.count, width, centroids: chosen, closeness };
}

/** The points a centroid holds for now, as a heap: the farthest one on top. */
class Place {
  readonly members: number[] = [];
  readonly #closeness: number[] = [];
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  /** Takes a point in. @returns the one that is sent away for it, or -1. */
  offer(point: number, closeness: number): number {
    if (this.members.length < this.#room) {
      this.members.push(point);
      this.#closeness.push(closeness);
      this.#rise(this.members.length - 1);
      return -1;
    }
    if (this.#room === 0 || closeness <= this.#closeness[0]!) return point;
    const away = this.members[0]!;
    this.members[0] = point;
    this.#closeness[0] = closeness;
    this.#sink();
    return away;
  }

  #rise(start: number): void {
    for (let at = start; at > 0;) {
      const parent = (at - 1) >> 1;
      if (this.#closeness[parent]! <= this.#closeness[at]!) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    for (let at = 0; ;) {
      let farthest = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.members.length && this.#closeness[child]! < this.#closeness[farthest]!) {
          farthest = child;
        }
      }
      if (farthest === at) return;
      this.#swap(at, farthest);
      at = farthest;
    }
  }

  #swap(a: number, b: number): void {
    [this.members[a], this.members[b]] = [this.members[b]!, this.members[a]!];
    [this.#closeness[a], this.#closeness[b]] = [this.#closeness[b]!, this.#closeness[a]!];
  }
}

class Matching {
  readonly places: readonly Place[];

  constructor(places: number, roomOf: (place: number) => number) {
    this.places = Array.from({ length: places }, (_, at) => new Place(roomOf(at)));
  }

  /** @returns the points that none of their choices kept. */
  run({ count, width, centroids, closeness }: Choices): number[] {
    const left: number[] = [];
    const next = new Uint8Array(count);
    for (let first = 0; first < count; first++) {
      for (let asking = first; asking >= 0;) {
        if (next[asking] === width) {
          left.push(asking);
          break;
        }
        const at = asking * width + next[asking]!++;
        asking = this.places[centroids[at]!]!.offer(asking, closeness[at]!);
      }
    }
    return left;
  }
}
