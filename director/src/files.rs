//! The configuration from its files, whole or not at all.

use crate::cli::From;
use crate::import::load;
use director_config::{Code, Problem, Problems, Texts, check_files, check_node, key_path};
use director_core::config::Config;
use director_core::name::{ClusterName, NodeName};
use director_core::wire::heartbeat::{Key, MOST_KEYS};
use director_linux::preflight_reload;
use director_shell::{Settings, Source};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A valid configuration, as this node has it, and who this node is in it.
pub(crate) struct Loaded {
    pub(crate) config: Config,
    pub(crate) node: NodeName,
    pub(crate) texts: Texts,
}

/// Reads the configuration and finds the node in it: the one that was named, or this host.
///
/// # Errors
/// Every problem of the text, or that the node is not in it.
pub(crate) fn configuration(from: &From) -> Result<Loaded, Problems> {
    let path = &from.config;
    let (config, texts) = load(path, from.format)?;
    let name = from.node.clone().unwrap_or_else(|| host_name(&config));
    let node = check_node(&config, &name, &texts)?;
    Ok(Loaded { config: config.local(&node), node, texts })
}

/// The host name as it is configured: whole, or up to its first dot.
pub(crate) fn host_name(config: &Config) -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    let short = name.split('.').next().unwrap_or_default();
    let known = |name: &str| config.nodes.keys().any(|node| node.as_str() == name);
    if !known(&name) && known(short) { short.to_owned() } else { name.into_owned() }
}

/// The configuration with the secret of its key file.
///
/// # Errors
/// Every problem of the text, that the node is not in it, or what is wrong with the key file.
pub(crate) fn settings(from: &From) -> Result<(Settings, NodeName), Problems> {
    let Loaded { config, node, texts } = configuration(from)?;
    let file = texts.file();
    let problems = check_files(&config, &texts);
    if !problems.is_empty() {
        return Err(Problems::new(file, problems));
    }
    let key_file = key_path(&config, file);
    let key =
        read_key(&key_file).map_err(|message| Problems::new(file, vec![key_problem(message)]))?;
    Ok((Settings { config: Arc::new(config), key }, node))
}

/// What a voter needs of the directors' configuration.
pub(crate) struct Trusted {
    pub(crate) cluster: ClusterName,
    pub(crate) voter: Option<SocketAddr>,
    pub(crate) key: Key,
}

/// Reads the configuration and its key on a machine that is not in it.
///
/// # Errors
/// Every problem of the text, or what is wrong with the key file.
pub(crate) fn trusted(path: &Path) -> Result<Trusted, Problems> {
    let (config, _) = load(path, None)?;
    let file = path.display().to_string();
    let key = read_key(&key_path(&config, &file))
        .map_err(|message| Problems::new(&file, vec![key_problem(message)]))?;
    Ok(Trusted { cluster: config.cluster.name, voter: config.cluster.voter, key })
}

/// A secret in each line: the first signs, all are believed. White space around a secret is not
/// part of it: editors and `echo` leave a line end there.
fn read_key(path: &Path) -> Result<Key, String> {
    let failed = |error| format!("the key file {} cannot be read: {error}", path.display());
    let secret = std::fs::read(path).map_err(failed)?;
    let lines = secret.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut secrets = lines.filter(|line| !line.is_empty());
    let Some(first) = secrets.next() else {
        return Err(format!("the key file {} has nothing but white space", path.display()));
    };
    let others: Vec<&[u8]> = secrets.collect();
    if others.len() >= MOST_KEYS {
        let number = others.len() + 1;
        return Err(format!(
            "the key file {} has {number} secrets, one in each line, and {MOST_KEYS} are the most",
            path.display()
        ));
    }
    Ok(others.into_iter().fold(Key::new(first), Key::believing))
}

fn key_problem(message: String) -> Problem {
    Problem {
        code: Code::KeyFileMissing,
        file: None,
        line: 1,
        column: 1,
        message,
        help: "run as a user who may read it, and put a secret in it".to_owned(),
        span: 0..0,
        source_line: None,
    }
}

