//! How far long work is, on standard error: nothing in its first second, then a line a second.

use std::io::{self, Write};
use std::pin::pin;
use std::time::{Duration, Instant};

/// Between two lines.
const EVERY: Duration = Duration::from_secs(1);

/// Work that is counted while it goes on.
#[derive(Debug)]
pub(crate) struct Progress {
    what: String,
    total: Option<u64>,
    done: u64,
    started: Instant,
    told: Instant,
}

impl Progress {
    /// Work that begins now; `total` where it is known how much there is.
    pub(crate) fn new(what: impl Into<String>, total: Option<u64>) -> Self {
        Self::begun(what.into(), total, Instant::now())
    }

    fn begun(what: String, total: Option<u64>, now: Instant) -> Self {
        Self { what, total, done: 0, started: now, told: now }
    }

    /// So much more is done; said when a second has passed since the last word.
    pub(crate) fn advance(&mut self, more: u64) {
        if let Some(line) = self.advanced(more, Instant::now()) {
            // Nobody is left to be told that standard error is closed.
            drop(writeln!(io::stderr().lock(), "grantor: {line}"));
        }
    }

    fn advanced(&mut self, more: u64, now: Instant) -> Option<String> {
        self.done += more;
        if now.duration_since(self.told) < EVERY {
            return None;
        }
        self.told = now;
        let seconds = now.duration_since(self.started).as_secs();
        let done = match self.total {
            Some(total) => {
                let percent = (self.done * 100).checked_div(total).unwrap_or(100).min(100);
                format!("{} of {total} ({percent}%), ", self.done)
            }
            None if self.done > 0 => format!("{}, ", self.done),
            None => String::new(),
        };
        Some(format!("{}: {done}{seconds} s", self.what))
    }
}

/// Waits for work that cannot be counted, and says that it goes on.
pub(crate) async fn waiting<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut progress = Progress::new(what, None);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            () = tokio::time::sleep(EVERY) => progress.advance(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_is_done_within_a_second_says_nothing_and_longer_work_a_line_a_second() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut progress = Progress::begun("importing users".to_owned(), Some(400), start);
        assert_eq!(progress.advanced(50, at(999)), None);
        assert_eq!(
            progress.advanced(50, at(1000)).as_deref(),
            Some("importing users: 100 of 400 (25%), 1 s")
        );
        assert_eq!(progress.advanced(100, at(1999)), None);
        assert_eq!(
            progress.advanced(100, at(3500)).as_deref(),
            Some("importing users: 300 of 400 (75%), 3 s")
        );
    }

    #[test]
    fn work_that_is_not_counted_says_how_long_it_takes() {
        let start = Instant::now();
        let mut progress = Progress::begun("migrating".to_owned(), None, start);
        assert_eq!(progress.advanced(0, start + EVERY).as_deref(), Some("migrating: 1 s"));
        assert_eq!(progress.advanced(7, start + 2 * EVERY).as_deref(), Some("migrating: 7, 2 s"));
        let mut nothing = Progress::begun("nothing".to_owned(), Some(0), start);
        assert_eq!(nothing.advanced(0, start + EVERY).as_deref(), Some("nothing: 0 of 0 (100%), 1 s"));
    }
}
