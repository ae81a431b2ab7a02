//! Drives one operation over a number of connections, each sending its next request when it has the answer to the last.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::failure::Failure;

/// What one connection does, over and over. `false`: nothing is left to do it with.
pub(crate) trait Seat {
    async fn once(&mut self) -> Result<bool, Failure>;
}

/// How often it was done, and how long each took.
#[derive(Debug)]
pub(crate) struct Timing {
    /// From the first to the last, in which all connections were busy.
    pub elapsed: Duration,
    /// In microseconds, shortest first.
    latencies: Vec<u64>,
}

impl Timing {
    pub(crate) fn new(elapsed: Duration, mut latencies: Vec<u64>) -> Self {
        latencies.sort_unstable();
        Self { elapsed, latencies }
    }

    /// How often it was done.
    pub(crate) fn count(&self) -> usize {
        self.latencies.len()
    }

    /// A second.
    #[expect(clippy::cast_precision_loss, reason = "counts below 2^52")]
    pub(crate) fn rate(&self) -> f64 {
        self.count() as f64 / self.elapsed.as_secs_f64()
    }

    /// The time that this share of them (in thousandths) did not exceed, in milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "microseconds below 2^52")]
    pub(crate) fn quantile(&self, thousandths: usize) -> f64 {
        let rank = (self.count() * thousandths).div_ceil(1000).max(1) - 1;
        self.latencies.get(rank).map_or(f64::NAN, |micros| *micros as f64 / 1000.0)
    }
}

/// All seats at once until the time is over, or until the first of them has nothing left: from then on fewer would be
/// busy than the table says.
pub(crate) async fn drive<S: Seat + 'static>(seats: &mut Vec<S>, time: Duration) -> Result<Timing, Failure> {
    let started = Instant::now();
    let ended = Rc::new(std::cell::Cell::new(false));
    let local = LocalSet::new();
    let tasks: Vec<_> = std::mem::take(seats)
        .into_iter()
        .map(|mut seat| {
            let ended = Rc::clone(&ended);
            local.spawn_local(async move {
                let mut latencies = Vec::with_capacity(64 * 1024);
                let mut begun = Instant::now();
                while !ended.get() && begun - started < time {
                    if !seat.once().await? {
                        ended.set(true);
                        break;
                    }
                    let done = Instant::now();
                    latencies.push(u64::try_from((done - begun).as_micros()).unwrap_or(u64::MAX));
                    begun = done;
                }
                Ok::<_, Failure>((seat, latencies))
            })
        })
        .collect();
    let mut all = Vec::new();
    local
        .run_until(async {
            for task in tasks {
                let (seat, latencies) = task.await??;
                all.extend(latencies);
                seats.push(seat);
            }
            Ok::<_, Failure>(())
        })
        .await?;
    Ok(Timing::new(started.elapsed(), all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_time_that_was_measured() {
        let timing = Timing::new(Duration::from_secs(2), (1..=200).rev().map(|n| n * 1000).collect());
        assert!((timing.rate() - 100.0).abs() < 1e-9);
        assert!((timing.quantile(500) - 100.0).abs() < 1e-9);
        assert!((timing.quantile(990) - 198.0).abs() < 1e-9);
        assert!((timing.quantile(1000) - 200.0).abs() < 1e-9);
    }

    #[tokio::test]
    async fn a_run_ends_when_one_has_nothing_left() {
        struct Few(usize);
        impl Seat for Few {
            async fn once(&mut self) -> Result<bool, Failure> {
                self.0 -= usize::from(self.0 > 0);
                tokio::task::yield_now().await;
                Ok(self.0 > 0)
            }
        }
        let timing = drive(&mut vec![Few(5), Few(1000)], Duration::from_mins(1)).await.unwrap();
        assert!((4..20).contains(&timing.count()), "{}", timing.count());
    }
}
