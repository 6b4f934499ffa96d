import { HarnessError } from "../errors.ts";
import type { Users } from "./catalogue.ts";
import { IdMap } from "./id-map.ts";
import { requireFinite, type RetrievalModel } from "./model.ts";
import type { UserRef } from "./request.ts";

/** From who asks to the query vectors, in float64: the first step of the model, for the oracle. */
export class UserQueries {
  readonly #users: Users;
  readonly #rows: IdMap;
  readonly #model: RetrievalModel;

  constructor(users: Users, model: RetrievalModel) {
    this.#users = users;
    this.#rows = new IdMap(users.ids);
    this.#model = model;
  }

  /**
   * The query vectors of a user: [heads x dim], head after head.
   *
   * @throws HarnessError BAD_INPUT on an unknown id, a wrong length, a number that is not finite,
   *   or query vectors where an OverArch needs the user's features.
   */
  of(user: UserRef): Float64Array {
    const { heads, dim, overArch } = this.#model;
    if (user.kind !== "vectors") return this.#model.queryVectors(this.#featuresOf(user));
    if (overArch !== null) throw vectorsWithOverArch();
    requireFinite("query vectors", user.vectors, heads * dim);
    return Float64Array.from(user.vectors);
  }

  /**
   * A user's features: [userDim], as an OverArch reads them.
   *
   * @throws HarnessError BAD_INPUT on an unknown id, a wrong length, a number that is not finite,
   *   or query vectors.
   */
  features(user: UserRef): Float64Array {
    if (user.kind === "vectors") throw vectorsWithOverArch();
    const features = this.#featuresOf(user);
    requireFinite("user features", features, this.#model.userDim);
    return Float64Array.from(features);
  }

  #featuresOf(user: Exclude<UserRef, { kind: "vectors" }>): Float32Array {
    if (user.kind === "features") return user.features;
    const row = this.#rows.rowOf(user.id);
    if (row < 0) {
      throw new HarnessError("BAD_INPUT", `user ${user.id} is not among the dataset's users`, {
        where: "user id",
      });
    }
    const { features, dim } = this.#users;
    return features.subarray(row * dim, (row + 1) * dim);
  }
}

/** What is wrong with ready query vectors where a model has an OverArch. */
export function vectorsWithOverArch(): HarnessError {
  return new HarnessError(
    "BAD_INPUT",
    "query_vectors cannot be used with an OverArch; send user_id or user_features",
    { where: "query_vectors" },
  );
}
