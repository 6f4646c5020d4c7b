//! The examples in the documents are right: files parse, command lines are understood.

use e2e::guards::examples::{Block, Kind, blocks, commands, kind};
use e2e::guards::{Complaint, demand_none};
use e2e::repository::{self, File};
use scenario::Scenario;
use std::path::PathBuf;
use std::process::Command;

const PROGRAMS: [&str; 3] = ["director", "director-sim", "director-lab"];

#[test]
fn whole_files_in_documents_are_valid() {
    let mut wrong = Vec::new();
    for document in repository::files_of("md") {
        let blocks = blocks(&document.text).into_iter().filter(|block| block.language == "toml");
        let (named, apart): (Vec<Block>, Vec<Block>) =
            blocks.partition(|block| file_name(&block.text).is_some());
        if let Some(first) = named.first() {
            let found = problems_of_all(&named, &document.text);
            wrong.extend(found.map(|text| Complaint::new(&document.path, first.line, text)));
        }
        for block in &apart {
            let found = match kind(&block.text) {
                Kind::Config => director_config::parse(&document.path, &block.text)
                    .err()
                    .map(|problems| problems.to_string()),
                Kind::Scenario => scenario_problems(&document, &block.text),
                Kind::Part => None,
            };
            wrong.extend(found.map(|text| Complaint::new(&document.path, block.line, text)));
        }
    }
    demand_none(&wrong);
}

/// The file that a block says to be, in a comment on its first line: `# conf.d/web.toml`.
fn file_name(text: &str) -> Option<&str> {
    let name = text.lines().next()?.strip_prefix("# ")?;
    (name.ends_with(".toml") && !name.contains([' ', '*'])).then_some(name)
}

/// What is wrong with the configuration that these files of a document are together.
fn problems_of_all(blocks: &[Block], document: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    for block in blocks {
        let path = folder.path().join(file_name(&block.text).expect("a name"));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, &block.text).expect("a file");
    }
    match director_config::load(&folder.path().join("director.toml")) {
        Err(problems) => Some(problems.to_string()),
        Ok((_, texts)) if texts.included() + 1 != blocks.len() => {
            Some(format!("{} files of {}", texts.included() + 1, blocks.len()))
        }
        // What the program prints of them is shown; the number at its end is of one release.
        Ok((_, texts)) => {
            let with = format!("director.toml with {} files that it includes", texts.included());
            let said = format!("{with}: valid, configuration ");
            (!document.contains(&said)).then(|| format!("the document does not show: {said}"))
        }
    }
}

/// An example names a configuration that it does not show: the pair's stands in for it.
fn scenario_problems(document: &File, text: &str) -> Option<String> {
    let read = |_: &str| Ok(repository::read("scenarios/config/pair.toml").text);
    Scenario::parse(&document.path, text, &read).err().map(|problems| problems.to_string())
}

#[test]
fn command_lines_in_documents_are_understood() {
    let mut wrong = Vec::new();
    for document in repository::files_of("md") {
        for block in blocks(&document.text).iter().filter(|block| block.language == "sh") {
            let commands = commands(&block.text, &PROGRAMS);
            let complaint = |text| Complaint::new(&document.path, block.line, text);
            wrong.extend(commands.iter().filter_map(|words| refused(words)).map(complaint));
        }
    }
    demand_none(&wrong);
}

#[test]
fn a_wrong_command_line_is_not_understood() {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<String>>();
    for line in ["director-sim walk", "director-sim run --sed 7 a", "director-sim run --seed x a"] {
        assert!(refused(&words(line)).is_some(), "{line}");
    }
    assert_eq!(refused(&words("director-sim run --seed 7 a")), None);
    assert!(refused(&words("director-sim run scenarios/no-such.toml")).is_some());
}

/// Why the program does not understand these words.
///
/// The program itself is asked, with `--help` behind the words: its parser takes the words one by
/// one, refuses what it does not know, and stops at the help without doing anything. What is
/// missing altogether it does not miss then.
fn refused(words: &[String]) -> Option<String> {
    let [name, arguments @ ..] = words else { return None };
    let line = words.join(" ");
    let root = repository::root();
    let gone = |word: &&String| word.starts_with("scenarios/") && !root.join(word).exists();
    if let Some(word) = arguments.iter().find(gone) {
        return Some(format!("`{line}`: there is no {word}"));
    }
    let program = binary(name);
    let output =
        Command::new(&program).args(arguments).arg("--help").output().unwrap_or_else(|error| {
            panic!("{}: {error}; run `cargo build --workspace`", program.display())
        });
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then(|| format!("`{line}`: {said}"))
}

/// Where `DIRECTOR_BINARIES` says, or where cargo put it when it built this test.
fn binary(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("DIRECTOR_BINARIES") {
        return PathBuf::from(folder).join(name);
    }
    let own = std::env::current_exe().expect("the path of this test");
    own.parent().and_then(|deps| deps.parent()).expect("cargo's folder").join(name)
}
