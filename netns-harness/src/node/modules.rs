//! A kernel that can load no more modules: those of another one are installed, as after an update.

use std::fs;

use anyhow::Context;

use crate::guest::mounts::LOADER;
use crate::shell::ask;

/// What the kernel calls to have a module loaded (kernel.rst, "modprobe"); nothing when empty.
const CALLED: &str = "/proc/sys/kernel/modprobe";

/// Unloads the schedulers that no service uses, and lets nothing more be loaded.
pub(super) fn exhaust() -> anyhow::Result<()> {
    call("")?;
    let loaded = fs::read_to_string("/proc/modules").context("reading /proc/modules")?;
    idle(&loaded).try_for_each(|module| ask("rmmod", &[module]).map(drop))
}

/// Lets everything be loaded.
pub(super) fn replenish() -> anyhow::Result<()> {
    call(LOADER)
}

fn call(program: &str) -> anyhow::Result<()> {
    fs::write(CALLED, format!("{program}\n")).with_context(|| format!("writing {CALLED}"))
}

/// The schedulers that are loaded and have no user: name, size and count begin a line (proc(5)).
fn idle(loaded: &str) -> impl Iterator<Item = &str> {
    loaded.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let name = words.next().filter(|name| name.starts_with("ip_vs_"))?;
        (words.nth(1) == Some("0")).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::idle;

    #[test]
    fn what_is_in_use_stays() {
        let loaded = "ip_vs_wlc 16384 2 - Live 0x0\nip_vs_rr 16384 0 - Live 0x0\n\
                      ip_vs 159744 4 ip_vs_wlc,ip_vs_rr, Live 0x0\nveth 16384 0 - Live 0x0\n";
        assert_eq!(idle(loaded).collect::<Vec<_>>(), ["ip_vs_rr"]);
    }
}
