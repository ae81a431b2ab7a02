//! How far a long command is, on standard error: once a second where somebody looks, every ten seconds in a log.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

const ON_A_TERMINAL: Duration = Duration::from_secs(1);
const IN_A_LOG: Duration = Duration::from_secs(10);

/// The progress of one command.
#[derive(Debug)]
pub(crate) struct Progress {
    is_terminal: bool,
    /// Bytes to read, where that is known.
    total: Option<u64>,
    started: Instant,
    shown: Instant,
    is_on_a_line: bool,
}

impl Progress {
    pub(crate) fn new(total: Option<u64>) -> Self {
        let now = Instant::now();
        Self { is_terminal: io::stderr().is_terminal(), total, started: now, shown: now, is_on_a_line: false }
    }

    /// Shows how much is done, when it is time to.
    pub(crate) fn show(&mut self, done: u64, bytes: u64) {
        let now = Instant::now();
        let every = if self.is_terminal { ON_A_TERMINAL } else { IN_A_LOG };
        if now.duration_since(self.shown) < every {
            return;
        }
        self.shown = now;
        let line = line(done, bytes, self.total, now.duration_since(self.started));
        let mut stderr = io::stderr().lock();
        // Nobody is left to be told that standard error is closed.
        drop(if self.is_terminal { write!(stderr, "\r\u{1b}[K{line}") } else { writeln!(stderr, "{line}") });
        drop(stderr.flush());
        self.is_on_a_line = self.is_terminal;
    }

    /// Makes room for other lines.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.is_on_a_line) {
            drop(write!(io::stderr().lock(), "\r\u{1b}[K"));
        }
    }
}

fn line(done: u64, bytes: u64, total: Option<u64>, took: Duration) -> String {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = done.saturating_mul(1000) / milliseconds;
    match total.filter(|total| *total > 0) {
        Some(total) => format!("{done} users, {}%, {rate} a second", bytes.saturating_mul(100) / total),
        None => format!("{done} users, {rate} a second"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_how_far_and_how_fast() {
        assert_eq!(line(5000, 50, Some(200), Duration::from_secs(2)), "5000 users, 25%, 2500 a second");
        assert_eq!(line(5000, 50, None, Duration::ZERO), "5000 users, 5000000 a second");
    }
}
