//! The report as one page for a browser: everything in one file, nothing from elsewhere.

mod flows;
mod lanes;
mod subject;
#[cfg(test)]
mod tests;
mod view;

use super::{Outcomes, Run};
use serde::Serialize;

const STYLE: &str = include_str!("assets/style.css");
const FRAME: &str = include_str!("assets/frame.html");
/// In the order in which they lean on each other.
const SCRIPTS: [&str; 6] = [
    include_str!("assets/base.js"),
    include_str!("assets/topology.js"),
    include_str!("assets/timeline.js"),
    include_str!("assets/moves.js"),
    include_str!("assets/story.js"),
    include_str!("assets/index.js"),
];

/// A table that stands before the runs: what a campaign counted.
///
/// A cell that is a number may be drawn as a bar, beside the others of its column.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Sheet {
    /// What it is about, one line.
    pub title: String,
    /// One or two sentences under the title; may be empty.
    pub about: String,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// As many cells in each as there are columns.
    pub rows: Vec<Vec<String>>,
}

#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    sheets: &'a [Sheet],
    runs: Vec<view::View<'a>>,
    summary: Outcomes,
}

/// All runs as one page, after the tables; the same bytes for the same runs.
///
/// The page has no reference to another file or host. Its data are JSON in it, in the element with
/// the id `data`.
///
/// # Errors
/// None in practice: every field has a JSON form.
pub fn html(title: &str, sheets: &[Sheet], runs: &[Run]) -> Result<String, serde_json::Error> {
    let page = Page {
        title,
        sheets,
        runs: runs.iter().map(view::of).collect(),
        summary: Outcomes::of(runs),
    };
    // In a script element only `<` can begin its end or a comment (HTML, §4.12.1.3).
    let data = serde_json::to_string(&page)?.replace('<', "\\u003c");
    let mut list = String::new();
    for run in runs {
        let (word, title) = (run.word(), escaped(&run.scenario.title));
        let file = escaped(&run.scenario.file);
        list.push_str(&format!("<li>{word}: {title} ({file})</li>\n"));
    }
    let parts = [
        ("{{title}}", escaped(title)),
        ("{{style}}", STYLE.to_owned()),
        ("{{list}}", list),
        ("{{data}}", data),
        ("{{script}}", SCRIPTS.concat()),
    ];
    Ok(filled(FRAME, &parts))
}

/// The frame with each place filled once; what is filled in is not looked at again.
fn filled(frame: &str, parts: &[(&str, String)]) -> String {
    let mut text = String::new();
    let mut rest = frame;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let name = after.split_once("}}").map_or("", |(name, _)| name);
        let place = format!("{{{{{name}}}}}");
        let part = parts.iter().find(|(wanted, _)| *wanted == place);
        text.push_str(part.map_or("", |(_, part)| part));
        rest = after.split_once("}}").map_or("", |(_, rest)| rest);
    }
    text + rest
}

/// Safe between tags and inside an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
