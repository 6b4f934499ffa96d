/** What `silverbench init` writes: a small scenario that runs as it is, each choice explained. */
export function starterScenario(name: string): string {
  return `# A question to silverbench. Run it with: silverbench run ${name}.yaml
# Fields that are left out have defaults; unknown ones are refused, with their line.
schema: silverbench.scenario/1
name: ${name}
question: Does one model that is the index answer more requests than a mesh of services?

# Each random choice has its own seed, so that each can be changed alone.
seeds: { data: 1, requests: 2, model: 3, arrivals: 4, order: 5 }

# The items. Instead of made-up ones:
#   { kind: glove-100 }              real word vectors; fetch once with: silverbench dataset get glove-100
#   { kind: folder, path: my-data }  your own; see the README, "Your own data"
dataset: { kind: synthetic, items: 20000, dim: 64, users: 2000 }

# What both systems compute: query heads, and the best candidates each head keeps (at least k).
model: { heads: 1, candidates: 1000 }

requests:
  distinct: 1000 # different requests; the load walks through them in order
  k: 100 # items wanted
  exclude: 20 # items already seen, which must not come back
  # One filter is drawn by weight for each request. {column} stands for a value that occurs in the data.
  filters:
    - { weight: 3, template: "" }
    - { weight: 2, template: "lang:{lang} AND age_days <= 30" }
    - { weight: 1, template: "topic:{topic} AND NOT country IN (us, gb)" }

# kind: mesh, index-as-model, remote (your own server behind the same door), null or delay.
systems:
  mesh: { kind: mesh }
  model: { kind: index-as-model }
  # The same mesh without the wire, so that the cost of gRPC is not mistaken for the architecture's:
  # mesh-in-process: { kind: mesh, settings: { transport: in-process } }

loads:
  closed: { shape: closed, inFlight: 8, seconds: 3 }

# What an answer must keep to be good: latency and recall.
slo: { p99Ms: 200, recall: 0.95 }
# The load whose numbers lead the report.
headline: { load: closed, recall: 0.95 }

rounds: 5 # passes over all systems, interleaved; more rounds, narrower intervals
warmUpSeconds: 40 # the longest; a system is warm once its throughput has no trend any more
cpus: auto # auto, all, or a list such as [2, 3]; Linux only
prices: prices/example.yaml

# Promises about the result; a broken one exits with 3. Others: throughput(model)/throughput(mesh) >= 2
gate: ["recall(model) >= 0.95", "violations(model) == 0", "short(model) == 0"]
`;
}
