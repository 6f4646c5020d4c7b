#!/usr/bin/env bash
# the Rust toolchain is new enough and complete, and the test runner is there
source ci/lib.sh

# No toolchain is pinned: any stable one from `rust-version` in Cargo.toml on must do.
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(rustc --version | cut -d ' ' -f 2)
rustc --version --verbose
cargo --version
if [[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -1) != "$wanted" ]]; then
    echo "rustc $found is older than $wanted: run rustup update stable"
    exit 1
fi
for part in fmt clippy; do
    cargo "$part" --version 2>/dev/null && continue
    rustup component add "${part/#fmt/rustfmt}" || { echo "install cargo-$part"; exit 1; }
done
cargo fetch --locked
passed 1

# Without it ci/steps/test.sh runs `cargo test`, which takes longer and does the same.
if ! cargo nextest --version 2>/dev/null; then
    cargo install --locked --quiet cargo-nextest --target-dir "$CARGO_TARGET_DIR/nextest" ||
        skipped 1 "cargo-nextest cannot be installed: the tests run under cargo test"
    rm -rf "$CARGO_TARGET_DIR/nextest"
fi
