#!/usr/bin/env bash
# director-core builds without std, with and without serde
source ci/lib.sh

for features in "" serde; do
    cargo check --locked -p director-core --features "$features"
    passed 1
done

# `no_std` of core itself holds above. Where there is no operating system there is no std at all,
# so that no dependency can bring it in unseen. Checked and not built: LLVM cannot compile sha2's
# vector code for a target without vector registers.
BARE=x86_64-unknown-none
if rustup target add "$BARE" 2>/dev/null; then
    for features in "" serde; do
        cargo check --locked -p director-core --features "$features" --target "$BARE"
        passed 1
    done
else
    skipped 2 "the target $BARE cannot be installed: std in core's dependencies would not be seen"
fi
