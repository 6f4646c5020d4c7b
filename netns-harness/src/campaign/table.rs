//! Tables for people.

/// Columns as wide as their widest cell, indented by two; numbers to the right, words to the left.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: &[[String; N]],
    is_number: impl Fn(usize) -> bool,
) -> String {
    let header = header.map(str::to_owned);
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().chain([&header]).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    });
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if is_number(column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        format!("  {}", cells.collect::<Vec<_>>().join(" | ").trim_end()) + "\n"
    };
    let rule = widths.map(|width| "-".repeat(width)).join("-+-");
    let mut text = line(&header);
    text.push_str(&format!("  {rule}\n"));
    text.extend(rows.iter().map(line));
    text
}
