#!/usr/bin/env bash
# director-core builds without std, with and without serde
source ci/lib.sh

# Where there is no operating system there is no std that a dependency could bring in unseen.
BARE=x86_64-unknown-none
bare=()
if rustup target add "$BARE" 2>/dev/null; then
    bare=(--target "$BARE")
else
    skipped 1 "the target $BARE is not to be had: core is built for this machine, where only its \
own \`no_std\` holds, not that of its dependencies"
fi
cargo build --locked -p director-core "${bare[@]}"
passed 1
cargo build --locked -p director-core --features serde "${bare[@]}"
passed 1
