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
   * @throws HarnessError BAD_INPUT on an unknown id, a wrong length or a number that is not finite.
   */
  of(user: UserRef): Float64Array {
    const { heads, dim } = this.#model;
    switch (user.kind) {
      case "vectors":
        requireFinite("query vectors", user.vectors, heads * dim);
        return Float64Array.from(user.vectors);
      case "features":
        return this.#model.queryVectors(user.features);
      case "id": {
        const row = this.#rows.rowOf(user.id);
        if (row < 0) {
          throw new HarnessError("BAD_INPUT", `user ${user.id} is not among the dataset's users`, {
            where: "user id",
          });
        }
        const { features, dim: userDim } = this.#users;
        return this.#model.queryVectors(features.subarray(row * userDim, (row + 1) * userDim));
      }
    }
  }
}