/// The files, for a reload.
pub(crate) struct Files {
    pub(crate) path: PathBuf,
    pub(crate) format: Option<director_import::Format>,
    pub(crate) node: NodeName,
    /// What was read last and could be used; `None` when nothing has been.
    pub(crate) used: Option<Arc<Config>>,
}

impl Source for Files {
    fn load(&mut self) -> Result<Settings, Vec<String>> {
        let node = Some(self.node.as_str().to_owned());
        let loaded = settings(&From { config: self.path.clone(), format: self.format, node });
        let (settings, _) = loaded.map_err(|problems| {
            let line = |problem: &Problem| {
                let file = problems.file_of(problem);
                let Problem { line, column, message, help, .. } = problem;
                format!("{file}:{line}:{column}: {message}; {help}")
            };
            problems.problems.iter().map(line).collect::<Vec<_>>()
        })?;
        if let Some(used) = &self.used {
            let missing = preflight_reload(used, &settings.config, &self.node);
            if !missing.is_empty() {
                let line = |one: &director_linux::Problem| {
                    format!("{}: {}; {}", one.place, one.what, one.cure)
                };
                return Err(missing.iter().map(line).collect());
            }
        }
        self.used = Some(Arc::clone(&settings.config));
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use director_core::beat::{Beat, Body, Incarnation, Kind};
    use director_core::config::Digest;
    use director_core::name::ClusterName;
    use director_core::wire::heartbeat::{open, seal};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    const PAIR: &str = r#"
[cluster]
key-file = "cluster.key"
links    = [{ interface = "eth0" }]
[nodes.d1]
addresses = { eth0 = "192.0.2.11" }
priority = 200
[nodes.d2]
addresses = { eth0 = "192.0.2.12" }
priority = 100
[groups.web]
addresses = ["192.0.2.100/24 on eth0"]
"#;

    fn folder(text: &str) -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("director.toml");
        fs::write(&path, text).expect("a file");
        let key = folder.path().join("cluster.key");
        fs::write(&key, "a secret\n").expect("a file");
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("a mode");
        let node = NodeName::new("d1").expect("a name");
        (folder, Files { path, format: None, node, used: None })
    }

    #[test]
    fn a_reload_gives_the_present_text() {
        let (_folder, mut files) = folder(PAIR);
        let before = files.load().expect("valid").config;
        assert_eq!(files.load().expect("valid").config, before);
        fs::write(&files.path, PAIR.replace("2.100", "2.101")).expect("a file");
        assert_ne!(files.load().expect("valid").config, before);
    }

    #[test]
    fn what_this_machine_does_not_have_is_refused_when_it_is_new() {
        // Nowhere is there an interface of either name.
        let (_folder, mut files) = folder(&PAIR.replace("eth0", "absent0"));
        files.load().expect("nothing is in use that it could spoil");
        files.load().expect("it was so before");
        let used = files.used.clone();
        fs::write(&files.path, PAIR.replace("eth0", "absent1")).expect("a file");
        let problems = files.load().expect_err("no such interface");
        let said = "interface absent1: there is no such interface;";
        assert!(problems[0].starts_with(said), "{problems:?}");
        assert!(!problems[0].contains('\n') && problems.len() == 1, "{problems:?}");
        assert_eq!(files.used, used);
    }

    #[test]
    fn a_reload_tells_each_problem_in_one_line_with_its_place() {
        let bad = PAIR.replace("192.0.2.11", "192.0.2.311").replace("/24", "/240");
        let (_folder, mut files) = folder(&bad);
        let problems = files.load().expect_err("invalid");
        assert_eq!(problems.len(), 2, "{problems:?}");
        for (problem, line) in problems.iter().zip([6, 12]) {
            assert!(problem.contains(&format!("director.toml:{line}:")), "{problem}");
            assert!(!problem.contains('\n'), "{problem}");
        }
    }

