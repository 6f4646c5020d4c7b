#!/usr/bin/env bash
# the page of a thousand servers in a browser and top in a terminal: by keys alone, changes within a second
source ci/lib.sh
need director
need e2e-page
need examples/paper_pair
command -v chromium-headless-shell chromium >/dev/null ||
    skip_step "Chromium is missing: apt-get install chromium-headless-shell"
command -v tmux >/dev/null || skip_step "tmux is not installed: apt-get install tmux"
# A socket's name is short: a folder of the build may be too deep.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
"$RELEASE/e2e-page" "$RELEASE/examples/paper_pair" "$RELEASE/director" "$work" |
    tee "$CARGO_TARGET_DIR/ci-logs/page.txt" || status=$?
mkdir -p "$CARGO_TARGET_DIR/ci-logs/page"
cp "$work"/*.png "$work"/*.txt "$CARGO_TARGET_DIR/ci-logs/page/" || true
count_said page ': holds: ' ': BROKEN: '
exit "$status"
