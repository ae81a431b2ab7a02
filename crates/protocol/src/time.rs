//! Time as a value: whole seconds since 1970 (`NumericDate`, RFC 7519 section 2), given by the caller.
//! Where milliseconds are needed the name ends in `_ms`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant. One request has one, so that its checks cannot race each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This instant moved by `seconds`; stops at the ends of the range instead of wrapping.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds since 1970.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The second that an instant in milliseconds lies in.
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds.div_euclid(1000))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How long something lives: written `60s`, `5m`, `1h`, `30d`, or as a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lifetime(i64);

/// Largest first, so that `Display` finds the shortest form.
const UNITS: &[(char, i64)] = &[('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Lifetime {
    /// What `from_seconds` can say, 136 years: no sum of an instant and a lifetime leaves the range.
    const LONGEST: i64 = u32::MAX as i64;

    /// A lifetime known when the program is written.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds as i64)
    }

    /// Whole seconds, never negative.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The same in milliseconds.
    pub const fn milliseconds(self) -> i64 {
        self.0 * 1000
    }

    /// The same for response members such as `expires_in`.
    pub const fn unsigned_seconds(self) -> u64 {
        self.0.unsigned_abs()
    }

    /// `0s`, which several settings read as "off".
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    fn checked(seconds: i64) -> Result<Self, LifetimeError> {
        if (0..=Self::LONGEST).contains(&seconds) { Ok(Self(seconds)) } else { Err(LifetimeError) }
    }
}

/// The text is no lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a lifetime of at most 136 years such as \"60s\", \"5m\", \"1h\" or \"30d\"")]
pub struct LifetimeError;

impl FromStr for Lifetime {
    type Err = LifetimeError;

    fn from_str(text: &str) -> Result<Self, LifetimeError> {
        let (digits, scale) = UNITS
            .iter()
            .find_map(|(unit, scale)| text.strip_suffix(*unit).map(|digits| (digits, *scale)))
            .unwrap_or((text, 1));
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(LifetimeError);
        }
        let count: i64 = digits.parse().map_err(|_| LifetimeError)?;
        Self::checked(count.checked_mul(scale).ok_or(LifetimeError)?)
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, scale) =
            UNITS.iter().find(|(_, scale)| self.0 != 0 && self.0 % scale == 0).unwrap_or(&('s', 1));
        write!(f, "{}{unit}", self.0 / scale)
    }
}

impl Serialize for Lifetime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Lifetime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a lifetime such as \"1h\" or a number of seconds")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Lifetime, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<Lifetime, E> {
                Lifetime::checked(seconds).map_err(E::custom)
            }

            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<Lifetime, E> {
                i64::try_from(seconds).map_err(E::custom).and_then(|seconds| self.visit_i64(seconds))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lifetimes_are_read_and_written() {
        for (text, seconds, shown) in [
            ("60s", 60, "1m"),
            ("5m", 300, "5m"),
            ("1h", 3_600, "1h"),
            ("30d", 2_592_000, "30d"),
            ("90", 90, "90s"),
            ("0s", 0, "0s"),
            ("0d", 0, "0s"),
        ] {
            let lifetime: Lifetime = text.parse().unwrap();
            assert_eq!(lifetime.seconds(), seconds, "{text}");
            assert_eq!(lifetime.to_string(), shown, "{text}");
        }
        for text in ["", "s", "-1s", "+1s", "1.5h", "1 h", "1w", "h1", "99999999999999999999s", "49711d"] {
            assert_eq!(text.parse::<Lifetime>(), Err(LifetimeError), "{text}");
        }
    }

    #[test]
    fn json_takes_text_and_seconds() {
        assert_eq!(serde_json::from_str::<Lifetime>("\"2h\"").unwrap().seconds(), 7_200);
        assert_eq!(serde_json::from_str::<Lifetime>("45").unwrap().seconds(), 45);
        assert!(serde_json::from_str::<Lifetime>("-1").is_err());
        assert!(serde_json::from_str::<Lifetime>("1.5").is_err());
    }

    #[test]
    fn instants_do_not_wrap() {
        assert_eq!(Timestamp(i64::MAX).plus(1), Timestamp(i64::MAX));
        assert_eq!(Timestamp::from_milliseconds(-1), Timestamp(-1));
        assert_eq!(Timestamp::from_milliseconds(1_999), Timestamp(1));
    }

    proptest! {
        #[test]
        fn every_lifetime_reads_back_what_it_shows(seconds in any::<u32>()) {
            let lifetime = Lifetime::from_seconds(seconds);
            prop_assert_eq!(lifetime.to_string().parse::<Lifetime>(), Ok(lifetime));
        }
    }
}
