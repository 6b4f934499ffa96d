/** Entries of a bin that are compared with each other; with more of them all is sorted. */
const CROWD = 64;

/**
 * WGSL `order_held(list, found, thread) -> bool`: puts what is held in order, by key descending, then
 * id ascending. Returns whether ids stand beside the keys now; otherwise numbers of entries still do.
 * An id is a read of its own, somewhere, so of many entries they are looked up only of equal ones.
 * Second half of select-best.ts.
 *
 * Entries are counted in bins of equal width, put side by side bin by bin, and within a bin each
 * finds its place by comparing itself with the few others: about 5 passes over what is held, where
 * sorting 2,048 takes 66. Where a bin holds many, because scores are equal or lie far apart, all are
 * sorted after all (bitonic).
 */
export function orderText({
  threads,
  capacity,
  bins,
}: {
  readonly threads: number;
  readonly capacity: number;
  readonly bins: number;
}): string {
  const each = Math.ceil(capacity / threads);
  const ofEach = (body: string): string =>
    `for (var i = 0u; i < ${each}u; i++) {
    let n = i * ${threads}u + thread;
    if (n < found) { ${body} }
  }`;
  const holdById = "own[i].y = entry_id(list, own[i].y); hold(n, own[i]);";
  return /* wgsl */ `
fn comes_before(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}

/** How many of the entries held from "begin" to "end" come before one. */
fn ahead_of(entry: vec2<u32>, begin: u32, end: u32) -> u32 {
  var ahead = 0u;
  for (var n = begin; n < end; n++) {
    if (comes_before(held_entry(n), entry)) { ahead++; }
  }
  return ahead;
}

/** Likewise, of entries that have numbers in place of ids. */
fn numbered_ahead_of(list: u32, entry: vec2<u32>, begin: u32, end: u32) -> u32 {
  var ahead = 0u;
  for (var n = begin; n < end; n++) {
    let other = held_entry(n);
    if (other.x > entry.x) {
      ahead++;
    } else if (other.x == entry.x && other.y != entry.y) {
      if (entry_id(list, other.y) < entry_id(list, entry.y)) { ahead++; }
    }
  }
  return ahead;
}

fn order_held(list: u32, found: u32, thread: u32) -> bool {
  var own = array<vec2<u32>, ${each}>();
  // Of each own entry its bin, and where it stands in it or in all.
  var bin = array<u32, ${each}>();
  var place = array<u32, ${each}>();
  var highest = NONE;
  var lowest = 0xffffffffu;
  ${ofEach(/* wgsl */ `
      own[i] = held_entry(n);
      highest = max(highest, own[i].x);
      lowest = min(lowest, own[i].x);`)}
  barrier();
  let is_few = found <= ${CROWD}u;
  if (is_few) {
    ${ofEach(holdById)}
    barrier();
    ${ofEach("place[i] = ahead_of(own[i], 0u, found);")}
  } else {
    let ends = extremes_of(thread, highest, lowest);
    let top = score_of(ends.x);
    let scale = bins_each(top, score_of(ends.y));
    clear_bins(thread);
    ${ofEach(/* wgsl */ `
      bin[i] = bin_of(score_of(own[i].x), top, scale);
      place[i] = atomicAdd(&bins[bin[i]], 1u);`)}
    if (count_to_start(thread) > ${CROWD}u) {
      ${ofEach(holdById)}
      sort_held(found, thread);
      return true;
    }
    ${ofEach("hold(atomicLoad(&bins[bin[i]]) + place[i], own[i]);")}
    barrier();
    ${ofEach(/* wgsl */ `
      let begin = atomicLoad(&bins[bin[i]]);
      var end = found;
      if (bin[i] < ${bins - 1}u) { end = atomicLoad(&bins[bin[i] + 1u]); }
      place[i] = begin + numbered_ahead_of(list, own[i], begin, end);`)}
  }
  barrier();
  ${ofEach("hold(place[i], own[i]);")}
  barrier();
  return is_few;
}

/** From how many stand in each bin to where it begins. Returns more than ${CROWD} if a bin is crowded. */
fn count_to_start(thread: u32) -> u32 {
  workgroupBarrier();
  if (thread == 0u) { atomicStore(&high_end, 0u); }
  let first = thread * ${Math.ceil(bins / threads)}u;
  let end = min(first + ${Math.ceil(bins / threads)}u, ${bins}u);
  var own = 0u;
  var most = 0u;
  for (var b = first; b < end; b++) {
    let here = atomicLoad(&bins[b]);
    own += here;
    most = max(most, here);
  }
  var start = sum_before(own, thread);
  for (var b = first; b < end; b++) { start += atomicExchange(&bins[b], start); }
  if (most > ${CROWD}u) { atomicMax(&high_end, most); }
  workgroupBarrier();
  if (thread == 0u) { both_ends.x = atomicLoad(&high_end); }
  return workgroupUniformLoad(&both_ends).x;
}

/** Bitonic, over a power of two. */
fn sort_held(count: u32, thread: u32) {
  var size = 2u;
  while (size < count) { size <<= 1u; }
  for (var n = count + thread; n < size; n += ${threads}u) { hold(n, vec2<u32>(NONE, 0xffffffffu)); }
  for (var block = 2u; block <= size; block <<= 1u) {
    for (var reach = block >> 1u; reach > 0u; reach >>= 1u) {
      barrier();
      for (var n = thread; n < size / 2u; n += ${threads}u) {
        let a = 2u * n - (n & (reach - 1u));
        let b = a + reach;
        let x = held_entry(a);
        let y = held_entry(b);
        let in_order = x.x > y.x || (x.x == y.x && x.y <= y.y);
        if (in_order != ((a & block) == 0u)) {
          hold(a, y);
          hold(b, x);
        }
      }
    }
  }
  barrier();
}
`;
}
