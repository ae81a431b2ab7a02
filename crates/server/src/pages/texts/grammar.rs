//! What texts are filled with: numbers, dates and devices, for which each language has its own forms.

use grantor_protocol::{CivilTime, Timestamp};

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

    /// With the symbol of its unit.
    fn symbols(self) -> String {
        let (number, symbol) = match self {
            Self::Seconds(number) => (number, "s"),
            Self::Minutes(number) => (number, "min"),
            Self::Hours(number) => (number, "h"),
            Self::Days(number) => (number, "d"),
        };
        format!("{number}\u{A0}{symbol}")
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

/// The forms of one of our languages.
#[derive(Debug)]
pub(super) struct Inflection {
    /// A length of time that one has to wait for.
    pub(super) counted: fn(Amount) -> String,
    /// A day.
    pub(super) date: fn(CivilTime) -> String,
    /// How many seconds ago.
    pub(super) ago: fn(i64) -> String,
    /// A browser on a system.
    pub(super) device: fn(&str, &str) -> String,
}

/// How a language inflects.
#[derive(Debug, Clone, Copy)]
pub enum Grammar {
    /// As we know it.
    Known(Known),
    /// Not known to us: dates of ISO 8601 and symbols of units, which every language reads.
    Neutral,
}

/// The forms of one of our languages.
#[derive(Debug, Clone, Copy)]
pub struct Known(pub(super) &'static Inflection);

impl Grammar {
    /// How long to wait.
    pub fn wait(self, seconds: u64) -> String {
        let amount = Amount::wait(seconds);
        match self {
            Self::Known(Known(inflection)) => (inflection.counted)(amount),
            Self::Neutral => amount.symbols(),
        }
    }

    /// A day.
    pub fn date(self, at: Timestamp) -> String {
        match self {
            Self::Known(Known(inflection)) => (inflection.date)(CivilTime::of(at)),
            Self::Neutral => CivilTime::of(at).to_string().chars().take_while(|c| *c != 'T').collect(),
        }
    }

    /// How long ago, or when.
    pub fn ago(self, at: Timestamp, now: Timestamp) -> String {
        match self {
            Self::Known(Known(inflection)) => (inflection.ago)(now.seconds().saturating_sub(at.seconds())),
            Self::Neutral => self.date(at),
        }
    }

    /// A browser on a system.
    pub fn device(self, browser: &str, system: &str) -> String {
        match self {
            Self::Known(Known(inflection)) => (inflection.device)(browser, system),
            Self::Neutral => format!("{browser} ({system})"),
        }
    }
}

/// The name of the month, of those of a language.
pub(super) fn month(names: &[&'static str; 12], at: CivilTime) -> &'static str {
    let index = usize::try_from(at.month - 1).ok();
    index.and_then(|index| names.get(index)).copied().unwrap_or_default()
}
