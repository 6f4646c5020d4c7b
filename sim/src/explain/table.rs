//! The table: time, what comes from outside if anything does, and a column for each node.

use super::Line;

/// No column is wider than this.
const WIDEST: usize = 46;

pub(crate) fn table(nodes: &[&str], lines: &[Line]) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let outside = usize::from(lines.iter().any(|line| line.node.is_none()));
    let mut last = None;
    for line in lines {
        let column = match &line.node {
            None => 1,
            Some(name) => 1 + outside + nodes.iter().position(|node| node == name).unwrap_or(0),
        };
        let time = match last == Some(line.at) {
            true => String::new(),
            false => format!("{:3}.{:06}", line.at.as_secs(), line.at.subsec_micros()),
        };
        last = Some(line.at);
        let texts = line.parts.iter().flat_map(|part| wrapped(part));
        for (number, text) in texts.enumerate() {
            let mut row = vec![String::new(); nodes.len() + 1 + outside];
            if number == 0 {
                row[0].clone_from(&time);
            }
            row[column] = text;
            rows.push(row);
        }
    }
    let mut header = vec!["time".to_owned()];
    header.extend((outside > 0).then(|| "outside".to_owned()));
    header.extend(nodes.iter().map(|node| (*node).to_owned()));
    laid_out(&header, &rows)
}

fn laid_out(header: &[String], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let widest = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        widest.max(header[column].chars().count())
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &[String], between: &str| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let text = cells.collect::<Vec<_>>().join(between);
        format!("  {}\n", text.trim_end())
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = line(header, " | ") + &line(&rule, "-+-");
    rows.iter().for_each(|row| text.push_str(&line(row, " | ")));
    text
}

/// Broken between words; what goes on is set in.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDEST => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("    {word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
