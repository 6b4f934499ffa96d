import { halfSquares, type NearestCentroids, type Points, pointsAt } from "./nearest-centroids.ts";

/** Centroids that a point may go to before it has to look for room elsewhere. */
const CHOICES = 8;
/** Points placed between two signs of life. */
const STEP_POINTS = 1 << 16;

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
    /** Told of products as they are made, points times centroids; of none while points are placed. */
    readonly onCompared?: (products: number) => void;
  },
): Promise<Uint32Array> {
  const assignment = new Uint32Array(points.count);
  const room = new Uint32Array(centroids.count).fill(capacity);
  let waiting = numbered(points.count);
  let open = numbered(centroids.count);
  while (waiting.length > 0) {
    const matching = new Matching(open.length, (at) => room[open[at]!]!);
    const choices = await choose(
      nearest,
      { points, waiting, centroids: pointsAt(centroids, open) },
      onCompared,
    );
    const left = matching.run(choices, () => onCompared(0));
    for (const [at, { members }] of matching.places.entries()) {
      const centroid = open[at]!;
      room[centroid]! -= members.length;
      for (const member of members) assignment[waiting[member]!] = centroid;
    }
    const all = waiting;
    waiting = Uint32Array.from(left, (at) => all[at]!);
    open = numbered(centroids.count).filter((centroid) => room[centroid]! > 0);
  }
  return assignment;
}

const numbered = (count: number): Uint32Array => new Uint32Array(count).map((_, at) => at);

/** What each point prefers, nearest first, and how near: minus half the squared distance. */
interface Choices {
  readonly count: number;
  readonly width: number;
  readonly centroids: Int32Array;
  readonly closeness: Float32Array;
}

async function choose(
  nearest: NearestCentroids,
  {
    points,
    waiting,
    centroids,
  }: { readonly points: Points; readonly waiting: Uint32Array; readonly centroids: Points },
  onCompared: (products: number) => void,
): Promise<Choices> {
  const count = waiting.length;
  const width = Math.min(CHOICES, centroids.count);
  const chosen = new Int32Array(count * width);
  const closeness = new Float32Array(count * width);
  const rows = count === points.count ? undefined : waiting;
  for await (const found of nearest.of(points, centroids, width, rows)) {
    const { from, chunk } = found;
    chosen.set(found.centroids, from * width);
    onCompared(chunk.count * centroids.count);
    const halves = halfSquares(chunk);
    for (let at = 0; at < found.closeness.length; at++) {
      closeness[from * width + at] = found.closeness[at]! - halves[Math.floor(at / width)]!;
    }
  }
  return { count, width, centroids: chosen, closeness };
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
  run({ count, width, centroids, closeness }: Choices, onStep: () => void): number[] {
    const left: number[] = [];
    const next = new Uint8Array(count);
    for (let first = 0; first < count; first++) {
      if (first % STEP_POINTS === 0) onStep();
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
