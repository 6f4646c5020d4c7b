#!/usr/bin/env bash
# a director and the real keepalived are routers of one virtual router, each active in turn
source ci/lib.sh
need director
need director-lab
need e2e-vrrp
need_engine timetravel
command -v keepalived >/dev/null || skip_step "keepalived is missing: apt-get install keepalived"
kernel=$("$RELEASE/director-lab" kernel build)
report=$CARGO_TARGET_DIR/ci-logs/vrrp.txt
mkdir -p "${report%/*}"
status=0
ci/guest "$kernel" "$RELEASE/e2e-vrrp" "$RELEASE/director" | tr -d '\r' | tee "$report" || status=$?
garbage=$CARGO_TARGET_DIR/ci-logs/garbage.txt
ci/guest "$kernel" "$RELEASE/e2e-vrrp" garbage "$RELEASE/director" | tr -d '\r' |
    tee "$garbage" || status=$?
closed=$CARGO_TARGET_DIR/ci-logs/closed.txt
ci/guest "$kernel" "$RELEASE/e2e-vrrp" closed "$RELEASE/director" | tr -d '\r' |
    tee "$closed" || status=$?
passed "$(cat "$garbage" "$closed" | grep -c '^holds: ' || true)"
failed "$(cat "$garbage" "$closed" | grep -c '^BROKEN: ' || true)"
passed "$(grep -c '  holds$' "$report" || true)"
failed "$(grep -c ' BROKEN: ' "$report" || true)"
exit "$status"
