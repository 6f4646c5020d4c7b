//! The tables as `docs/import.md` shows them.

use crate::LANGUAGES;
use crate::directive::Directive;
use std::fmt::Write;

/// All tables as Markdown: language by language, section by section.
#[must_use]
pub fn tables() -> String {
    let mut text = String::new();
    for language in LANGUAGES {
        let mut section = "";
        for Directive { section: of, name, fate, text: what } in language.directives {
            if *of != section {
                section = of;
                let title = if section == language.name {
                    language.name.to_owned()
                } else {
                    format!("{}, {section}", language.name)
                };
                let _ok = write!(text, "\n## {title}\n\n| directive | | what becomes of it |\n");
                text.push_str("| --- | --- | --- |\n");
            }
            let what = what.replace('|', "\\|");
            let _ok = writeln!(text, "| `{name}` | {fate} | {what} |");
        }
    }
    text
}
