//! The users of a file, one after the other: JSON Lines, or one JSON array.

use std::io::{BufRead, ErrorKind, Read};

use serde_json::Value;

use crate::failure::Failure;

/// More than any user is described with.
const LONGEST_LINE: u64 = 1 << 20;

/// What one entry is, before it is known to be a user.
pub(super) type Entry = Result<Value, String>;

/// The entries of a file with their numbers, from one.
pub(super) enum Entries<R> {
    Lines { reader: R, number: u64, bytes: u64 },
    Array { values: std::vec::IntoIter<Value>, number: u64 },
}

impl<R: BufRead> Entries<R> {
    /// Looks at the first character: a `[` begins an array.
    pub(super) fn new(mut reader: R) -> Result<Self, Failure> {
        let first = first_byte(&mut reader)?;
        if first != Some(b'[') {
            return Ok(Self::Lines { reader, number: 0, bytes: 0 });
        }
        let values: Vec<Value> = serde_json::from_reader(reader)
            .map_err(|error| Failure::new(format!("the file is no JSON array: {error}")))?;
        Ok(Self::Array { values: values.into_iter(), number: 0 })
    }

    /// What an entry is called in messages.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Lines { .. } => "line",
            Self::Array { .. } => "entry",
        }
    }

    /// How much of the file was read; of an array, nothing is told.
    pub(super) fn bytes(&self) -> Option<u64> {
        match self {
            Self::Lines { bytes, .. } => Some(*bytes),
            Self::Array { .. } => None,
        }
    }

    /// The next entry that is not empty.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Entry)>, Failure> {
        match self {
            Self::Array { values, number } => {
                *number += 1;
                Ok(values.next().map(|value| (*number, Ok(value))))
            }
            Self::Lines { reader, number, bytes } => loop {
                let Some(line) = next_line(reader, bytes)? else {
                    return Ok(None);
                };
                *number += 1;
                let entry = match line {
                    Line::Text(text) if text.trim_ascii().is_empty() => continue,
                    Line::Text(text) => {
                        serde_json::from_slice(&text).map_err(|error| format!("not JSON: {error}"))
                    }
                    Line::TooLong => Err("longer than 1 MiB".to_owned()),
                };
                return Ok(Some((*number, entry)));
            },
        }
    }
}

enum Line {
    Text(Vec<u8>),
    TooLong,
}

/// The first byte that means something; what is in front of it, a byte order mark too, is passed over.
fn first_byte(reader: &mut impl BufRead) -> Result<Option<u8>, Failure> {
    loop {
        let (first, passed) = match reader.fill_buf() {
            Ok(buffer) => {
                let rest = buffer.strip_prefix(b"\xef\xbb\xbf").unwrap_or(buffer);
                let rest = rest.trim_ascii_start();
                // Blank lines count: they are passed over where lines are read.
                let mark = if buffer.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
                match rest.first() {
                    Some(first) => (Some(*first), mark),
                    None if buffer.is_empty() => return Ok(None),
                    None => (None, buffer.len()),
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        reader.consume(passed);
        if first.is_some() {
            return Ok(first);
        }
    }
}

fn next_line(reader: &mut impl BufRead, bytes: &mut u64) -> Result<Option<Line>, Failure> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    *bytes += read as u64;
    if read == 0 {
        return Ok(None);
    }
    if read as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
        loop {
            line.clear();
            let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
            *bytes += read as u64;
            if read == 0 || line.ends_with(b"\n") {
                return Ok(Some(Line::TooLong));
            }
        }
    }
    Ok(Some(Line::Text(line)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &[u8]) -> Vec<(u64, Entry)> {
        let mut entries = Entries::new(text).unwrap();
        let mut all = Vec::new();
        while let Some(entry) = entries.next().unwrap() {
            all.push(entry);
        }
        all
    }

    #[test]
    fn lines_and_an_array_hold_the_same_users() {
        let lines = read(b"{\"a\": 1}\n\r\n{\"a\": 2}");
        assert_eq!(lines, [(1, Ok(json!({ "a": 1 }))), (3, Ok(json!({ "a": 2 })))]);
        let array = read(b"\xef\xbb\xbf [{\"a\": 1},\n{\"a\": 2}]");
        assert_eq!(array, [(1, Ok(json!({ "a": 1 }))), (2, Ok(json!({ "a": 2 })))]);
        assert_eq!(read(b"\xef\xbb\xbf{}"), [(1, Ok(json!({})))]);
        assert_eq!(read(b""), []);
    }

    #[test]
    fn a_line_that_is_no_json_or_too_long_leaves_the_others() {
        let long = format!("\"{}\"\n{{}}\nnonsense\n{{}}", "x".repeat(3 << 20));
        let entries = read(long.as_bytes());
        assert_eq!(entries.len(), 4);
        assert_eq!(entries[0], (1, Err("longer than 1 MiB".to_owned())));
        assert_eq!(entries[1], (2, Ok(json!({}))));
        assert!(entries[2].1.as_ref().unwrap_err().starts_with("not JSON"));
        assert_eq!(entries[3], (4, Ok(json!({}))));
    }
}
