//! One configuration in several files.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

#[path = "common/any_files.rs"]
mod any_files;

use director_config::{Code, Problems, Texts, check_files, load, parse, parse_all, warnings};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

const PAIR: &str = include_str!("good/pair.toml");

/// A folder of its own with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("includes").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// The pair's file in pieces: one for each of its tables.
fn pieces() -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for line in PAIR.split_inclusive('\n') {
        if line.starts_with('[') || pieces.is_empty() {
            pieces.push(String::new());
        }
        pieces.last_mut().unwrap().push_str(line);
    }
    pieces
}

/// What is wrong, as people read it, without the folder of this run.
fn shown(folder: &Path) -> String {
    let problems = load(&folder.join("director.toml")).unwrap_err();
    without(&problems, folder)
}

fn without(problems: &Problems, folder: &Path) -> String {
    problems.to_string().replace(&format!("{}/", folder.display()), "")
}

#[test]
fn a_configuration_in_pieces_is_the_same_as_in_one() {
    let pieces = pieces();
    assert!(pieces.len() >= 5, "{pieces:?}");
    let named: Vec<(String, &str)> = pieces
        .iter()
        .enumerate()
        .map(|(number, text)| (format!("conf.d/{number}.toml"), text.as_str()))
        .collect();
    let mut files: Vec<(&str, &str)> = named.iter().map(|(file, text)| (&**file, *text)).collect();
    files.extend([
        ("director.toml", "include = [\"conf.d/*.toml\"]\n"),
        ("conf.d/.#0.toml", "what an editor leaves behind"),
        ("conf.d/notes.txt", "no part of it"),
    ]);
    let folder = folder("pieces", &files);
    let (config, texts) = load(&folder.join("director.toml")).unwrap();
    assert_eq!(config, parse("pair.toml", PAIR).unwrap());
    assert_eq!(config.digest(), parse("pair.toml", PAIR).unwrap().digest());
    assert_eq!(texts.included(), pieces.len());
    let order: Vec<&str> = texts.iter().skip(1).map(|(_, text)| text).collect();
    assert_eq!(order, pieces);
}

#[test]
fn names_are_relative_to_the_file_that_has_them() {
    let folder = folder(
        "relative [1]",
        &[
            ("director.toml", "include = [\"all/first.toml\", \"none/*.toml\"]\n"),
            ("all/first.toml", "include = [\"more/second.toml\", \"more/**/b?.toml\"]\n"),
            ("all/more/second.toml", PAIR),
            ("all/more/deep/b1.toml", "[telemetry]\nmetrics = \"127.0.0.1:9470\"\n"),
        ],
    );
    let (config, texts) = load(&folder.join("director.toml")).unwrap();
    assert_eq!(texts.included(), 3);
    assert!(config.operations.metrics.is_some());
}

#[test]
fn what_cannot_be_included_is_told_at_its_place() {
    let folder = folder(
        "wrong",
        &[
            (
                "director.toml",
                "include = [\n  \"absent.toml\",\n  \"loop/a.toml\",\n  \"twice.toml\",\n  \
                 \"twice.toml\",\n  \"odd.toml\",\n  7,\n  \"\",\n  \"a***\",\n]\n",
            ),
            ("loop/a.toml", "include = [\"b.toml\"]\n"),
            ("loop/b.toml", "# back\ninclude = [\"../loop/a.toml\"]\n"),
            ("twice.toml", ""),
            ("odd.toml", "include = \"x\"\n"),
        ],
    );
    insta::assert_snapshot!(shown(&folder));
}

#[test]
fn a_file_that_is_no_text_is_told_of_by_itself() {
    let folder = folder("bytes", &[("director.toml", "include = [\"a.toml\", \"b.toml\"]\n")]);
    std::fs::write(folder.join("a.toml"), b"# gr\xfcn\n").unwrap();
    std::fs::write(folder.join("b.toml"), "\n[x\n").unwrap();
    insta::assert_snapshot!(shown(&folder));
}

#[test]
fn depth_has_an_end() {
    let mut files = vec![("director.toml".to_owned(), "include = [\"0.toml\"]".to_owned())];
    let link = |n: i32| (format!("{n}.toml"), format!("include = [\"{}.toml\"]", n + 1));
    files.extend((0..40).map(link));
    let files: Vec<(&str, &str)> = files.iter().map(|(f, t)| (&**f, &**t)).collect();
    let folder = folder("deep", &files);
    let problems = load(&folder.join("director.toml")).unwrap_err().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].code, Code::OutOfRange);
    assert!(problems[0].file.as_ref().unwrap().ends_with("15.toml"), "{problems:?}");
}

