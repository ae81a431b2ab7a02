//! How far long work is, on standard error: nothing in its first second, then a word a second where somebody looks, and
//! every ten seconds in a log.

use std::io::{self, IsTerminal, Write};
use std::pin::pin;
use std::time::{Duration, Instant};

const ON_A_TERMINAL: Duration = Duration::from_secs(1);
const IN_A_LOG: Duration = Duration::from_secs(10);

/// How much of it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// So many; and of the bytes to read so many, where it is known how many there are.
    Counted { count: u64, bytes: u64, of: Option<u64> },
    /// It cannot be counted.
    Unknown,
}

/// The progress of one command.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    is_terminal: bool,
    started: Instant,
    told: Instant,
    is_on_a_line: bool,
}

impl Progress {
    /// Work that begins now.
    pub(crate) fn new(what: &'static str) -> Self {
        let now = Instant::now();
        Self { what, is_terminal: io::stderr().is_terminal(), started: now, told: now, is_on_a_line: false }
    }

    /// Says how much is done, when it is time to.
    pub(crate) fn show(&mut self, done: Done) {
        let Some(line) = self.due(done, Instant::now()) else { return };
        let mut stderr = io::stderr().lock();
        // Nobody is left to be told that standard error is closed.
        drop(if self.is_terminal {
            write!(stderr, "\r\u{1b}[K{line}")
        } else {
            writeln!(stderr, "grantor: {line}")
        });
        drop(stderr.flush());
        self.is_on_a_line = self.is_terminal;
    }

    fn due(&mut self, done: Done, now: Instant) -> Option<String> {
        let every = if self.is_terminal { ON_A_TERMINAL } else { IN_A_LOG };
        if now.duration_since(self.told) < every {
            return None;
        }
        self.told = now;
        Some(format!("{}: {}", self.what, line(done, now.duration_since(self.started))))
    }

    /// Makes room for other lines.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.is_on_a_line) {
            drop(write!(io::stderr().lock(), "\r\u{1b}[K"));
        }
    }
}

fn line(done: Done, took: Duration) -> String {
    match done {
        Done::Counted { count, bytes, of } => {
            let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
            let rate = count.saturating_mul(1000) / milliseconds;
            match of.filter(|of| *of > 0) {
                Some(of) => format!("{count}, {}%, {rate} a second", bytes.saturating_mul(100) / of),
                None => format!("{count}, {rate} a second"),
            }
        }
        Done::Unknown => format!("{} s", took.as_secs()),
    }
}

/// Waits for work that cannot be counted, and says that it goes on.
pub(crate) async fn waiting<T>(what: &'static str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut progress = Progress::new(what);
    loop {
        tokio::select! {
            outcome = &mut work => {
                progress.clear();
                return outcome;
            }
            () = tokio::time::sleep(ON_A_TERMINAL) => progress.show(Done::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_how_far_and_how_fast() {
        let counted = |of| Done::Counted { count: 5000, bytes: 50, of };
        assert_eq!(line(counted(Some(200)), Duration::from_secs(2)), "5000, 25%, 2500 a second");
        assert_eq!(line(counted(None), Duration::ZERO), "5000, 5000000 a second");
        assert_eq!(line(Done::Unknown, Duration::from_millis(3900)), "3 s");
    }

    #[test]
    fn a_terminal_hears_of_it_every_second_and_a_log_every_ten() {
        for (is_terminal, every) in [(true, ON_A_TERMINAL), (false, IN_A_LOG)] {
            let mut progress = Progress { is_terminal, ..Progress::new("migrating") };
            let (start, instant) = (progress.started, Duration::from_millis(1));
            assert_eq!(progress.due(Done::Unknown, start + every.checked_sub(instant).unwrap()), None);
            assert!(
                progress
                    .due(Done::Unknown, start + every)
                    .is_some_and(|line| line.starts_with("migrating: "))
            );
            assert_eq!(progress.due(Done::Unknown, start + every + instant), None);
            assert!(progress.due(Done::Unknown, start + every * 2).is_some());
        }
    }
}
