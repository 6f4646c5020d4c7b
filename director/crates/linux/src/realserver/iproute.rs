//! The program `ip`, for what a real server does once in its life and no crate can say.

use director_engine::ports::KernelError;
use std::process::Command;

/// What it says with these words.
pub(super) fn ip(words: &[&str]) -> Result<String, KernelError> {
    let failed =
        |why: &str| KernelError::Other(format!("cannot run ip {}: {why}", words.join(" ")));
    let done = Command::new("ip")
        .args(words)
        .output()
        .map_err(|error| failed(&format!("{error}; it is in the package iproute2")))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    if said.contains("genl family") || said.contains("fou module") {
        return Err(KernelError::Unsupported { cure: "load the module fou: modprobe fou".into() });
    }
    Err(failed(said.trim()))
}
