import { expect, it } from "vitest";
import { categorical } from "../../src/retrieval/catalogue-fixture.ts";
import { FilterStore } from "../filter/filter-store.ts";
import { InvertedIndex } from "../filter/inverted-index.ts";
import { RowBitmap } from "../filter/row-bitmap.ts";
import { ChangeFeed } from "../live/change-feed.ts";
import { ConsistentView } from "./consistent-view.ts";

const columns = [categorical("lang", ["en"], [])];
const postings = [RowBitmap.of(Uint32Array.of(0))];
const deleted = [{ row: 0, item: null }];

/** A feed that a filter service follows, at version 2. */
async function feedAtTwo(holdSeconds = {}): Promise<ChangeFeed> {
  const index = new InvertedIndex(2, [{ kind: "categorical", postings }]);
  const { followers } = new FilterStore({ columns, index, cache: 0 });
  const feed = new ChangeFeed({ stages: [followers], holdSeconds });
  await feed.publish(deleted);
  await feed.publish(deleted);
  return feed;
}

const soon = () => ({ deadlineMs: performance.now() + 60 });

it("asks until both answer from one version, no older than all had when the request came", async () => {
  const feed = await feedAtTwo();
  const view = new ConsistentView({ feed, partialAfterMs: null }, { deadlineMs: Infinity });
  expect(await view.mustAskAgain({ filter: 1, index: 1 })).toBe(true);
  expect(await view.mustAskAgain({ filter: 2, index: 3 })).toBe(true);
  expect(await view.mustAskAgain({ filter: null, index: NaN })).toBe(true);
  expect(await view.mustAskAgain({ filter: 3, index: 3 })).toBe(false);
  expect(await view.mustAskAgain({ filter: 2, index: null })).toBe(false);
  expect(view.isMixed).toBe(false);
  feed.close();
});

it("is an error in time where they do not, or an answer that is marked where that is allowed", async () => {
  const feed = await feedAtTwo();
  const versions = { filter: 0, index: 2 };
  const strict = new ConsistentView({ feed, partialAfterMs: null }, soon());
  const asking = (async () => {
    while (await strict.mustAskAgain(versions));
  })();
  await expect(asking).rejects.toMatchObject({
    code: "UNAVAILABLE",
    where: "version",
    message: expect.stringContaining("the filter service has 0, the index service has 2"),
  });
  const lenient = new ConsistentView({ feed, partialAfterMs: 20 }, { deadlineMs: Infinity });
  while (await lenient.mustAskAgain(versions));
  expect(lenient.isMixed).toBe(true);
  feed.close();
});

it("lets a service differ that is held behind on purpose", async () => {
  const feed = await feedAtTwo({ filter: 0.001 });
  const view = new ConsistentView({ feed, partialAfterMs: null }, soon());
  expect(await view.mustAskAgain({ filter: 0, index: 2 })).toBe(false);
  feed.close();
});
