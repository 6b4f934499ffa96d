/** Where a recipe is for, and the file it goes to by default. */
export const CI_RECIPES = {
  github: { file: ".github/workflows/silverbench.yml", text: githubWorkflow },
  shell: { file: "silverbench-ci.sh", text: shellScript },
  commits: { file: "silverbench-commits.sh", text: commitsScript },
} as const;

export type CiKind = keyof typeof CI_RECIPES;

/**
 * A plain shell recipe for any CI: measure and judge in one run, which measures on while a gate is
 * not settled.
 */
function shellScript(): string {
  return `#!/bin/sh
# Measures a scenario and judges its gates while the systems are still up: a gate that is not settled
# gets more rounds, up to a budget, and red counts when two looks in a row say so.
#   sh silverbench-ci.sh [SCENARIO]
# SILVERBENCH            the command (default: npx silverbench)
# SILVERBENCH_BUDGET     what more rounds may cost: 5m, 90s, "20 rounds" (default: 5m)
# SILVERBENCH_REFERENCE  a stored result or a folder of them, e.g. reports/reference
# SILVERBENCH_HISTORY    a file that each run adds a line to, e.g. reports/history.jsonl
# SILVERBENCH_OUT        where the bundle goes (default: reports/latest/ci)
# ROUNDS                 rounds before the first look (default: the scenario's)
#
# A noisy runner (hosted, shared, virtual; another machine each time): gate on ratios of one run, for
# the weather falls on both sides, and leave the reference out. In the scenario:
#   gate: ["recall(*) >= 0.95", "violations(*) == 0", "throughput(model)/throughput(mesh) >= 2"]
# A fixed runner (your own, always the same, idle): keep a reference of it, and gate on absolute
# numbers too:
#   gate: ["throughput(model) >= 0.95 * reference", "p99(model) <= 1.1 * reference", "p99(model) <= 50ms"]
# A reference is made by \`silverbench gate RESULT --update-reference\`; three runs of the same and
# more (\`--add-reference\`) tell how far runs differ. Where no gate speaks of it, each
# system's throughput over the mesh's must be at least 0.9 of what it was.
set -u
scenario=\${1:-quickstart}
out=\${SILVERBENCH_OUT:-reports/latest/ci}

\${SILVERBENCH:-npx silverbench} run "$scenario" --gate-budget "\${SILVERBENCH_BUDGET:-5m}" \\
  \${ROUNDS:+--rounds "$ROUNDS"} \${SILVERBENCH_REFERENCE:+--reference "$SILVERBENCH_REFERENCE"} \\
  --out "$out" --quiet
code=$?
# 3 and 4 are verdicts, worth a line in the history too; all else but 0 is no measurement.
case $code in 0 | 3 | 4) ;; *) exit $code ;; esac
if [ -n "\${SILVERBENCH_HISTORY:-}" ]; then
  \${SILVERBENCH:-npx silverbench} gate "$out" --report --history "$SILVERBENCH_HISTORY" \\
    \${SILVERBENCH_REFERENCE:+--reference "$SILVERBENCH_REFERENCE"}
  code=$?
fi
# 0 pass, 3 regression, 4 still open when the budget was spent, 5 invalid, 6 no fitting reference.
exit $code
`;
}

