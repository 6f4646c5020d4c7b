#!/usr/bin/env bash
# tshark reads the simulator's frames without complaint, and a browser draws its report
source ci/lib.sh
need director-sim
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
CASES=(scenarios/failover/active-loses-power.toml scenarios/failover/ipv6-active-loses-power.toml)
"$RELEASE/director-sim" run scenarios/failover --report "$made/a.html" >/dev/null

# Large programs with large libraries: tried where they are installed.
if command -v tshark >/dev/null; then
    # Heartbeats are sealed: what tshark guesses about their bytes means nothing.
    read_frames() { tshark -r "$made/a.pcapng" -d udp.port==694,data "$@" 2>/dev/null; }
    sums=(-o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE)
    for case in "${CASES[@]}"; do
        "$RELEASE/director-sim" explain "$case" --pcap "$made/a.pcapng" >/dev/null
        wrong=$(read_frames "${sums[@]}" -Y '_ws.malformed || _ws.expert.severity == error ||
            ip.checksum.status == Bad || tcp.checksum.status == Bad ||
            udp.checksum.status == Bad || icmpv6.checksum.status == Bad')
        read_frames -q -z io,phs
        heartbeats=$(read_frames -Y 'udp.port == 694' | wc -l)
        neighbours=$(read_frames -Y 'arp || icmpv6.type == 136' | wc -l)
        if [[ -z $wrong && $heartbeats -gt 100 && $neighbours -gt 10 ]]; then passed 1; else
            echo "$case: $heartbeats heartbeats, $neighbours of neighbours; complaints: $wrong"
            failed 1
        fi
    done
else
    skipped 1 "tshark is not installed: apt-get install tshark"
fi

browser=$(command -v chromium-headless-shell || command -v chromium || true)
if [[ -n $browser ]]; then
    drawn=$(timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu \
        --user-data-dir="$made/browser" --virtual-time-budget=2000 --dump-dom \
        "file://$made/a.html#2" 2>"$made/errors") || true
    if grep -q 'class="stage"' <<<"$drawn" && grep -q 'aria-label="Topology at' <<<"$drawn" &&
        ! grep -q 'CONSOLE' "$made/errors"; then passed 1; else
        cat "$made/errors"
        failed 1
    fi
else
    skipped 1 "Chromium is not installed: apt-get install chromium-headless-shell"
fi
grep -q '^failed' "$COUNTS" && exit 1 || exit 0
