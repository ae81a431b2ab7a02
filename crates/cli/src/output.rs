//! How results are printed: JSON for programs, aligned columns for people.

use std::io::{self, ErrorKind, Write};

use grantor_protocol::{CivilTime, Timestamp};
use serde_json::Value;

use crate::failure::Failure;

/// Prints a line. A reader that has seen enough (`| head`) is no failure.
pub(crate) fn print(line: &str) -> Result<(), Failure> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints a remark that does not change the outcome.
pub(crate) fn warn(line: &str) {
    drop(writeln!(io::stderr().lock(), "grantor: warning: {line}"));
}

/// Prints a document.
pub(crate) fn print_json(document: &Value) -> Result<(), Failure> {
    print(&format!("{document:#}"))
}

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Listing<const COLUMNS: usize> {
    headings: [&'static str; COLUMNS],
    rows: Vec<[String; COLUMNS]>,
    documents: Vec<Value>,
}

impl<const COLUMNS: usize> Listing<COLUMNS> {
    pub(crate) fn new(headings: [&'static str; COLUMNS]) -> Self {
        Self { headings, rows: Vec::new(), documents: Vec::new() }
    }

    /// Adds an entry in both forms.
    pub(crate) fn add(&mut self, row: [String; COLUMNS], document: Value) {
        self.rows.push(row.map(|cell| visible(&cell)));
        self.documents.push(document);
    }

    /// Prints all entries as one JSON array, or as columns.
    pub(crate) fn print(self, as_json: bool) -> Result<(), Failure> {
        if as_json {
            return print_json(&Value::Array(self.documents));
        }
        self.lines().iter().try_for_each(|line| print(line))
    }

    fn lines(&self) -> Vec<String> {
        let headings = self.headings.map(str::to_owned);
        let rows = || std::iter::once(&headings).chain(&self.rows);
        let mut widths = [0; COLUMNS];
        for row in rows() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let line = |row: &[String; COLUMNS]| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        rows().map(line).collect()
    }
}

/// Foreign text in a terminal: what could move the cursor or reorder the line is shown as its code.
fn visible(cell: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let text: String = cell
        .chars()
        .map(|c| if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() })
        .collect();
    if text.is_empty() { "-".to_owned() } else { text }
}

/// An instant as `2026-01-31T12:00:00Z`.
pub(crate) fn instant(at: Timestamp) -> String {
    CivilTime::of(at).to_string()
}

/// The same where there may be none.
pub(crate) fn instant_or_none(at: Option<Timestamp>) -> String {
    at.map(instant).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut listing = Listing::new(["ID", "NAME"]);
        listing.add(["a".to_owned(), "Äpfel".to_owned()], json!({}));
        listing.add(["long".to_owned(), String::new()], json!({}));
        assert_eq!(listing.lines(), ["ID    NAME", "a     Äpfel", "long  -"]);
    }

    #[test]
    fn foreign_text_cannot_move_the_cursor_or_reorder_a_line() {
        assert_eq!(visible("a\u{1b}[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d");
    }
}
