//! Columns as wide as their widest cell.

use std::fmt;

/// A table with titles.
pub(super) struct Table {
    lines: Vec<Line>,
}

enum Line {
    Row(Vec<String>),
    Note(String),
}

impl Table {
    pub(super) fn new(titles: &[&str]) -> Self {
        Self { lines: vec![Line::Row(titles.iter().map(ToString::to_string).collect())] }
    }

    pub(super) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.lines.push(Line::Row(cells.into()));
    }

    /// A line across all columns.
    pub(super) fn note(&mut self, text: String) {
        self.lines.push(Line::Note(text));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths: Vec<usize> = Vec::new();
        for line in &self.lines {
            let Line::Row(cells) = line else { continue };
            widths.resize(widths.len().max(cells.len()), 0);
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for line in &self.lines {
            match line {
                Line::Note(text) => writeln!(formatter, "{text}")?,
                Line::Row(cells) => {
                    let padded = cells.iter().zip(&widths);
                    let padded = padded.map(|(cell, width)| format!("{cell:width$}"));
                    writeln!(formatter, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())?;
                }
            }
        }
        Ok(())
    }
}
