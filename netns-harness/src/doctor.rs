//! What each engine needs of this machine, what of it is missing, and the command that cures it.

use std::path::{Path, PathBuf};

use crate::engine::Engine;
use crate::kernel;
use crate::stack::Stack;

/// Something that is missing, and its cure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// What.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) cure: String,
}

/// The programs that every engine calls inside the lab, and their Debian packages.
const TOOLS: [(&str, &str); 4] =
    [("ip", "iproute2"), ("tc", "iproute2"), ("nft", "nftables"), ("nginx", "nginx-light")];

/// Debian's user-mode kernel.
pub(crate) const STOCK_KERNEL: &str = "/usr/bin/linux.uml";

/// Whether a program is found on the search path or where administrators' programs live.
pub(crate) fn in_path(program: &str) -> bool {
    find(program).is_some()
}

/// Where a program is, on the search path or where administrators' programs live.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// Everything that keeps this machine from running the engine; empty when it can.
///
/// `with_ipvs` is false for a scenario without directors, which needs no IPVS.
pub(crate) fn missing(engine: Engine, with_ipvs: bool) -> Vec<Missing> {
    let mut found: Vec<Missing> = TOOLS
        .iter()
        .filter(|(tool, _)| !in_path(tool))
        .map(|(tool, package)| Missing {
            what: format!("the program {tool}"),
            cure: format!("apt-get install {package}"),
        })
        .collect();
    match engine {
        Engine::Timetravel => found.extend(timetravel()),
        Engine::Uml => found.extend(stock_kernel()),
        Engine::Netns => found.extend(namespaces(with_ipvs)),
    }
    found
}

fn timetravel() -> Option<Missing> {
    let what = match kernel::lookup() {
        Ok(cached) if cached.is_built() => return None,
        Ok(cached) => format!("the lab's own kernel {}", cached.kernel.display()),
        Err(failure) => failure.to_string(),
    };
    Some(Missing { what, cure: "director-lab kernel build".into() })
}

fn stock_kernel() -> Option<Missing> {
    (!Path::new(STOCK_KERNEL).is_file()).then(|| Missing {
        what: format!("the user-mode kernel {STOCK_KERNEL}"),
        cure: "apt-get install user-mode-linux".into(),
    })
}

fn namespaces(with_ipvs: bool) -> Vec<Missing> {
    let mut found = Vec::new();
    if !in_path("unshare") {
        found.push(Missing {
            what: "the program unshare".into(),
            cure: "apt-get install util-linux".into(),
        });
    }
    let root = rustix::process::geteuid().is_root();
    if !root && !may_make_user_namespaces() {
        found.push(Missing {
            what: "the right to make namespaces".into(),
            cure: "run it as root, or sysctl kernel.unprivileged_userns_clone=1 \
                   user.max_user_namespaces=10000"
                .into(),
        });
    }
    if with_ipvs && !Path::new("/proc/net/ip_vs").exists() {
        found.push(if ipvs_module_exists() {
            Missing {
                what: "the kernel module ip_vs is not loaded".into(),
                cure: "modprobe -a ip_vs ip_vs_wlc ip_vs_wrr ip_vs_rr ip_vs_sh".into(),
            }
        } else {
            Missing {
                what: "IPVS: this machine's kernel has neither /proc/net/ip_vs nor a module ip_vs"
                    .into(),
                cure: "use --engine timetravel or --engine uml, which bring their own kernel"
                    .into(),
            }
        });
    }
    found
}

fn may_make_user_namespaces() -> bool {
    let enabled =
        |path: &str| std::fs::read_to_string(path).map_or(true, |text| text.trim() != "0");
    enabled("/proc/sys/user/max_user_namespaces")
        && enabled("/proc/sys/kernel/unprivileged_userns_clone")
}

fn ipvs_module_exists() -> bool {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let index = Path::new("/lib/modules").join(release).join("modules.dep");
    std::fs::read_to_string(index).is_ok_and(|text| text.contains("/ip_vs.ko"))
}

/// The report of `director-lab doctor`; true when at least one engine can run.
pub(crate) fn report() -> (String, bool) {
    let mut text = String::new();
    let mut any = false;
    for engine in Engine::ALL {
        let missing = missing(engine, true);
        if missing.is_empty() {
            any = true;
            text.push_str(&format!("{:<11} ready\n", engine.word()));
            continue;
        }
        text.push_str(&format!("{:<11} cannot run\n", engine.word()));
        for Missing { what, cure } in missing {
            text.push_str(&format!("  missing: {what}\n  cure:    {cure}\n"));
        }
    }
    for stack in Stack::PEERS {
        let word = format!("compare with {}", stack.word());
        match stack.missing() {
            None => text.push_str(&format!("{word} ready\n")),
            Some(Missing { what, cure }) => text.push_str(&format!(
                "{word} cannot be done\n  missing: {what}\n  cure:    {cure}\n"
            )),
        }
    }
    (text, any)
}
