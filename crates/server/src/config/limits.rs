//! How much a client may send and how long anything may take.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use super::reader::Reader;

/// Bounds on requests and on work.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest request body; past it the answer is 413.
    pub body_bytes: usize,
    /// Largest request line and headers together; past it the answer is 431.
    pub header_bytes: usize,
    /// How long a client may take to send its headers.
    pub header_timeout: Duration,
    /// How long a request may take in all; past it the answer is 503.
    pub request_timeout: Duration,
    /// Password hashes computed at once: at least one.
    pub hash_concurrency: usize,
    /// Callers that may wait for a hash; past it the answer is 503.
    pub hash_queue: usize,
    /// How long a shutdown goes on serving, not ready any more, so that balancers notice.
    pub drain_delay: Duration,
    /// How long a shutdown waits for open requests then.
    pub drain_time: Duration,
}

/// The HTTP/1 parser's buffer cannot be smaller.
const LEAST_HEADER_BYTES: u32 = 8192;

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Limits> {
    let body_bytes = reader.number("limits.body_bytes", 4096, 16 << 20);
    let header_bytes = reader.number("limits.header_bytes", LEAST_HEADER_BYTES, 1 << 20);
    let header_timeout = reader.lifetime("limits.header_timeout");
    let request_timeout = reader.lifetime("limits.request_timeout");
    let hash_concurrency = reader.number("limits.hash_concurrency", 0, 1024);
    let hash_queue = reader.number("limits.hash_queue", 1, 100_000);
    let drain_delay = reader.lifetime_or_zero("limits.drain_delay");
    let drain_time = reader.lifetime_or_zero("limits.drain_time");
    Some(Limits {
        body_bytes: size(body_bytes?),
        header_bytes: size(header_bytes?),
        header_timeout: duration(header_timeout?.seconds()),
        request_timeout: duration(request_timeout?.seconds()),
        hash_concurrency: match size(hash_concurrency?) {
            0 => available_parallelism().map_or(1, NonZeroUsize::get),
            chosen => chosen,
        },
        hash_queue: size(hash_queue?),
        drain_delay: duration(drain_delay?.seconds()),
        drain_time: duration(drain_time?.seconds()),
    })
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn duration(seconds: i64) -> Duration {
    Duration::from_secs(seconds.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, problems_and_warnings};

    #[test]
    fn hashing_uses_every_core_unless_told_otherwise() {
        assert!(config("").limits.hash_concurrency >= 1);
        assert_eq!(config("limits.hash_concurrency = 3").limits.hash_concurrency, 3);
    }

    #[test]
    fn limits_have_bounds_of_their_own() {
        for text in [
            "body_bytes = 0",
            "header_bytes = 100",
            "hash_queue = 0",
            "body_bytes = -1",
            "body_bytes = 99999999999",
        ] {
            assert!(
                problems_and_warnings(&format!("limits.{text}")).0[0].contains("must be between"),
                "{text}"
            );
        }
        assert_eq!(problems_and_warnings("limits.request_timeout = '0s'").0.len(), 1);
        assert!(config("limits.drain_time = '0s'").limits.drain_time.is_zero());
    }
}