/** Two commits on one machine, so that nothing but the code differs. */
function commitsScript(): string {
  return `#!/bin/sh
# Measures two commits of this checkout on this machine and lays their results over each other.
#   sh silverbench-commits.sh BEFORE AFTER [SCENARIO]
# PREPARE          what makes a checkout ready (default: npm ci && npm run build)
# SILVERBENCH      the command in a checkout (default: node dist/src/cli/main.js)
# ROUNDS           rounds of each run (default: 10)
# SILVERBENCH_OUT  where before/, after/ and compare.html go (default: reports/latest/commits)
set -eu
before=\${1:?which commit before} after=\${2:?which commit after} scenario=\${3:-quickstart}
prepare=\${PREPARE:-npm ci && npm run build}
silverbench=\${SILVERBENCH:-node dist/src/cli/main.js}
out=\${SILVERBENCH_OUT:-reports/latest/commits}
mkdir -p "$out" && out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'for each in before after; do git worktree remove --force "$work/$each" || true; done; rm -rf "$work"' EXIT

# Both are ready before either is measured: a build would be work beside the measurement.
git worktree add --detach --quiet "$work/before" "$before"
git worktree add --detach --quiet "$work/after" "$after"
for each in before after; do
  (cd "$work/$each" && sh -c "$prepare")
done
for each in before after; do
  code=0
  (cd "$work/$each" && $silverbench run "$scenario" --rounds "\${ROUNDS:-10}" --out "$out/$each" --quiet) || code=$?
  # 3 and 4 are verdicts of the scenario's gates; all else but 0 is no measurement.
  case $code in 0 | 3 | 4) ;; *) exit $code ;; esac
done
(cd "$work/after" && $silverbench compare "$out/before" "$out/after" --html "$out/compare.html")
`;
}

/** A reusable GitHub Actions workflow around the shell recipe. */
function githubWorkflow(): string {
  return `# Measures both systems on every pull request, keeps the result, comments with the summary.
# Reusable: \`uses: OWNER/REPO/.github/workflows/silverbench.yml@main\` with the inputs below.
# A hosted runner is another machine each time: gate on ratios there, without a reference. On a
# runner of your own (\`runner: self-hosted\`) set \`reference: reports/reference\`, and gate on
# absolute numbers too; silverbench-ci.sh shows both.
name: silverbench
on:
  pull_request:
  workflow_call:
    inputs:
      scenario: { type: string, default: quickstart }
      reference: { type: string, default: "" }
      budget: { type: string, default: 5m }
      runner: { type: string, default: ubuntu-latest }

permissions:
  contents: read
  pull-requests: write

jobs:
  measure:
    runs-on: \${{ inputs.runner || 'ubuntu-latest' }}
    timeout-minutes: 45
    # Two measurements on one machine would measure each other.
    concurrency: { group: "silverbench-\${{ github.repository }}", cancel-in-progress: false }
    env:
      SCENARIO: \${{ inputs.scenario || 'quickstart' }}
      SILVERBENCH_REFERENCE: \${{ inputs.reference }}
      SILVERBENCH_BUDGET: \${{ inputs.budget || '5m' }}
      SILVERBENCH_OUT: reports/latest/ci
      SILVERBENCH: node dist/src/cli/main.js
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: 20, cache: npm }
      # Data sets, indexes and artifacts, by hash; an old cache is only slower, never wrong.
      - uses: actions/cache@v4
        with:
          path: ~/.cache/silverbench
          key: silverbench-\${{ runner.os }}-\${{ hashFiles('scenarios/**') }}
          restore-keys: silverbench-\${{ runner.os }}-
      - run: npm ci && npm run build
      - run: sh silverbench-ci.sh "$SCENARIO"
      - if: always()
        run: cat "$SILVERBENCH_OUT/summary.md" >> "$GITHUB_STEP_SUMMARY" || true
      - if: always()
        uses: actions/upload-artifact@v4
        with: { name: silverbench, path: "\${{ env.SILVERBENCH_OUT }}", if-no-files-found: ignore }
      # One comment a pull request: the summary's hidden tag finds the earlier one.
      - if: always() && github.event_name == 'pull_request'
        env: { GH_TOKEN: "\${{ github.token }}", PR: "\${{ github.event.number }}" }
        run: |
          test -f "$SILVERBENCH_OUT/summary.md" || exit 0
          tag=$(head -n 1 "$SILVERBENCH_OUT/summary.md")
          comments="repos/$GITHUB_REPOSITORY/issues/$PR/comments"
          id=$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\\"$tag\\")) | .id" | head -n 1)
          if [ -n "$id" ]; then
            gh api -X PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" -F body=@"$SILVERBENCH_OUT/summary.md"
          else
            gh api "$comments" -F body=@"$SILVERBENCH_OUT/summary.md"
          fi
`;
}
