//! How results are printed: JSON for programs, aligned columns for people.

use std::io::{self, ErrorKind, Write};

use grantor_protocol::Timestamp;
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
    let (days, second) = (at.seconds().div_euclid(86_400), at.seconds().rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The same where there may be none.
pub(crate) fn instant_or_none(at: Option<Timestamp>) -> String {
    at.map(instant).unwrap_or_default()
}

/// Year, month and day of a day counted from 1970-01-01 in the Gregorian calendar. Years are counted from March, so
/// that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let from_year_0 = days + 719_468;
    let era = from_year_0.div_euclid(146_097);
    let day_of_era = from_year_0.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
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

    #[test]
    fn instants_are_written_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(instant(Timestamp(seconds)), text);
        }
    }
}
