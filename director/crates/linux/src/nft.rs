//! Rules of the packet filter, in tables of the director's own.
//!
//! They are written and read by the program `nft`, with its JSON form for reading: the crates that
//! speak nf_tables themselves need a C library or have a licence that is none of ours, and rules
//! change so rarely that a process for each change costs nothing.

use crate::error::NET_ADMIN;
use director_engine::ports::KernelError;
use serde_json::Value;
use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};

/// Header, field and value of an equality.
pub(crate) fn matched(expression: &Value) -> Option<(&str, &str, &Value)> {
    let equality = expression.get("match")?;
    (equality.get("op")? == "==").then_some(())?;
    let payload = equality.get("left")?.get("payload")?;
    let (header, field) = (payload.get("protocol")?, payload.get("field")?);
    Some((header.as_str()?, field.as_str()?, equality.get("right")?))
}

/// The table in its JSON form; `None` when there is none. `what` is done for something whose words
/// are `needs`.
pub(crate) fn listing(table: &str, what: &str, needs: &str) -> Result<Option<String>, KernelError> {
    let mut arguments = vec!["-j", "list", "table"];
    arguments.extend(table.split(' '));
    let output = run(&arguments, "", needs)?;
    if output.status.success() {
        return Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    if String::from_utf8_lossy(&output.stderr).contains("No such file or directory") {
        return Ok(None);
    }
    Err(complaint(&output, what, needs))
}

/// Has this text of rules take effect, in one transaction: no packet sees half of them.
pub(crate) fn load(text: &str, what: &str, needs: &str) -> Result<(), KernelError> {
    let output = run(&["-f", "-"], text, needs)?;
    if output.status.success() { Ok(()) } else { Err(complaint(&output, what, needs)) }
}

/// Runs `nft` with this text as its input.
fn run(arguments: &[&str], input: &str, needs: &str) -> Result<Output, KernelError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => KernelError::Unsupported {
            cure: format!("{needs} the program nft: install the package nftables"),
        },
        _ => KernelError::Other(format!("cannot run nft: {error}")),
    };
    let mut child = Command::new("nft")
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(failed)?;
    }
    child.wait_with_output().map_err(failed)
}

/// What `nft` complained of, in the terms of the port.
fn complaint(output: &Output, what: &str, needs: &str) -> KernelError {
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().next().unwrap_or("it did not say why");
    if said.contains("Operation not permitted") {
        return KernelError::Denied { capability: NET_ADMIN };
    }
    if said.contains("not supported") {
        let cure = format!("{needs} nf_tables in the kernel ({first})");
        return KernelError::Unsupported { cure };
    }
    KernelError::Other(format!("cannot {what}: nft says: {first}"))
}
