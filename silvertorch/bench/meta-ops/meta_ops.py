"""How fast Meta's open CUDA ops search: the bar that `npm run bench:fused -- --beside FILE` is held against.

The project is TypeScript; this file is Python because those ops (github.com/meta-recsys/silvertorch,
Apache-2.0) exist for PyTorch alone. It needs a checkout of them, PyTorch with CUDA, nvcc and ninja:

    python3 silvertorch/bench/meta-ops/meta_ops.py --checkout DIR --json meta.json
    npm run bench:fused -- --batches 1,16,64,256,1024 --beside meta.json

It makes the very codes, scales and centroids of `bench:fused` (fused/synthetic-index.ts), and for the
filters attributes of which a term holds for as many items: 7 terms, of which 0.5% and 10% pass. A
batch goes from pinned host memory (queries in float16 for the probe and in int8 for the scan) through
the centroid product and its top nprobe, their Bloom search, their fused scan and torch.topk, with ids
and scores copied to pinned host memory. Whatever makes them faster is tried and the fastest counts:
the scores' type, Bloom settings, full mask or masks of the probed clusters alone, several batches in
flight (a thread and a CUDA stream each, for their ops wait for the card in between). Their is_topk is
no part of their extension, and sorts whole rows.

What differs, to be told with every figure: their Bloom index is inexact, ours is exact; their queries
come in int8 already and their filters already parsed ("with parsing" says what that adds); their
scores are float16; their answers are not checked for exclusions, ours would be. Their scale of each
item ("scaled") makes a float16 of the dot product before it divides, which overflows on these codes,
so that it fails here: one divisor for all stands in its place.
"""

import argparse
import gc
import hashlib
import json
import math
import os
import platform
import socket
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

began = time.perf_counter()


def say(line):
    print(f"[{time.perf_counter() - began:6.1f} s] {line}", flush=True)


# --- Their ops ---------------------------------------------------------------------------------

PROCESSOR_SOURCES = [
    "bloom_index_util.cpp",
    "bloom_indexer.cpp",
    "bloom_index_search.cpp",
    "expression_query_parser.cpp",
    "fused_kmean_ann.cpp",
]
# Without bloom_indexer_cuda.cu, which CUDA 13's CUB no longer compiles: it only builds an index, and
# their op for processors builds the same.
CARD_SOURCES = [
    "bloom_index_search_cuda.cu",
    "expression_query_parser_cuda.cu",
    "faster_repeat_interleave.cu",
    "fused_kmean_ann_cuda.cu",
]


def load_ops(checkout, build, on_card):
    """Builds their extension with the flags of their setup.py, and registers torch.ops.st."""
    from torch.utils import cpp_extension

    folder = Path(checkout) / "silvertorch" / "ops" / "csrc"
    names = PROCESSOR_SOURCES + (CARD_SOURCES if on_card else [])
    if on_card:
        major, minor = torch.cuda.get_device_capability()
        os.environ["TORCH_CUDA_ARCH_LIST"] = f"{major}.{minor}"
    Path(build).mkdir(parents=True, exist_ok=True)
    say(f"building {len(names)} files of {folder}")
    cpp_extension.load(
        name="meta_ops",
        sources=[str(folder / name) for name in names],
        extra_include_paths=[str(folder)],
        extra_cuda_cflags=["--expt-extended-lambda", "--expt-relaxed-constexpr"],
        build_directory=str(build),
        is_python_module=False,
    )
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update((folder / name).read_bytes())
    say(f"built, sources {digest.hexdigest()[:12]}")
    return digest.hexdigest()[:12]


# --- The catalogue -----------------------------------------------------------------------------

MASK = 0xFFFFFFFF
CODES_SEED, BITMAPS_SEED, CENTROIDS_SEED = 17, 5, 99
OF_CLUSTER, OWN = 171, 85
# Features 1 to 7 have 32 values each, 8 to 14 two: a term holds for 1/32 of the items, or for half.
NARROW_FEATURES, WIDE_FEATURES = range(1, 8), range(8, 15)
FEATURES = len(NARROW_FEATURES) + len(WIDE_FEATURES)
# Documents that share a part of their Bloom index.
BUNDLE = 2048