    #[test]
    fn a_reload_reads_all_files_and_uses_none_when_one_is_wrong() {
        let (web, rest) = ("[groups.web]", "include = [\"conf.d/*.toml\"]\n");
        let (start, group) = PAIR.split_at(PAIR.find(web).expect("a group"));
        let (folder, mut files) = folder(&format!("{rest}{start}"));
        let below = folder.path().join("conf.d");
        fs::create_dir(&below).expect("a folder");
        fs::write(below.join("web.toml"), group).expect("a file");
        let before = files.load().expect("valid").config;
        assert_eq!(before.groups.len(), 1);

        fs::write(
            below.join("mail.toml"),
            "[groups.web]\naddresses = [\"192.0.2.101/24 on eth0\"]\n",
        )
        .expect("a file");
        let problems = files.load().expect_err("twice");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("conf.d/web.toml:1:9: [groups.web]"), "{problems:?}");
        assert!(problems[0].contains("line 1 of `") && problems[0].contains("mail.toml"));
        assert_eq!(files.used, Some(before), "what is in use stays in use");

        let mail = "[groups.mail]\naddresses = [\"192.0.2.101/24 on eth0\"]\n";
        fs::write(below.join("mail.toml"), mail).expect("a file");
        assert_eq!(files.load().expect("valid").config.groups.len(), 2);
    }

    #[test]
    fn this_node_has_its_own_and_the_digest_of_all() {
        let own = "[nodes.d1.override]\ninterfaces = { eth0 = \"ens3\" }\n";
        let (_folder, mut files) = folder(&format!("{PAIR}\n{own}"));
        let first = files.load().expect("valid").config;
        files.node = NodeName::new("d2").expect("a name");
        files.used = None;
        let second = files.load().expect("valid").config;
        assert_eq!(first.digest(), second.digest());
        assert_eq!(first.cluster.links[0].interface.as_str(), "ens3");
        assert_eq!(second.cluster.links[0].interface.as_str(), "eth0");
    }

    #[test]
    fn a_node_that_is_gone_from_the_text_is_a_problem() {
        let (_folder, mut files) = folder(&PAIR.replace("[nodes.d1]", "[nodes.d3]"));
        let problems = files.load().expect_err("no d1");
        assert!(problems[0].contains("no node `d1`"), "{problems:?}");
    }

    #[test]
    fn white_space_at_the_end_of_the_key_file_is_no_secret() {
        let (folder, _) = folder(PAIR);
        let path = folder.path().join("cluster.key");
        read_key(&path).expect("a secret");
        fs::write(&path, " \r\n").expect("a file");
        assert!(read_key(&path).expect_err("blank").contains("nothing but white space"));
    }

    #[test]
    fn each_line_of_the_key_file_is_a_secret_and_the_first_signs() {
        let (folder, _) = folder(PAIR);
        let path = folder.path().join("cluster.key");
        fs::write(&path, "new \r\n\n  old\n").expect("a file");
        let key = read_key(&path).expect("two secrets");
        let body = Body {
            version: director_core::wire::heartbeat::VERSION,
            node: NodeName::new("d1").expect("a name"),
            incarnation: Incarnation(1),
            config: Digest(1),
            heard: [].into(),
            claims: [].into(),
            released: [].into(),
            orders: [].into(),
        };
        let beat = Beat { kind: Kind::Regular, sequence: 1, body: Arc::new(body) };
        let cluster = ClusterName::new("director").expect("a name");
        let (new, old) = (Key::new(b"new"), Key::new(b"old"));
        assert_eq!(open(&seal(&beat, &cluster, &key), &cluster, &new), Ok(beat.clone()));
        assert_eq!(open(&seal(&beat, &cluster, &old), &cluster, &key), Ok(beat));
        fs::write(&path, "secret\n".repeat(9)).expect("a file");
        assert!(read_key(&path).expect_err("too many").contains("has 9 secrets"));
    }
}
