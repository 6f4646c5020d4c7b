//! Whether the running kernel can have a module, as far as its files tell.

use std::fs;
use std::path::Path;

/// How a module of the running kernel is to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Module {
    /// It is loaded, or part of the kernel.
    Present,
    /// It is among the installed modules.
    Loadable,
    /// The kernel's configuration says that it was left out.
    LeftOut,
    /// The kernel's modules are installed, and it is not among them.
    NotInstalled,
    /// There is nothing to read it from, as in most containers.
    Unknown,
}

/// Looks the module up below `root`, which is `/` but for tests.
pub(crate) fn find(root: &Path, module: &str) -> Module {
    if root.join("sys/module").join(module).exists() {
        return Module::Present;
    }
    let release = release(root);
    let folder = root.join("lib/modules").join(&release);
    if lists(&folder.join("modules.builtin"), module) == Some(true) {
        return Module::Present;
    }
    let loadable = lists(&folder.join("modules.dep"), module);
    if loadable == Some(true) {
        return Module::Loadable;
    }
    let left_out = format!("# {} is not set", option(module));
    let config = fs::read_to_string(root.join("boot").join(format!("config-{release}")));
    if config.is_ok_and(|text| text.lines().any(|line| line == left_out)) {
        return Module::LeftOut;
    }
    if loadable.is_some() { Module::NotInstalled } else { Module::Unknown }
}

/// What to do about a module that the kernel says it does not have.
pub(crate) fn cure(module: &str) -> String {
    advice(find(Path::new("/"), module), module, &release(Path::new("/")))
}

fn advice(state: Module, module: &str, release: &str) -> String {
    let option = option(module);
    match state {
        Module::Present | Module::Loadable => format!("load its module: modprobe {module}"),
        Module::LeftOut => {
            format!("kernel {release} was built without {option}; boot one that has it")
        }
        Module::NotInstalled => format!(
            "{module} is not among the modules of kernel {release}; install the package that has \
             it, or boot a kernel with {option}"
        ),
        Module::Unknown => format!(
            "load its module on the host: modprobe {module}; if there is none, kernel {release} \
             was built without {option}"
        ),
    }
}

/// The kernel's configuration option of a module.
fn option(module: &str) -> String {
    format!("CONFIG_{}", module.to_uppercase())
}

fn release(root: &Path) -> String {
    let text = fs::read_to_string(root.join("proc/sys/kernel/osrelease")).unwrap_or_default();
    text.trim().to_owned()
}

/// Whether the list names the module: `kernel/net/netfilter/ipvs/ip_vs.ko.zst: …`. `None` when
/// there is no list.
fn lists(list: &Path, module: &str) -> Option<bool> {
    let text = fs::read_to_string(list).ok()?;
    let named = |line: &str| {
        let path = line.split(':').next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        let stem = file.split(".ko").next().unwrap_or_default();
        stem.replace('-', "_") == module
    };
    Some(text.lines().any(named))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A root folder of its own that goes away with the test.
    struct Root(PathBuf);

    impl Root {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let folder = format!("director-linux-modules-{}-{name}", std::process::id());
            let root = Self(std::env::temp_dir().join(folder));
            root.write("proc/sys/kernel/osrelease", "6.1.0\n");
            for (path, text) in files {
                root.write(path, text);
            }
            root
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
            fs::write(path, text).expect("write a file");
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const DEP: &str = "lib/modules/6.1.0/modules.dep";

    #[test]
    fn a_module_is_looked_for_where_it_is_loaded_built_in_and_installed() {
        let root = Root::new(
            "found",
            &[
                ("sys/module/ip_vs/refcnt", "0"),
                ("lib/modules/6.1.0/modules.builtin", "kernel/net/ipvs/ip_vs_rr.ko\n"),
                (DEP, "kernel/net/ipvs/ip_vs_wlc.ko.xz: kernel/net/ipvs/ip_vs.ko.xz\n"),
            ],
        );
        assert_eq!(find(&root.0, "ip_vs"), Module::Present);
        assert_eq!(find(&root.0, "ip_vs_rr"), Module::Present);
        assert_eq!(find(&root.0, "ip_vs_wlc"), Module::Loadable);
        assert_eq!(find(&root.0, "ip_vs_mh"), Module::NotInstalled);
    }

    #[test]
    fn a_module_is_not_taken_for_another_that_depends_on_it() {
        let line = "kernel/net/ipvs/ip_vs_wlc.ko: kernel/net/ipvs/ip_vs.ko\n";
        let root = Root::new("depends", &[(DEP, line)]);
        assert_eq!(find(&root.0, "ip_vs"), Module::NotInstalled);
    }

    #[test]
    fn the_configuration_tells_what_was_left_out() {
        let root = Root::new("config", &[("boot/config-6.1.0", "# CONFIG_IP_VS is not set\n")]);
        assert_eq!(find(&root.0, "ip_vs"), Module::LeftOut);
        assert_eq!(find(&root.0, "ip_vs_rr"), Module::Unknown);
    }

    #[test]
    fn each_state_has_its_advice() {
        let says = |state| advice(state, "ip_vs", "6.1.0");
        assert_eq!(says(Module::Loadable), "load its module: modprobe ip_vs");
        assert!(says(Module::LeftOut).contains("built without CONFIG_IP_VS; boot"));
        assert!(says(Module::NotInstalled).contains("not among the modules of kernel 6.1.0"));
        assert!(says(Module::Unknown).contains("on the host: modprobe ip_vs"));
    }
}
