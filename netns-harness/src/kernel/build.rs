//! Builds the kernel from the distribution's source package.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::cache::{Cached, lookup, source_version};
use super::{CONFIG, PACKAGE, PATCH, SOURCE};
use crate::failure::Failure;
use crate::process::{Ended, Interrupt, run_bounded};

/// No step of the build may take longer; a slow single core needs about fifteen minutes.
const STEP_LIMIT: Duration = Duration::from_secs(3600);

/// The programs that the build calls, and the Debian package of each.
const TOOLS: [(&str, &str); 9] = [
    ("tar", "tar"),
    ("xz", "xz-utils"),
    ("patch", "patch"),
    ("make", "make"),
    ("gcc", "gcc"),
    ("ld", "binutils"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
];

/// Builds the kernel unless it is there already, and says where it is.
pub(crate) fn build(interrupt: &Interrupt) -> Result<PathBuf, Failure> {
    let cached = lookup()?;
    if cached.is_built() {
        return Ok(cached.kernel);
    }
    let version = preconditions()?;
    fs::create_dir_all(&cached.root)
        .with_context(|| format!("cannot create the cache {}", cached.root.display()))?;
    remove_abandoned(&cached.root);
    let work = WorkTree::create(&cached.root)?;
    let began = Instant::now();
    eprintln!("building the lab's kernel from {PACKAGE} {version}: about 6 minutes on two cores");
    compile(&work.path, interrupt)?;
    store(&work.path, &cached, &version)?;
    eprintln!("built in {} s", began.elapsed().as_secs());
    Ok(cached.kernel)
}

/// Checks for the source and every tool, and names all that is missing in one message.
fn preconditions() -> Result<String, Failure> {
    if std::env::consts::ARCH != "x86_64" {
        return Err(Failure::Unable(format!(
            "user-mode Linux 6.12 exists for x86_64 only, this machine is {}",
            std::env::consts::ARCH
        )));
    }
    let version = source_version();
    let mut packages: Vec<&str> = TOOLS
        .iter()
        .filter(|(tool, _)| !crate::doctor::in_path(tool))
        .map(|(_, package)| *package)
        .collect();
    if version.is_none() {
        packages.insert(0, PACKAGE);
    }
    match version {
        Some(version) if packages.is_empty() => Ok(version),
        _ => Err(Failure::Unable(format!(
            "the kernel cannot be built here; apt-get install {}",
            packages.join(" ")
        ))),
    }
}

fn compile(work: &Path, interrupt: &Interrupt) -> Result<(), Failure> {
    let config = work.join("config");
    let patch = work.join("patch");
    fs::write(&config, CONFIG).context("writing the kernel configuration")?;
    fs::write(&patch, PATCH).context("writing the kernel patch")?;
    let tree = work.join("tree");
    fs::create_dir(&tree).context("creating the source directory")?;
    let run = |name: &str, command: &mut Command| step(name, command, work, interrupt);
    run(
        "unpack",
        Command::new("tar").args(["-xf", SOURCE, "--strip-components=1", "-C"]).arg(&tree),
    )?;
    run("patch", Command::new("patch").args(["-p1", "-i"]).arg(&patch).current_dir(&tree))?;
    let mut fragment = std::ffi::OsString::from("KCONFIG_ALLCONFIG=");
    fragment.push(&config);
    run("configure", make(&tree).arg(fragment).arg("allnoconfig"))?;
    check_configuration(&tree)?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    run("compile", make(&tree).arg(format!("-j{jobs}")).arg("linux"))?;
    run("strip", Command::new("strip").arg("linux").current_dir(&tree))
}

fn make(tree: &Path) -> Command {
    let mut make = Command::new("make");
    // The same source gives the same kernel, whoever builds it and when.
    make.args([
        "ARCH=um",
        "KBUILD_BUILD_TIMESTAMP=2026-01-01",
        "KBUILD_BUILD_USER=director",
        "KBUILD_BUILD_HOST=lab",
    ]);
    // An outer make, such as one that runs the tests, must not hand its job server to this one.
    make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL").env_remove("ARCH");
    make.current_dir(tree);
    make
}

/// Kconfig drops what its dependencies do not allow without a word; this says the word.
fn check_configuration(tree: &Path) -> Result<(), Failure> {
    let made = fs::read_to_string(tree.join(".config")).context("reading .config")?;
    let dropped: Vec<&str> = CONFIG
        .lines()
        .filter(|line| line.starts_with("CONFIG_"))
        .filter(|line| !made.lines().any(|have| have == *line))
        .collect();
    if dropped.is_empty() {
        return Ok(());
    }
    Err(Failure::Unable(format!(
        "this kernel source does not accept {}; the lab needs {PACKAGE}",
        dropped.join(", ")
    )))
}

fn step(
    name: &str,
    command: &mut Command,
    work: &Path,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let log = work.join("log");
    let out = File::options().create(true).append(true).open(&log).context("build log")?;
    let err = out.try_clone().context("build log")?;
    eprintln!("  {name}");
    command.stdin(Stdio::null()).stdout(out).stderr(err);
    match run_bounded(command, STEP_LIMIT, interrupt, "install it with apt-get")? {
        Ended::Exited(status) if status.success() => Ok(()),
        Ended::Exited(status) => Err(Failure::Broken(anyhow::anyhow!(
            "kernel build, step {name}: {status}; the last lines were:\n{}",
            last_lines(&log)
        ))),
        Ended::TooLong => Err(Failure::Broken(anyhow::anyhow!(
            "kernel build, step {name}: not done after {} s",
            STEP_LIMIT.as_secs()
        ))),
    }
}

fn last_lines(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Puts the finished kernel under its name in one rename, so that nobody sees half of it.
fn store(work: &Path, cached: &Cached, version: &str) -> Result<(), Failure> {
    let ready = work.join("ready");
    fs::create_dir(&ready).context("creating the directory of the finished kernel")?;
    fs::rename(work.join("tree/linux"), ready.join("linux")).context("the kernel is not there")?;
    fs::write(ready.join("version"), format!("{version}\n")).context("noting the version")?;
    match fs::rename(&ready, &cached.directory) {
        Ok(()) => Ok(()),
        // Somebody else built the same kernel at the same time: theirs is as good.
        Err(_) if cached.is_built() => Ok(()),
        Err(error) => Err(Failure::Broken(
            anyhow::Error::new(error).context(format!("storing {}", cached.directory.display())),
        )),
    }
}

/// The directory of one build; removed however the build ends.
struct WorkTree {
    path: PathBuf,
}

impl WorkTree {
    fn create(root: &Path) -> Result<Self, Failure> {
        let path = root.join(format!("building-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for WorkTree {
    fn drop(&mut self) {
        // If this fails, the next build tries again: see `remove_abandoned`.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the directories of builds that were killed.
fn remove_abandoned(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix("building-")) else {
            continue;
        };
        if !Path::new("/proc").join(pid).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
