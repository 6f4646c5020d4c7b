//! The examples in documents.

/// A fenced block of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line of its first line of content, counted from 1.
    pub line: usize,
    /// The words after the opening fence: `toml`, `sh`.
    pub language: String,
    /// What stands in it.
    pub text: String,
}

/// What a TOML example is an example of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole `director.toml`.
    Config,
    /// A whole scenario.
    Scenario,
    /// A part of either, or something else.
    Part,
}

/// The fenced blocks of a document, in order.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in markdown.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                let language = language.trim().to_owned();
                open = Some(Block { line: at + 2, language, text: String::new() });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// Told by the sections and keys that only a whole one has.
pub fn kind(toml: &str) -> Kind {
    let begins = |starts: &[&str]| {
        toml.lines().any(|line| starts.iter().any(|start| line.starts_with(start)))
    };
    if begins(&["[cluster]"]) && begins(&["[services"]) {
        Kind::Config
    } else if begins(&["title "]) && begins(&["[nodes"]) {
        Kind::Scenario
    } else {
        Kind::Part
    }
}

/// The command lines in a block of shell that call one of our programs, split into words.
///
/// `cargo run … -p PROGRAM -- …` calls one too. What follows a pipe, `&&`, `;`, `>` or `#` is
/// another command, or none.
pub fn commands(shell: &str, programs: &[&str]) -> Vec<Vec<String>> {
    let joined = shell.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in joined.lines() {
        let line = line.trim().trim_start_matches("$ ");
        let line = line.split(" #").next().unwrap_or_default();
        for piece in line.split(['|', ';', '>', '&']) {
            let words: Vec<&str> = piece.split_whitespace().collect();
            found.extend(command(&words, programs));
        }
    }
    found
}

fn command(words: &[&str], programs: &[&str]) -> Option<Vec<String>> {
    let own =
        |words: &[&str]| words.iter().map(|word| (*word).trim_matches('\'').to_owned()).collect();
    let words = if words.first() == Some(&"sudo") { &words[1..] } else { words };
    if words.first() == Some(&"cargo") {
        let name = words.iter().zip(&words[1..]).find(|(flag, _)| ["-p", "--bin"].contains(flag));
        let program = programs.iter().find(|program| name.is_some_and(|(_, n)| n == *program))?;
        let rest = words.split(|word| *word == "--").nth(1).unwrap_or_default();
        return Some([vec![(*program).to_owned()], own(rest)].concat());
    }
    let name = words.first()?.rsplit('/').next()?;
    programs.contains(&name).then(|| [vec![name.to_owned()], own(&words[1..])].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_lines() {
        let text = "a\n```toml\nb = 1\n```\nc\n```sh\n```\n";
        let expected = [(3, "toml", "b = 1\n"), (7, "sh", "")];
        let expected = expected.map(|(line, language, text)| Block {
            line,
            language: language.into(),
            text: text.into(),
        });
        assert_eq!(blocks(text), expected);
    }

    #[test]
    fn whole_files_are_told_from_parts() {
        assert_eq!(kind("[cluster]\n[services.a]\n"), Kind::Config);
        assert_eq!(kind("title = \"a\"\n[nodes.a]\n"), Kind::Scenario);
        assert_eq!(kind("[cluster]\n"), Kind::Part);
    }

    #[test]
    fn command_lines_are_found_wherever_they_stand() {
        let shell = "# director no\n$ sudo ./target/release/director plan \\\n  --json | jq .\n\
            cargo run --release -p director-sim -- run a.toml > out\nls director\n";
        let found = commands(shell, &["director", "director-sim"]);
        assert_eq!(
            found,
            [vec!["director", "plan", "--json"], vec!["director-sim", "run", "a.toml"]]
        );
    }
}
