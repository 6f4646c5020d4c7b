#!/usr/bin/env bash
# what directors on a real kernel have recorded comes out the same when it is decided once more
source ci/lib.sh
need director
need director-lab
need director-sim
need_engine timetravel
reports=$CARGO_TARGET_DIR/ci-logs
kept=$reports/replay
rm -rf "$kept"
mkdir -p "$reports"

# A takeover, a crash with a restart, orders, a reload, VRRP, a voter; a witness.
stories=(
    scenarios/failover/active-loses-power.toml
    scenarios/failover/killed-and-restarted.toml
    scenarios/failover/voter-tells-whose-it-is.toml
    scenarios/guides/witness.toml
    scenarios/orders/drained-and-maintained.toml
    scenarios/reload/then-takeover.toml
    scenarios/vrrp/better-router-returns.toml
)
status=0
"$RELEASE/director-lab" run "${stories[@]}" --engine timetravel --seed 7 \
    --director "$RELEASE/director" --keep "$kept" --record || status=$?

records=0
for record in "$kept"/*/inputs/*; do
    records=$((records + 1))
    mode=$(stat -c %a "$record")
    if said=$("$RELEASE/director-sim" replay "$record") && [[ $mode == 600 ]]; then
        passed 1
    else
        failed 1
        status=1
    fi
    echo "${record#"$kept"/}: $(wc -c <"$record") bytes, mode $mode"
    sed -n '/ inputs in /,$s/^/  /p' <<<"$said"
done
# Each story has two directors at least, and one of them is started twice.
if ((records > 2 * ${#stories[@]})); then passed 1; else
    echo "only $records records"
    failed 1
    status=1
fi
exit "$status"