def mixed(value):
    """`mixed` of kernels/search/synthetic-tables.ts, over int64 that hold 32 bits."""
    h = value ^ (value >> 16)
    h = (h * 0x7FEB352D) & MASK
    h = h ^ (h >> 15)
    h = (h * 0x846CA68B) & MASK
    return h ^ (h >> 16)


def synthetic_word(at, seed):
    return mixed(mixed(at) ^ seed)


class Catalogue:
    """Items around centroids, in clusters of equal size, as fused/synthetic-index.ts makes them."""

    def __init__(self, size, device):
        self.size, self.device = size, device
        clusters, width, dim = size.clusters, size.width, size.dim
        self.items = clusters * width
        whole = torch.arange(clusters * dim, device=device)
        words = synthetic_word(whole, CENTROIDS_SEED)
        self.centroids = (words.double() / 2**31 - 1).float().view(clusters, dim)
        centres = (words >> 24).view(clusters, dim)
        self.codes = torch.empty(self.items, dim, dtype=torch.int8, device=device)
        item_words = 4 * -(-dim // 16)
        shifts = torch.arange(dim, device=device) % 4 * 8
        word_of = torch.arange(dim, device=device) // 4
        together = max(1, min(clusters, 2**24 // (width * dim)))
        for first in range(0, clusters, together):
            last = min(clusters, first + together)
            items = torch.arange(first * width, last * width, device=device)
            at = items[:, None] * item_words + torch.arange(-(-dim // 4), device=device)
            noise = (synthetic_word(at, CODES_SEED)[:, word_of] >> shifts) & 255
            centre = centres[first:last].repeat_interleave(width, 0)
            code = ((centre - 128) * OF_CLUSTER + (noise - 128) * OWN) >> 8
            self.codes[first * width : last * width] = code.to(torch.int8)
        position = torch.arange(self.items, device=device) % 97
        # Their op divides by it.
        self.divisors = (127 / (1 + position.double() / 97)).half()
        self.offsets = torch.arange(clusters + 1, device=device) * width
        self.lengths = torch.full((clusters,), width, dtype=torch.int64, device=device)
        self.values = torch.empty(self.items, FEATURES, dtype=torch.uint8, device=device)
        for feature in range(FEATURES):
            at = torch.arange(self.items, device=device) * FEATURES + feature
            several = feature + 1 in NARROW_FEATURES
            value = synthetic_word(at, BITMAPS_SEED) & (31 if several else 1)
            self.values[:, feature] = value.to(torch.uint8)

    def bloom(self, k, multiplier):
        """Their Bloom index, built in pieces by as many threads as there are cores."""
        ids = torch.arange(1, FEATURES + 1, dtype=torch.int32)
        values = self.values.cpu()
        cores = os.cpu_count() or 1
        piece = -(-self.items // cores // BUNDLE) * BUNDLE

        def build(first):
            part = values[first : first + piece].long().reshape(-1)
            return torch.ops.st.bloom_index_build(
                ids, torch.arange(part.numel() + 1), part, multiplier, k
            )

        with ThreadPoolExecutor(cores) as pool:
            parts = list(pool.map(build, range(0, self.items, piece)))
        offsets, before = [torch.zeros(1, dtype=torch.int64)], 0
        for _, each in parts:
            offsets.append(each[1:] + before)
            before += int(each[-1])
        index = torch.cat([each for each, _ in parts]).to(self.device)
        return index, torch.cat(offsets).to(self.device)

    def passing(self, query_filter, items):
        """Which of these items truly pass."""
        held = [self.values[items, feature - 1] == value for feature, value in query_filter.terms]
        a, b, c, d, e, f, g = held
        if query_filter.narrow:
            return (a | b | c) & (d | e) & ~f & ~g
        return a & b & c & (d | e | (f & g))


class QueryFilter:
    """The filters of fused/bench-filters.ts, over attributes."""

    def __init__(self, narrow, draw):
        self.narrow = narrow
        features = NARROW_FEATURES if narrow else WIDE_FEATURES
        self.terms = [(feature, draw(32 if narrow else 2)) for feature in features]
        a, b, c, d, e, f, g = (f"{feature}:{value}" for feature, value in self.terms)
        self.text = (
            f"({a} OR {b} OR {c}) AND ({d} OR {e}) AND NOT {f} AND NOT {g}"
            if narrow
            else f"{a} AND {b} AND {c} AND ({d} OR {e} OR ({f} AND {g}))"
        )


class Bloom:
    """A Bloom index of the catalogue: hashes a term, and bits a hash."""

    def __init__(self, catalogue, setting):
        hashes, multiplier = setting.split("x")
        self.setting, self.k = setting, int(hashes)
        self.index, self.bundles = catalogue.bloom(self.k, float(multiplier))

    def parsed(self, texts):
        ks = torch.full((len(texts),), self.k, dtype=torch.long)
        _, plans = torch.ops.st.parse_expression_query_batch(texts, ks, self.k, True, 5)
        return plans


# --- A search ----------------------------------------------------------------------------------


class Batch:
    """Requests as they lie in the host's memory."""

    def __init__(self, catalogue, requests, filter_name, probes, seed=1):
        generator = torch.Generator().manual_seed(seed)
        vectors = torch.randn(requests, catalogue.size.dim, generator=generator)
        step = vectors.abs().amax(1, keepdim=True) / 127
        self.requests, self.filter_name, self.probes = requests, filter_name, probes
        self.vectors = pinned(vectors.half(), catalogue)
        self.codes = pinned((vectors / step).round().to(torch.int8), catalogue)

        def draw(count):
            return int(torch.randint(count, (1,), generator=generator))

        self.filters = (
            None
            if filter_name == "none"
            else [QueryFilter(filter_name == "narrow", draw) for _ in range(requests)]
        )
        self.texts = None if self.filters is None else [each.text for each in self.filters]


def pinned(tensor, catalogue):
    return tensor.pin_memory() if catalogue.device.type == "cuda" else tensor


class Variant:
    """A way to call their ops: the scores' type, the masks, the Bloom index, whether it parses."""

    def __init__(self, scores="divisor", mask="none", bloom=None, parses=False):
        self.scores, self.mask, self.bloom, self.parses = scores, mask, bloom, parses

    def __str__(self):
        setting = "" if self.bloom is None else f" bloom {self.bloom.setting}"
        parsing = " with parsing" if self.parses else ""
        return f"{self.mask} mask, {self.scores} scores{setting}{parsing}"


class Searcher:
    """One batch under way: what it needs of its own, on a stream of its own."""

    def __init__(self, catalogue, batch, variant):
        self.catalogue, self.batch, self.variant = catalogue, batch, variant
        k = catalogue.size.k
        kind = torch.int32 if variant.scores == "raw" else torch.float16
        self.scores = pinned(torch.empty(batch.requests, k, dtype=kind), catalogue)
        self.ids = pinned(torch.empty(batch.requests, k, dtype=torch.int32), catalogue)
        self.centroids = catalogue.centroids.half().t().contiguous()
        self.stream = torch.cuda.Stream() if catalogue.device.type == "cuda" else None
        self.plans = None if variant.bloom is None else variant.bloom.parsed(batch.texts)

    def run(self):
        if self.stream is None:
            return self.search()
        with torch.cuda.stream(self.stream):
            clusters = self.search()
            self.stream.synchronize()
        return clusters

    def search(self):
        catalogue, batch, variant = self.catalogue, self.batch, self.variant
        ops = torch.ops.st
        vectors = batch.vectors.to(catalogue.device, non_blocking=True)
        codes = batch.codes.to(catalogue.device, non_blocking=True)
        clusters = torch.topk(vectors @ self.centroids, batch.probes, dim=1, sorted=False).indices
        lengths = catalogue.lengths[clusters]
        width = batch.probes * catalogue.size.width
        divisor = 127 if variant.scores == "divisor" else -1
        scale = catalogue.divisors if variant.scores == "scaled" else None
        search = (catalogue.offsets, clusters, lengths, catalogue.codes, codes, width)
        bloom = variant.bloom
        if bloom is not None:
            texts, k = batch.texts, bloom.k
            plans = bloom.parsed(texts) if variant.parses else self.plans
            with_bloom = (bloom.index, bloom.bundles, *plans)
        if variant.mask == "none":
            scores, ids = ops.fused_kmean_ann(*search, None, -1, divisor, None, scale)
        elif variant.mask == "full":
            mask = ops.bloom_index_search_batch(*with_bloom, k, k, self.stream is None)
            if self.stream is None:
                mask = other_way_round(mask)
            scores, ids = ops.fused_kmean_ann(*search, mask, -1, divisor, None, scale)
        elif variant.mask == "partial":
            starts = catalogue.offsets[clusters]
            masks = ops.bloom_index_search_batch_return_partial_response(
                *with_bloom, starts, lengths, k, k
            )
            # All clusters are equally long, so the number of warps is known: one wait less.
            warps = clusters.numel() * (catalogue.size.width // 32)
            scores, ids = ops.fused_kmean_ann_with_partial_masks(
                *search, *masks, -1, divisor, None, scale, None, None, None, None, warps, 0
            )
        else:
            starts = catalogue.offsets[clusters]
            masks = ops.bloom_index_search_batch_return_partial_response_multiple(
                [bloom.index], [bloom.bundles], *plans, [starts], [lengths], k, k, None, True
            )
            scales = None if scale is None else [scale]
            lists = ([each] for each in search[:4])
            offsets, chosen, lengths, embeddings = lists
            all_scores, all_ids = ops.fused_kmean_ann_with_partial_masks_multiple(
                codes, offsets, chosen, lengths, embeddings, [width], *masks,
                -1, divisor, None, scales, True,
            )  # fmt: skip
            scores, ids = all_scores[0], all_ids[0]
        best = torch.topk(scores, catalogue.size.k, dim=1)
        self.scores.copy_(best.values, non_blocking=True)
        self.ids.copy_(ids.gather(1, best.indices), non_blocking=True)
        return clusters


def other_way_round(mask):
    """Their scan for processors, a reference, reads a word's bits from the other end than on a card."""
    bits = mask.view(mask.shape[0], -1, 64).long()
    return (bits << torch.arange(64)).sum(2)


# --- Whether the answers are right -------------------------------------------------------------


def check(searcher, queries=2):
    """Against an exact computation over the probed clusters. @throws if scores are wrong or items missing."""
    catalogue, batch, variant = searcher.catalogue, searcher.batch, searcher.variant
    size = catalogue.size
    clusters = searcher.run()
    exact_probe = (batch.vectors.float().to(catalogue.device) @ catalogue.centroids.t()).topk(
        batch.probes, dim=1
    )
    found = wanted = strangers = returned = right = same_clusters = 0
    rows = sorted({*range(min(queries, batch.requests)), batch.requests - 1})
    for row in rows:
        same_clusters += len(set(clusters[row].tolist()) & set(exact_probe.indices[row].tolist()))
        within = torch.arange(size.width, device=catalogue.device)
        items = (clusters[row][:, None] * size.width + within).view(-1)
        dots = catalogue.codes[items].float() @ batch.codes[row].to(catalogue.device).float()
        exact = dots.double()
        if variant.scores == "divisor":
            exact = exact / 127
        if variant.scores == "scaled":
            exact = exact / catalogue.divisors[items].double()
        eligible = (
            torch.ones_like(items, dtype=torch.bool)
            if batch.filters is None
            else catalogue.passing(batch.filters[row], items)
        )
        score_of = dict(zip(items.tolist(), exact.tolist()))
        passes = dict(zip(items.tolist(), eligible.tolist()))
        pairs = zip(searcher.ids[row].tolist(), searcher.scores[row].tolist())
        # A place that no item took holds -1.
        got = {item: score for item, score in pairs if item >= 0}
        returned += len(got)
        right += sum(
            math.isfinite(score)
            and abs(score - score_of.get(item, float("inf"))) <= 1e-3 * abs(score) + 0.02
            for item, score in got.items()
        )
        strangers += sum(not passes.get(item, False) for item in got)
        best = sorted((s for i, s in score_of.items() if passes[i]), reverse=True)[: size.k]
        # Scores that float16 cannot tell apart are as good as each other.
        least = best[-1] + 2e-3 * abs(best[-1]) if len(best) == size.k else float("-inf")
        must = {i for i, s in score_of.items() if passes[i] and s > least}
        wanted += len(must)
        found += len(must & set(got))
    if right < returned:
        raise RuntimeError(f"{returned - right} of {returned} scores are wrong")
    least_share = 1.0 if batch.filters is None else 0.9
    if found < least_share * wanted:
        raise RuntimeError(f"only {found} of the {wanted} best items were found")
    return {
        "scoresRight": right,
        "found": found,
        "wanted": wanted,
        "notPassing": strangers,
        "returned": returned,
        "sameClusters": same_clusters / (len(rows) * batch.probes),
    }


# --- Time --------------------------------------------------------------------------------------


# Of each lane, however long they take.
LEAST_BATCHES = 6


def completions(catalogue, batch, variant, lanes, warm, seconds):
    """When each batch was done, with so many under way, after a time that does not count."""
    searchers = [Searcher(catalogue, batch, variant) for _ in range(lanes)]
    until = time.perf_counter() + warm + seconds
    done, failures = [[] for _ in searchers], []

    def work(at):
        try:
            with torch.inference_mode():  # a thread's own setting
                while time.perf_counter() < until or len(done[at]) < LEAST_BATCHES:
                    searchers[at].run()
                    done[at].append(time.perf_counter())
        except Exception as error:  # told by the caller's thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    times = sorted(each for lane in done for each in lane)
    settled = [each for each in times if each >= until - seconds]
    # Where a batch takes longer than that, all but the first of each lane count.
    return settled if len(settled) > 2 * lanes else times[lanes:]


def rate(batch, times):
    return (len(times) - 1) * batch.requests / (times[-1] - times[0])


def rates(batch, times, passes, lanes):
    """Requests a second of so many stretches that follow one another, in each a batch of each lane or more."""
    each = max(lanes, (len(times) - 1) // passes)
    cuts = [times[at] for at in range(0, len(times), each)]
    stretches = [each * batch.requests / (b - a) for a, b in zip(cuts, cuts[1:])][:passes]
    return stretches or [rate(batch, times)]


def free_memory():
    """Gives back what ways tried before hold: an error's frames keep theirs, and streams share none."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


class Trials:
    """Of several ways the fastest, by short trials; one that fails is told and left out."""

    def __init__(self, catalogue, batch, size):
        self.catalogue, self.batch, self.size = catalogue, batch, size
        self.tried = []

    def attempt(self, variant, lanes):
        free_memory()
        try:
            if not self.size.software:
                times = completions(self.catalogue, self.batch, variant, lanes, 0.1, 0.2)
            else:
                times = completions(self.catalogue, self.batch, variant, lanes, 0, 0.05)
            self.tried.append((rate(self.batch, times), variant, lanes))
        except Exception as error:
            say(f"    FAILED {variant}, {lanes} under way: {str(error).splitlines()[0][:200]}")

    def best(self, is_such=lambda variant: True):
        such = [each for each in self.tried if is_such(each[1])]
        return max(such, key=lambda each: each[0]) if such else None

    def more_lanes(self, lanes, is_such):
        """Tries the best such way with other numbers of batches under way."""
        best = self.best(is_such)
        for count in lanes:
            if best is not None and count != best[2]:
                self.attempt(best[1], count)


def measured(trials, is_such, passes):
    """The fastest such way, measured at length."""
    best = trials.best(is_such)
    if best is None:
        return None
    _, variant, lanes = best
    batch, catalogue, size = trials.batch, trials.catalogue, trials.size
    free_memory()
    try:
        answer = check(Searcher(catalogue, batch, variant))
        seconds = 0.1 if size.software else size.seconds * passes
        times = completions(catalogue, batch, variant, lanes, 0 if size.software else 0.5, seconds)
    except Exception as error:
        say(f"    FAILED {variant}, {lanes} under way: {str(error).splitlines()[0][:200]}")
        trials.tried = [each for each in trials.tried if each[1] is not variant]
        return measured(trials, is_such, passes)
    each = rates(batch, times, passes, lanes)
    middle = statistics.median(each)
    return {
        "way": str(variant),
        "lanes": lanes,
        "requestsPerSecond": middle,
        "passes": each,
        "msPerBatch": 1000 * batch.requests / middle,
        "answers": answer,
    }


def told(label, result):
    if result is None:
        say(f"  {label:13} nothing worked")
        return
    answers = result["answers"]
    say(
        f"  {label:13}{result['requestsPerSecond']:10.0f} requests/s, {result['msPerBatch']:.3f} ms a batch, "
        f"{result['lanes']} in flight ({result['way']}; passes {' '.join(f'{each:.0f}' for each in result['passes'])}); "
        f"{answers['scoresRight']} of {answers['returned']} scores right, {answers['found']} of {answers['wanted']} best found, "
        f"{answers['notPassing']} returned that do not pass"
    )


def measure(catalogue, size, filter_name, requests, blooms):
    probes = size.wide_probes if filter_name == "wide" else size.probes
    batch = Batch(catalogue, requests, filter_name, probes)
    say(f"filter {filter_name}, {probes} probes, batch {requests}")
    trials = Trials(catalogue, batch, size)
    result = {"filter": filter_name, "probes": probes, "requests": requests}
    if filter_name == "none":
        for scores in ("divisor", "scaled", "raw"):
            trials.attempt(Variant(scores), 4)
        labels = {"any": lambda way: True, "scaled": lambda way: way.scores == "scaled"}
    else:
        masks = ["full"] if size.software else ["full", "partial", "partial fused"]
        for mask in masks:
            for bloom in blooms:
                trials.attempt(Variant("divisor", mask, bloom), 4)
        for is_full in (True, False):
            best = trials.best(lambda way: (way.mask == "full") == is_full)
            if best is not None:
                way = best[1]
                trials.attempt(Variant(way.scores, way.mask, way.bloom, parses=True), 4)
        labels = {
            "full": lambda way: way.mask == "full" and not way.parses,
            "partial": lambda way: way.mask.startswith("partial") and not way.parses,
            "with parsing": lambda way: way.parses,
        }
    for is_such in labels.values():
        trials.more_lanes(size.lanes, is_such)
    for label, is_such in labels.items():
        result[label] = measured(trials, is_such, size.passes)
        told(label, result[label])
    alone = trials.best(lambda way: not way.parses)
    if alone is not None:
        times = completions(catalogue, batch, alone[1], 1, 0, 0.05 if size.software else 0.5)
        gaps = [b - a for a, b in zip(times, times[1:])]
        result["aloneMs"] = 1000 * statistics.median(gaps)
        say(f"  alone        {result['aloneMs']:10.3f} ms")
    best = [result[label] for label in labels if label != "with parsing" and result[label]]
    result["best"] = max(best, key=lambda each: each["requestsPerSecond"], default=None)
    return result


# --- The run -----------------------------------------------------------------------------------


def host_facts(device):
    """What `--beside` compares, so that two runs on different hosts are never mixed."""
    card = ["", "", ""]
    if device.type == "cuda":
        query = ["nvidia-smi", "--query-gpu=uuid,name,driver_version", "--format=csv,noheader"]
        lines = subprocess.run(query, check=True, capture_output=True, text=True).stdout.split("\n")
        card = [each.strip() for each in lines[0].split(",")]
        if len([line for line in lines if line.strip()]) != 1:
            raise SystemExit("there must be one card on this host, or nobody knows which one was used")
    return {
        "bootId": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "hostname": socket.gethostname(),
        "cardUuid": card[0],
        "card": card[1],
        "driver": card[2],
        "torch": torch.__version__,
        "cuda": torch.version.cuda or "",
        "python": platform.python_version(),
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkout", required=True, help="folder of meta-recsys/silvertorch")
    parser.add_argument("--build", default="/tmp/meta-ops-build", help="where their extension is built")
    parser.add_argument("--json", help="file that bench:fused --beside reads")
    parser.add_argument("--clusters", type=int, default=4096)
    parser.add_argument("--width", type=int, default=2432, help="items of a cluster")
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--probes", type=int, default=24)
    parser.add_argument("--wide-probes", type=int, default=96, help="probes where 10%% pass")
    parser.add_argument("--k", type=int, default=1024)
    parser.add_argument("--batches", default="1,16,64,256,1024")
    parser.add_argument("--filters", default="none,narrow,wide")
    parser.add_argument("--blooms", default="5x10,5x2,3x5", help="hashes a term x their b_multiplier")
    parser.add_argument("--lanes", default="1,2,8,16,32", help="batches in flight to try besides 4")
    parser.add_argument("--passes", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.2, help="of a pass")
    parser.add_argument("--software", action="store_true", help="try it without a card, for the code alone")
    size = parser.parse_args()
    size.lanes = [int(each) for each in size.lanes.split(",")]
    return size


def main():
    size = arguments()
    if not size.software and not torch.cuda.is_available():
        raise SystemExit("no card: torch.cuda.is_available() is false; --software tries the code without one")
    device = torch.device("cpu" if size.software else "cuda")
    sys.setswitchinterval(1e-4)
    facts = host_facts(device)
    say(f"{facts['card'] or 'no card'}, driver {facts['driver']}, torch {facts['torch']}, CUDA {facts['cuda']}")
    sources = load_ops(size.checkout, size.build, on_card=not size.software)
    with torch.inference_mode():
        catalogue = Catalogue(size, device)
        say(f"{catalogue.items} items of {size.dim} dimensions in {size.clusters} clusters")
        blooms = []
        for setting in size.blooms.split(","):
            blooms.append(Bloom(catalogue, setting))
            say(f"Bloom index {setting}: {blooms[-1].index.numel() * 8 / 2**20:.0f} MiB")
        results = []
        for filter_name in size.filters.split(","):
            for requests in map(int, size.batches.split(",")):
                try:
                    results.append(measure(catalogue, size, filter_name, requests, blooms))
                except Exception as error:
                    say(f"  FAILED {filter_name}, batch {requests}: {error}")
                if size.json:
                    write(size, facts, sources, results)
    table(results)


def write(size, facts, sources, results):
    """After each measurement, so that a run that is cut short leaves what it has."""
    names = ("clusters", "width", "dim", "k")
    whole = {
        "host": facts,
        "endedMs": int(time.time() * 1000),
        "sources": sources,
        "shape": {name: getattr(size, name) for name in names},
        "results": results,
    }
    Path(size.json).write_text(json.dumps(whole, indent=1))


def table(results):
    say("requests/s of Meta's ops, the fastest way of each (their Bloom index is inexact, their scores float16)")
    for each in results:
        best = each["best"]
        speed = "nothing worked" if best is None else f"{best['requestsPerSecond']:.0f} ({best['way']})"
        alone = f", alone {each['aloneMs']:.3f} ms" if "aloneMs" in each else ""
        print(f"  {each['filter']:7} {each['probes']:3} probes, batch {each['requests']:5}: {speed}{alone}")


if __name__ == "__main__":
    main()
