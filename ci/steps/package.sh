#!/usr/bin/env bash
# the Debian packages install, start under systemd, upgrade without a gap, and purge
source ci/lib.sh
need director
need director-lab
command -v dpkg-deb >/dev/null || skip_step "not a Debian machine: there is no dpkg-deb"

OUT=$CARGO_TARGET_DIR/deb
rm -rf "$OUT"
for revision in 1 2; do
    REVISION=$revision director/dist/deb/build "$OUT"
    passed 2
done
status=0
director/dist/deb/try "$OUT" 2>&1 | tee "$OUT/tried" || status=$?
[[ $status -ne 3 ]] || skip_step "$(sed -n 's/^cannot be tried here: //p' "$OUT/tried")"
passed "$(grep -c '^ok: ' "$OUT/tried")"
failed "$(grep -c '^FAILED: ' "$OUT/tried" || true)"
exit "$status"
