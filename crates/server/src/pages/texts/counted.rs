//! Numbers that sentences hold: each language has its own plural forms for them.

use grantor_protocol::CivilTime;

/// A length of time in the one unit that people would name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    Seconds(u64),
    Minutes(u64),
    Hours(u64),
    Days(u64),
}

impl Amount {
    /// How long to wait: rounded up, so that nobody comes back too early.
    pub(super) fn wait(seconds: u64) -> Self {
        match seconds {
            0 | 1 => Self::Seconds(1),
            2..90 => Self::Seconds(seconds),
            _ => Self::Minutes(seconds.div_ceil(60)),
        }
    }

    /// How long ago, or `None` for just now: what we know is a few minutes old at times.
    pub(super) fn passed(seconds: i64) -> Option<Self> {
        let seconds = u64::try_from(seconds).unwrap_or_default();
        match seconds {
            ..600 => None,
            600..3600 => Some(Self::Minutes(seconds / 60)),
            3600..86_400 => Some(Self::Hours(seconds / 3600)),
            _ => Some(Self::Days(seconds / 86_400)),
        }
    }
}

/// The name of the month, of those of a language.
pub(super) fn month(names: &[&'static str; 12], at: CivilTime) -> &'static str {
    let index = usize::try_from(at.month - 1).ok();
    index.and_then(|index| names.get(index)).copied().unwrap_or_default()
}
