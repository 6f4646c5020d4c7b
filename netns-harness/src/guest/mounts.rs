//! The guest's own file systems, before any node exists.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use rustix::mount::{
    MountFlags, MountPropagationFlags, mount, mount_bind, mount_bind_recursive, mount_change,
    mount_remount,
};

use super::{DISKS, HOST, RUN};

/// Modules of a kernel that has them as modules; one that has them built in needs none.
const MODULES: [&str; 18] = [
    "bridge",
    "veth",
    "dummy",
    "sch_netem",
    "sch_prio",
    "sch_plug",
    "cls_flower",
    "cls_matchall",
    "nf_tables",
    "nft_meta_bridge",
    "ip_vs",
    "ip_vs_rr",
    "ip_vs_wrr",
    "ip_vs_lc",
    "ip_vs_wlc",
    "ip_vs_sh",
    "ip_vs_mh",
    "ipip",
];

/// Where Debian's user-mode kernel has its modules.
const STOCK_MODULES: &str = "/usr/lib/uml/modules";

/// What the kernel calls when it wants a module (modprobe(8)): it looks where they are.
pub(crate) const LOADER: &str = "/mnt/modprobe";

/// Mounts what every process of the guest needs; a machine mounts its `/proc` and modules too.
pub(super) fn guest(directory: &Path, machine: bool) -> anyhow::Result<()> {
    if machine {
        special("proc", "/proc")?;
        special("sysfs", "/sys")?;
        tmpfs("/mnt")?;
        for path in [RUN, HOST, DISKS] {
            fs::create_dir(path).with_context(|| format!("cannot create {path}"))?;
        }
        hostfs(Path::new("/"), HOST, MountFlags::RDONLY)?;
        hostfs(directory, RUN, MountFlags::empty())?;
        load_modules();
    } else {
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
            .context("making mounts private")?;
        // The whole tree is needed below /mnt before /mnt itself is covered.
        let root = fs::File::open("/").context("opening /")?;
        let run = fs::File::open(directory).context("opening the run directory")?;
        tmpfs("/mnt")?;
        for path in [RUN, HOST, DISKS] {
            fs::create_dir(path).with_context(|| format!("cannot create {path}"))?;
        }
        bind_open(&run, RUN, false)?;
        bind_open(&root, HOST, true)?;
        for place in [HOST, "/"] {
            protect(place)?;
        }
    }
    Ok(())
}

fn bind_open(source: &fs::File, target: &str, recursive: bool) -> anyhow::Result<()> {
    use std::os::fd::AsRawFd as _;
    let source = format!("/proc/self/fd/{}", source.as_raw_fd());
    if recursive { mount_bind_recursive(source, target) } else { mount_bind(source, target) }
        .with_context(|| format!("binding {target}"))
}

/// Makes a tree of the machine's own files read-only for the guest.
fn protect(place: &str) -> anyhow::Result<()> {
    let flags = MountFlags::BIND | MountFlags::RDONLY;
    match mount_remount(place, flags, "") {
        // In a user namespace a mount may keep flags that cannot be changed; the guest then has no
        // more rights there than the user who started it.
        Err(rustix::io::Errno::PERM) if in_user_namespace() => Ok(()),
        other => other.with_context(|| format!("making {place} read-only")),
    }
}

fn in_user_namespace() -> bool {
    // The first namespace maps every id to itself: `0 0 4294967295`.
    fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| !map.contains("4294967295"))
}

fn hostfs(directory: &Path, target: &str, flags: MountFlags) -> anyhow::Result<()> {
    let data = CString::new(directory.as_os_str().as_bytes()).context("a path with a zero byte")?;
    mount("none", target, "hostfs", flags, Some(data.as_c_str()))
        .with_context(|| format!("mounting the host's {} on {target}", directory.display()))
}

/// Mounts a memory file system.
pub(crate) fn tmpfs(target: &str) -> anyhow::Result<()> {
    special("tmpfs", target)
}

/// Mounts a memory file system that can be filled without harm to anybody else.
pub(crate) fn small_tmpfs(target: &str) -> anyhow::Result<()> {
    mount("tmpfs", target, "tmpfs", MountFlags::empty(), Some(c"size=16m"))
        .with_context(|| format!("mounting tmpfs on {target}"))
}

/// Mounts a file system that has no device.
pub(crate) fn special(kind: &str, target: &str) -> anyhow::Result<()> {
    mount(kind, target, kind, MountFlags::empty(), None)
        .with_context(|| format!("mounting {kind} on {target}"))
}

/// Loads what a modular kernel has not loaded; what is truly missing shows at its first use.
fn load_modules() {
    if Path::new("/proc/net/ip_vs").exists() || prepare_modules().is_err() {
        return;
    }
    let _ =
        Command::new("modprobe").args(["-q", "-d", "/mnt/modules", "-a"]).args(MODULES).status();
}

fn prepare_modules() -> anyhow::Result<()> {
    if !Path::new(STOCK_MODULES).is_dir() {
        bail!("{STOCK_MODULES} is not there");
    }
    fs::create_dir_all("/mnt/modules/lib").context("module directory")?;
    symlink(STOCK_MODULES, "/mnt/modules/lib/modules").context("module link")?;
    fs::write(LOADER, "#!/bin/sh\nexec modprobe -d /mnt/modules \"$@\"\n").context(LOADER)?;
    fs::set_permissions(LOADER, fs::Permissions::from_mode(0o755)).context(LOADER)?;
    let called = "/proc/sys/kernel/modprobe";
    fs::write(called, LOADER).with_context(|| format!("writing {called}"))
}
