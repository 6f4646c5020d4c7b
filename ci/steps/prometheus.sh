#!/usr/bin/env bash
# Prometheus reads a scrape of a running director, and each alert fires on what it is for
source ci/lib.sh
command -v promtool >/dev/null || skip_step "promtool is not installed (Debian: prometheus); \
tests of director-shell hold the metrics and the names in every expression all the same"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
try() {
    if "$@"; then passed 1; else
        failed 1
        status=1
    fi
}
try promtool check rules director/dist/alerts.yml
try promtool test rules director/dist/alerts_test.yml
# Prometheus's own reader of OpenMetrics takes text with times, as a backfill has them.
SCRAPE_TO=$work/scrape cargo test --quiet --locked -p director-shell --test shell -- \
    --exact control::metrics_are_a_whole_exposition
# Its client library has the strict reader.
read_strictly() {
    local status=0
    ci/openmetrics "$work/scrape" || status=$?
    [[ $status -ne 3 ]] || { skipped 1 "apt-get install python3-prometheus-client"; return 0; }
    return "$status"
}
try read_strictly
# What follows the last line must be seen: otherwise the reader would take anything.
(cat "$work/scrape"; echo 'late 1') >"$work/late"
refuses_more() { ! ci/openmetrics "$work/late"; }
/usr/bin/python3 -c 'import prometheus_client' 2>/dev/null && try refuses_more
sed '/^#/!s/$/ 1700000000/' "$work/scrape" >"$work/timed"
try promtool tsdb create-blocks-from openmetrics "$work/timed" "$work/tsdb"
exit "$status"
