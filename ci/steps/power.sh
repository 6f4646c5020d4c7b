#!/usr/bin/env bash
# the hunt finds planted bugs at once, and what is shipped has none of them
source ci/lib.sh
need director
need director-sim

# Strings of the catalogue: in the program that can plant bugs, and in no other.
for word in limbo-after-reboot burst-never-ends; do
    for program in director director-sim; do
        if grep -aq "$word" "$RELEASE/$program"; then
            echo "$RELEASE/$program was built with planted bugs"
            exit 1
        fi
    done
done

# What is shipped is put aside meanwhile, not built again.
cp -p "$RELEASE/director-sim" "$RELEASE/director-sim-shipped"
status=0
# With the features that the build step gives everything else, so that only our own is built anew.
cargo build --locked --release --workspace --features ipvs-rs/tokio,director-sim/planted-bugs \
    --bin director-sim || status=$?
[[ $status -ne 0 ]] || cp "$RELEASE/director-sim" "$RELEASE/director-sim-planted"
mv "$RELEASE/director-sim-shipped" "$RELEASE/director-sim"
[[ $status -eq 0 ]] || exit "$status"
grep -aq limbo-after-reboot "$RELEASE/director-sim-planted"
"$RELEASE/director-sim-planted" power --seeds 50 --at-least 100 \
    burst-never-ends late-is-dead weight-before-check
