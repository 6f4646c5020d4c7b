# What the steps share. Sourced, with the repository's root as working directory.
# shellcheck shell=bash
set -euo pipefail

RELEASE=$CARGO_TARGET_DIR/release

passed() { echo "passed $1" >>"$COUNTS"; }
failed() { echo "failed $1" >>"$COUNTS"; }

# repeated WHAT…: it held when it was repeated; what was wrong at first.
repeated() { echo "repeated 1 $*" >>"$COUNTS"; }

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

# in_guest NAME PROGRAM…: a program in a guest of the kernel $kernel; what it says, and its status,
# are beside the logs. For several at once: a guest has one processor.
in_guest() {
    local said=$CARGO_TARGET_DIR/ci-logs/$1 status=0
    mkdir -p "${said%/*}"
    ci/guest "$kernel" "${@:2}" >"$said.txt" 2>&1 || status=$?
    echo "$status" >"$said.status"
}

# played NAME PROGRAM…: in_guest, and once more when it did not hold. In simulated time nothing
# depends on how busy this machine is, so what holds only then is a fault that is rare: the summary
# of the run shows it.
played() {
    local said=$CARGO_TARGET_DIR/ci-logs/$1
    in_guest "$@"
    [[ $(cat "$said.status") -ne 0 ]] || return 0
    mv "$said.txt" "$said.first.txt"
    in_guest "$@"
    [[ $(cat "$said.status") -eq 0 ]] || return 0
    repeated "$1: $(grep -aE 'BROKEN|^FAIL|broke$|^guest|rror' "$said.first.txt" | tr -d '\r' |
        head -4 | paste -sd '|')"
}

# said NAME [FILTER]: shows what a program in a guest said, or what of it fits; its status is the guest's.
said() {
    local said=$CARGO_TARGET_DIR/ci-logs/$1
    tr -d '\r' <"$said.txt" | grep -- "${2:-.}" || true
    return "$(cat "$said.status")"
}

# count_said NAME HELD BROKEN: counts the lines that say so.
count_said() {
    passed "$(grep -c -- "$2" "$CARGO_TARGET_DIR/ci-logs/$1.txt" || true)"
    failed "$(grep -c -- "$3" "$CARGO_TARGET_DIR/ci-logs/$1.txt" || true)"
}
