//! Tables in plain text.

/// The event column is not wider than this; longer events go on in the next line.
const WIDEST: usize = 56;

/// Rows in columns, each as wide as its widest cell; the second column is wrapped.
pub(super) fn table(header: &[String], rows: &[Vec<String>]) -> String {
    let mut lines = vec![header.to_vec()];
    for row in rows {
        lines.extend(wrapped(row));
    }
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..header.len()).map(|column| width(column).unwrap_or(0)).collect();
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    lines.insert(1, rule);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let separator = if index == 1 { "-+-" } else { " | " };
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join(separator);
        text.push_str("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The row, and one with only the second cell for each further line of it.
fn wrapped(row: &[String]) -> Vec<Vec<String>> {
    let Some(event) = row.get(1) else { return vec![row.to_vec()] };
    let mut lines: Vec<String> = Vec::new();
    for word in event.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDEST => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("  {word}")),
            None => lines.push(word.to_owned()),
        }
    }
    let empty = || vec![String::new(); row.len()];
    lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let mut cells = if index == 0 { row.to_vec() } else { empty() };
            cells[1] = line;
            cells
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_events_are_wrapped_between_words() {
        let header = ["time", "event", "x"].map(String::from);
        let event = "word ".repeat(20);
        let text = table(&header, &[vec!["1".into(), event, "y".into()]]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[2].starts_with("  1    | word") && lines[2].ends_with("| y"));
        assert!(lines[3].starts_with("       |   word"));
        assert!(lines.iter().all(|line| line.chars().count() <= 2 + 4 + 3 + WIDEST + 3 + 1));
    }
}
