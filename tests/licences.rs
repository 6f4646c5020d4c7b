//! Other people's code comes from crates.io, under terms that a user of this project can keep.

use e2e::guards::{demand_none, licences};
use e2e::repository;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

#[test]
fn every_crate_comes_from_the_registry() {
    demand_none(&licences::sources(&repository::read("Cargo.lock").text).unwrap());
}

#[test]
fn every_crate_has_terms_that_can_be_kept() {
    // Other platforms' crates are not part of anything that is built here, and not downloaded.
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version", "1"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(repository::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let declared: BTreeMap<String, Option<String>> = document["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (text(&package["name"]).unwrap(), text(&package["license"])))
        .collect();
    assert!(declared.len() > 50, "{} crates", declared.len());
    demand_none(&licences::terms(&declared));
}
