//! What is outside the text: the file itself, the key file, the host.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

use director_config::{Code, Problems, Texts, check_files, check_node, key_path, load, parse};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// An empty folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn pair() -> String {
    let text = include_str!("good/pair.toml");
    text.replace("/etc/director/cluster.key", "cluster.key")
}

/// The problems as people read them, without the folder of this run.
fn shown(problems: &Problems, folder: &Path) -> String {
    problems.to_string().replace(folder.to_str().unwrap(), "FOLDER")
}

#[test]
fn a_file_is_read_with_its_text() {
    let path = folder("a_file_is_read").join("director.toml");
    std::fs::write(&path, pair()).unwrap();
    let (config, texts) = load(&path).unwrap();
    assert_eq!(texts, Texts::one(path.to_str().unwrap(), pair()));
    assert_eq!(config, parse("director.toml", &pair()).unwrap());
}

#[test]
fn a_missing_file_is_a_problem() {
    let folder = folder("a_missing_file");
    let problems = load(&folder.join("director.toml")).unwrap_err();
    assert_eq!(problems.problems[0].code, Code::Unreadable);
    insta::assert_snapshot!(shown(&problems, &folder), @r"
    error[unreadable]: the file cannot be read: No such file or directory (os error 2)
     --> FOLDER/director.toml:1:1
      = help: check the name, or write the file

    1 problem in FOLDER/director.toml
    ");
}

#[test]
fn a_folder_is_not_a_file() {
    let problems = load(&folder("a_folder")).unwrap_err();
    assert_eq!(problems.problems[0].code, Code::Unreadable);
}

#[test]
fn a_file_that_is_not_utf8_is_a_problem_at_its_byte() {
    let folder = folder("not_utf8");
    let path = folder.join("director.toml");
    std::fs::write(&path, b"[cluster]\nname = \"gr\xfcn\"\n").unwrap();
    let problems = load(&path).unwrap_err();
    insta::assert_snapshot!(shown(&problems, &folder), @r#"
    error[not-utf8]: byte 20 of the file is not UTF-8 text
     --> FOLDER/director.toml:2:11
      |
    2 | name = "gr�n"
      |           ^
      = help: save the file in the encoding UTF-8

    1 problem in FOLDER/director.toml
    "#);
}

#[test]
fn the_key_file_must_be_there_filled_and_closed() {
    let folder = folder("key_file");
    let file = folder.join("director.toml");
    let file = file.to_str().unwrap();
    let config = parse(file, &pair()).unwrap();
    let key = key_path(&config, file);
    assert_eq!(key, folder.join("cluster.key"));
    let shown = || {
        let problems = check_files(&config, &Texts::one(file, pair()));
        let codes: Vec<Code> = problems.iter().map(|problem| problem.code).collect();
        (codes, shown(&Problems::new(file, problems), &folder))
    };

    let (codes, text) = shown();
    assert_eq!(codes, [Code::KeyFileMissing]);
    insta::assert_snapshot!("key_file_missing", text);

    std::fs::create_dir(&key).unwrap();
    assert_eq!(shown().0, [Code::KeyFileMissing]);
    std::fs::remove_dir(&key).unwrap();

    std::fs::write(&key, "").unwrap();
    let (codes, text) = shown();
    assert_eq!(codes, [Code::KeyFileEmpty]);
    insta::assert_snapshot!("key_file_empty", text);

    std::fs::write(&key, "secret").unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o604)).unwrap();
    let (codes, text) = shown();
    assert_eq!(codes, [Code::KeyFileOpen]);
    insta::assert_snapshot!("key_file_open", text);

    std::fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    assert_eq!(shown().0, []);
}

#[test]
fn the_files_of_tls_must_be_there_and_the_key_closed() {
    let folder = folder("api_files");
    let file = |name: &str| folder.join(name);
    let text = format!(
        "{}\n[api]\nlisten = {:?}\ncertificate = {:?}\nkey-file = {:?}\nclients = {:?}\n",
        pair(),
        "0.0.0.0:9471",
        file("api.pem"),
        file("api.key"),
        file("clients.pem"),
    );
    std::fs::write(file("cluster.key"), "secret").unwrap();
    std::fs::set_permissions(file("cluster.key"), Permissions::from_mode(0o600)).unwrap();
    let name = file("director.toml");
    let config = parse("director.toml", &text).unwrap();
    let places = || {
        let problems = check_files(&config, &Texts::one(name.to_str().unwrap(), &text));
        problems.iter().map(|it| (it.code, text[it.span.clone()].to_owned())).collect::<Vec<_>>()
    };
    let quoted = |name: &str| format!("{:?}", file(name));
    assert_eq!(
        places(),
        [
            (Code::Unreadable, quoted("api.pem")),
            (Code::Unreadable, quoted("clients.pem")),
            (Code::SecretMissing, quoted("api.key")),
        ]
    );
    for name in ["api.pem", "clients.pem", "api.key"] {
        std::fs::write(file(name), "something").unwrap();
        std::fs::set_permissions(file(name), Permissions::from_mode(0o644)).unwrap();
    }
    assert_eq!(places(), [(Code::SecretOpen, quoted("api.key"))]);
    std::fs::set_permissions(file("api.key"), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(places(), []);
}

#[test]
fn a_host_that_is_no_node_is_told_which_nodes_there_are() {
    let config = parse("director.toml", &pair()).unwrap();
    let node = |name| check_node(&config, name, &Texts::one("director.toml", pair()));
    assert_eq!(node("d2").unwrap().as_str(), "d2");
    assert!(node("").is_err() && node("d 1").is_err());
    insta::assert_snapshot!(node("lb-7").unwrap_err(), @r"
    error[unknown-node]: there is no node `lb-7`; there are `d1` and `d2`
     --> director.toml:8:2
      |
    8 | [nodes.d1]
      |  ^^^^^
      = help: say which one this host is, with --node d1, or describe it under [nodes.lb-7]

    1 problem in director.toml
    ");
    let help = &node("D2").unwrap_err().problems[0].help;
    assert!(help.contains("--node d2"), "{help}");
}

#[test]
fn the_secrets_of_checks_must_be_there_and_closed() {
    let folder = folder("secrets");
    let file = folder.join("director.toml");
    let file = file.to_str().unwrap();
    let close = |path: &Path, mode| {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    std::fs::write(folder.join("cluster.key"), "a secret").unwrap();
    close(&folder.join("cluster.key"), 0o600);
    let secret = folder.join("redis.password");
    let check = format!(r#"{{ type = "redis", password-file = "{}""#, secret.display());
    let text = pair().replace(r#"{ type = "http", path = "/health", expect = "OK""#, &check);
    let config = parse(file, &text).unwrap_or_else(|it| panic!("{it}"));
    let found = || {
        let problems = check_files(&config, &Texts::one(file, &text));
        let at = |span: &std::ops::Range<usize>| text[span.clone()].contains("redis.password");
        problems.iter().map(|it| (it.code, at(&it.span))).collect::<Vec<_>>()
    };
    assert_eq!(found(), [(Code::SecretMissing, true)]);
    std::fs::write(&secret, "").unwrap();
    assert_eq!(found(), [(Code::SecretMissing, true)]);
    std::fs::write(&secret, "hidden").unwrap();
    close(&secret, 0o644);
    assert_eq!(found(), [(Code::SecretOpen, true)]);
    let problems = Problems::new(file, check_files(&config, &Texts::one(file, &text)));
    assert!(!problems.to_string().contains("hidden"));
    close(&secret, 0o640);
    assert_eq!(found(), []);
}
