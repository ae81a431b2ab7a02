//! What is worth a line of the log, and not one each time it happens.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines about the same.
const EVERY: Duration = Duration::from_mins(1);

/// One thing to complain of, once a minute at most.
#[derive(Debug, Default)]
pub(crate) struct Complaint(Mutex<Option<Instant>>);

impl Complaint {
    /// Whether it is to be said now; whoever hears yes says it.
    pub(crate) fn is_due(&self) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_some_and(|at| at.elapsed() < EVERY) {
            return false;
        }
        *said = Some(Instant::now());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once() {
        let complaint = Complaint::default();
        assert_eq!([complaint.is_due(), complaint.is_due()], [true, false]);
    }
}
