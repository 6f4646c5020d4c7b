# What the steps share. Sourced, with the repository's root as working directory.
# shellcheck shell=bash
set -euo pipefail

RELEASE=$CARGO_TARGET_DIR/release

passed() { echo "passed $1" >>"$COUNTS"; }
failed() { echo "failed $1" >>"$COUNTS"; }

# skipped NUMBER REASON…
skipped() {
    echo "skipped: ${*:2}"
    echo "skipped $*" >>"$COUNTS"
}

# The scenarios that a kernel plays as a matter of course, one a line. Of the outages one: they are
# made to be measured beside the peers (docs/failover.md).
catalogue() {
    local folder
    echo scenarios/outages/carrier-lost.toml
    for folder in scenarios/*/; do
        case $folder in
            scenarios/outages/ | scenarios/config/) ;;
            *) echo "$folder" ;;
        esac
    done
}

# Ends the step without success or failure.
skip_step() {
    skipped 1 "$@"
    exit 0
}

# A program of ours; without it the step says which one is missing.
need() {
    [[ -x $RELEASE/$1 ]] || { echo "$RELEASE/$1 is not built: run ci/run build first"; exit 1; }
}

# Takes over the counts of a report that director-sim or director-lab wrote as JSON.
tally() { "$RELEASE/e2e-report" tally "$1" | tee -a "$COUNTS"; }

# The engine of director-lab can run here; otherwise the step is skipped with what is missing.
need_engine() {
    local engine=$1 report
    report=$("$RELEASE/director-lab" doctor || true)
    grep -q "^$engine.*ready" <<<"$report" && return
    skip_step "$(sed -n "/^$engine/,/^[a-z]/{/missing/s/^ *//p}" <<<"$report" | paste -sd ';')"
}
