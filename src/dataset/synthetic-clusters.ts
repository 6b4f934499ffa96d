import { Zipf, type Random } from "../math/random.ts";
import { TOPICS } from "./synthetic-vocabulary.ts";

/** How far a cluster's centre lies from its topic's, as a share of the topic's length. */
const TOPIC_SPREAD = 1;

/** Two levels of unit-length centres: each cluster belongs to a topic, popular topics have more. */
export class ClusterTree {
  readonly clusters: number;
  readonly dim: number;
  /** [clusters] position in `TOPICS`. */
  readonly topicOf: Uint32Array;
  readonly #centres: Float32Array;

  constructor(
    { clusters, dim }: { readonly clusters: number; readonly dim: number },
    random: Random,
  ) {
    this.clusters = clusters;
    this.dim = dim;
    const topicRandom = random.fork("topics");
    const topics = Array.from(TOPICS, () => unitVector(dim, () => 0, 1, topicRandom));
    const popular = new Zipf(TOPICS.length, 0.5);
    this.topicOf = Uint32Array.from({ length: clusters }, () => popular.sample(random));
    this.#centres = new Float32Array(clusters * dim);
    for (const [cluster, topic] of this.topicOf.entries()) {
      const around = topics[topic]!;
      const sigma = TOPIC_SPREAD / Math.sqrt(dim);
      this.#centres.set(
        unitVector(dim, (at) => around[at]!, sigma, random),
        cluster * dim,
      );
    }
  }

  /** float32 [dim], unit-length; a view. */
  centre(cluster: number): Float32Array {
    return this.#centres.subarray(cluster * this.dim, (cluster + 1) * this.dim);
  }
}

function unitVector(
  dim: number,
  mean: (at: number) => number,
  sigma: number,
  random: Random,
): Float64Array {
  const vector = Float64Array.from(
    { length: dim },
    (_, at) => mean(at) + sigma * random.gaussian(),
  );
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
