//! Scope (RFC 6749 section 3.3): a set of case-sensitive tokens that keeps the order it was asked in.
//! Repeats and extra spaces are forgiven; size is not, because consent and tokens carry every value.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Makes the request an OpenID Connect request.
pub const OPENID: &str = "openid";
/// Asks for a refresh token (OpenID Connect Core section 11).
pub const OFFLINE_ACCESS: &str = "offline_access";
/// The name under which Hydra's clients ask for a refresh token.
pub const OFFLINE: &str = "offline";

const MOST_VALUES: usize = 100;
const MOST_BYTES: usize = 4096;

/// Distinct scope tokens, kept as the canonical text they are sent in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(String);

/// Why a text is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// More than 4096 bytes.
    #[error("a scope may have at most {MOST_BYTES} bytes")]
    TooLong,
    /// More than 100 values.
    #[error("a scope may have at most {MOST_VALUES} values")]
    TooManyValues,
    /// A character outside %x21 / %x23-5B / %x5D-7E.
    #[error("a scope value may hold printable ASCII characters except space, double quote and backslash")]
    Alphabet,
}

impl Scope {
    /// Splits on spaces, drops repeats, refuses what RFC 6749 does not allow.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > MOST_BYTES {
            return Err(ScopeError::TooLong);
        }
        let mut values: Vec<&str> = Vec::new();
        for value in text.split(' ').filter(|value| !value.is_empty()) {
            if !value.bytes().all(is_scope_character) {
                return Err(ScopeError::Alphabet);
            }
            if values.contains(&value) {
                continue;
            }
            if values.len() == MOST_VALUES {
                return Err(ScopeError::TooManyValues);
            }
            values.push(value);
        }
        Ok(Self(values.join(" ")))
    }

    /// No value at all.
    pub const fn empty() -> Self {
        Self(String::new())
    }

    /// The values in the order they were asked.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|value| !value.is_empty())
    }

    /// Whether `value` is asked, letter for letter.
    pub fn contains(&self, value: &str) -> bool {
        self.iter().any(|own| own == value)
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `other` allows all of this.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.first_outside(other).is_none()
    }

    /// The first value that `other` does not allow, for the log.
    pub fn first_outside(&self, other: &Self) -> Option<&str> {
        self.iter().find(|value| !other.contains(value))
    }

    /// The values both have, in this one's order.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self::join(self.iter().filter(|value| other.contains(value)))
    }

    /// The values that `other` lacks, in this one's order.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self::join(self.iter().filter(|value| !other.contains(value)))
    }

    /// All values of both, however many.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::join(self.iter().chain(other.iter().filter(|value| !self.contains(value))))
    }

    /// The values of `newer` and then of this one, as many as a scope may have: how standing consent grows. What no longer
    /// fits is asked again.
    #[must_use]
    pub fn renewed_by(&self, newer: &Self) -> Self {
        let (mut bytes, mut values) = (0, 0);
        let both = newer.union(self);
        Self::join(both.iter().take_while(|value| {
            bytes += value.len() + 1;
            values += 1;
            bytes <= MOST_BYTES && values <= MOST_VALUES
        }))
    }

    /// Whether the request is an OpenID Connect request.
    pub fn wants_openid(&self) -> bool {
        self.contains(OPENID)
    }

    /// Whether a refresh token is asked for.
    pub fn wants_offline(&self) -> bool {
        self.contains(OFFLINE_ACCESS) || self.contains(OFFLINE)
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A scope of values that have the right alphabet already.
    pub(crate) fn join<V: AsRef<str>>(values: impl Iterator<Item = V>) -> Self {
        let mut text = String::new();
        for value in values {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(value.as_ref());
        }
        Self(text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        Self::parse(&text)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}

const fn is_scope_character(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    #[test]
    fn spaces_and_repeats_are_forgiven() {
        for (text, canonical) in [
            ("openid profile", "openid profile"),
            ("  openid   profile ", "openid profile"),
            ("openid openid profile openid", "openid profile"),
            ("Openid openid", "Openid openid"),
            ("", ""),
            ("   ", ""),
        ] {
            assert_eq!(scope(text).to_string(), canonical, "{text:?}");
        }
    }

    #[test]
    fn other_separators_and_characters_are_refused() {
        for text in ["a\tb", "a\nb", "a\"b", "a\\b", "caf\u{e9}", "a\0", "a\u{a0}b"] {
            assert_eq!(Scope::parse(text), Err(ScopeError::Alphabet), "{text:?}");
        }
    }

    #[test]
    fn size_is_capped() {
        let values = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        assert!(Scope::parse(&values(100)).is_ok());
        assert_eq!(Scope::parse(&values(101)), Err(ScopeError::TooManyValues));
        assert_eq!(Scope::parse(&values(10_000)), Err(ScopeError::TooLong));
        assert!(Scope::parse(&"x ".repeat(2048)).is_ok());
    }

    #[test]
    fn sets_are_compared_and_combined() {
        let asked = scope("openid email api");
        let allowed = scope("email openid profile");
        assert!(!asked.is_subset_of(&allowed));
        assert_eq!(asked.first_outside(&allowed), Some("api"));
        assert_eq!(asked.intersection(&allowed), scope("openid email"));
        assert_eq!(asked.difference(&allowed), scope("api"));
        assert_eq!(asked.union(&allowed), scope("openid email api profile"));
        assert!(Scope::empty().is_subset_of(&Scope::empty()));
        assert!(!scope("open").is_subset_of(&scope("openid")));
    }

    #[test]
    fn what_was_agreed_before_gives_way_to_what_is_agreed_now() {
        let values = |from: usize, to: usize| {
            scope(&(from..to).map(|n| format!("v{n}")).collect::<Vec<_>>().join(" "))
        };
        let grown = values(0, 90).renewed_by(&values(200, 220));
        assert_eq!(grown, values(200, 220).union(&values(0, 80)));
        assert_eq!(Scope::parse(grown.as_str()), Ok(grown));
        let long = |letter: &str| scope(&letter.repeat(3000));
        assert_eq!(long("a").renewed_by(&long("b")), long("b"));
        assert_eq!(scope("a").renewed_by(&scope("b a")), scope("b a"));
    }

    #[test]
    fn either_name_asks_for_a_refresh_token() {
        assert!(scope("openid offline_access").wants_offline());
        assert!(scope("offline").wants_offline());
        assert!(!scope("openid offlines").wants_offline());
    }

    proptest! {
        #[test]
        fn parsing_is_idempotent(text in "[ -~]{0,200}") {
            if let Ok(scope) = Scope::parse(&text) {
                prop_assert_eq!(Scope::parse(scope.as_str()), Ok(scope.clone()));
                prop_assert!(scope.is_subset_of(&scope));
            }
        }

        #[test]
        fn an_intersection_is_a_subset_of_both(a in "[a-e ]{0,20}", b in "[a-e ]{0,20}") {
            let (a, b) = (scope(&a), scope(&b));
            let both = a.intersection(&b);
            prop_assert!(both.is_subset_of(&a) && both.is_subset_of(&b));
            prop_assert!(a.is_subset_of(&a.union(&b)) && b.is_subset_of(&a.union(&b)));
        }
    }
}