#[test]
fn what_is_defined_twice_names_both_places() {
    let (cluster, nodes) = PAIR.split_at(PAIR.find("[nodes.").unwrap());
    let again = "[services.http]\nlisten = 1\n\n[nodes.d1]\npriority = 1\n\n[cluster]\nport = 1\n";
    let folder = folder(
        "duplicates",
        &[
            ("director.toml", &format!("include = [\"a.toml\", \"b.toml\"]\n\n{cluster}")),
            ("a.toml", nodes),
            ("b.toml", again),
        ],
    );
    insta::assert_snapshot!(shown(&folder));
}

#[test]
fn problems_and_traps_stand_in_the_file_that_has_them() {
    let broken = PAIR.replace("10.0.0.22", "10.0.0.21").replace("10.0.0.12\"", "10.0.0.1x\"");
    let (first, second) = broken.split_at(broken.find("[nodes.d2]").unwrap());
    let first = format!("include = [\"rest.toml\"]\n{first}");
    let folder = folder("places", &[("director.toml", &first), ("rest.toml", second)]);
    insta::assert_snapshot!(shown(&folder));

    let (first, second) = PAIR.split_at(PAIR.find("[services.").unwrap());
    let second = second.replace("type = \"http\"", "type = \"tcp\"");
    let second = second.lines().map(|line| line.split(", path").next().unwrap().to_owned());
    let second: Vec<String> =
        second
            .map(|line| {
                if line.starts_with("check") {
                    "check = { type = \"tcp\" }".to_owned()
                } else {
                    line
                }
            })
            .collect();
    let mut texts = Texts::one("director.toml", first);
    texts.add("conf.d/web.toml", second.join("\n"));
    let config = parse_all(&texts).unwrap();
    let found = warnings(&config, &texts);
    let hollow = found.warnings.iter().find(|it| it.trap.as_str() == "hollow-check").unwrap();
    assert_eq!(hollow.file.as_deref(), Some("conf.d/web.toml"));
    assert!(found.to_string().contains("--> conf.d/web.toml:"), "{found}");
    let keys = check_files(&config, &texts);
    assert_eq!(keys[0].file, None, "{keys:?}");
}

#[test]
fn a_text_by_itself_includes_nothing() {
    let problems = parse("x.toml", &format!("include = []\n{PAIR}")).unwrap_err().problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, Code::NoInclude);
}

proptest! {
    /// However the lines of a good file are dealt out, with slips: an answer, in the right file.
    #[test]
    fn any_files_are_answered(
        cuts in prop::collection::vec(0..PAIR.len(), 0..4),
        again in any::<bool>(),
        slip in (0..PAIR.len(), 0..8_usize, "[\\[\\]={}\"a-z0-9é\n]{0,3}"),
    ) {
        let (at, cut, text) = slip;
        let broken = format!("{}{text}{}", &PAIR[..at], &PAIR[(at + cut).min(PAIR.len())..]);
        let mut cuts: Vec<usize> =
            cuts.iter().map(|at| broken.floor_char_boundary(*at)).collect();
        cuts.sort_unstable();
        let first = cuts.first().copied().unwrap_or(broken.len());
        let mut texts = Texts::one("a.toml", &broken[..first]);
        for (number, start) in cuts.iter().enumerate() {
            let end = cuts.get(number + 1).copied().unwrap_or(broken.len());
            texts.add(format!("{number}.toml"), &broken[*start..end]);
        }
        if again {
            texts.add("again.toml", PAIR);
        }
        any_files::all_answer(&texts);
    }

    /// Files that include each other in any way are read to an end.
    #[test]
    fn any_includes_end(edges in prop::collection::vec((0..5_usize, 0..6_usize), 0..12)) {
        let text = |from: usize| {
            let to = edges.iter().filter(|(start, _)| *start == from);
            let to: Vec<String> = to.map(|(_, end)| format!("\"{end}.toml\"")).collect();
            format!("include = [{}]\n[x{from}]\n", to.join(", "))
        };
        let files: Vec<(String, String)> =
            (0..5).map(|number| (format!("{number}.toml"), text(number))).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(f, t)| (&**f, &**t)).collect();
        let folder = folder("graph", &files);
        let problems = load(&folder.join("0.toml")).unwrap_err();
        for problem in &problems.problems {
            let file = problems.file_of(problem);
            let text = std::fs::read_to_string(file).unwrap();
            prop_assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
        }
    }
}
