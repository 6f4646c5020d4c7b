//! The dependencies between our crates are those that ARCHITECTURE.md allows.

use e2e::guards::{arrows, demand_none};
use e2e::repository;
use std::process::Command;

#[test]
fn the_manifests_keep_to_the_table_of_the_architecture() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(repository::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let packages = arrows::packages(&String::from_utf8(output.stdout).unwrap()).unwrap();
    let may = arrows::table(&repository::read("ARCHITECTURE.md").text).unwrap();
    assert!(packages.len() >= 12, "{:?}", packages.keys());
    demand_none(&arrows::check(&packages, &may));
}
