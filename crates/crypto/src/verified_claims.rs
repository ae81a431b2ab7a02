//! The claims of a token (RFC 7519 section 4) and who vouches for them. Reading a claim of a
//! wrong type is an error and never "absent": a check that is skipped because `exp` is a string is
//! how tokens come to live for ever (CVE-2026-25537).

use std::ops::Deref;

use serde_json::{Map, Value};

use crate::{algorithm::Protection, jws::JwsError, strict_json};

/// Past this, a number is no longer exact in every JSON reader (RFC 8259 section 6).
const LATEST: i64 = 1 << 53;

const INSTANTS: [&str; 4] = ["exp", "nbf", "iat", "auth_time"];
const TEXTS: [&str; 4] = ["iss", "sub", "jti", "nonce"];

/// Why a claim cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// The profile needs it.
    #[error("claim {0} is missing")]
    Missing(&'static str),
    /// It is there and is not what its definition says.
    #[error("claim {0} has a wrong type")]
    WrongType(&'static str),
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` is still to come.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// The claims of a token. Whether anybody vouches for them, their type does not say: [`VerifiedClaims`] does.
#[derive(Debug, Clone)]
pub struct Claims {
    members: Map<String, Value>,
}

/// The claims of a token whose signature or HMAC was verified.
#[derive(Debug, Clone)]
pub struct VerifiedClaims {
    protection: Protection,
    kid: Option<String>,
    claims: Claims,
}

impl VerifiedClaims {
    pub(crate) fn read(
        protection: Protection,
        kid: Option<String>,
        payload: &[u8],
    ) -> Result<Self, JwsError> {
        Ok(VerifiedClaims { protection, kid, claims: Claims::read(payload)? })
    }

    /// What verified them.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// The key that the token named.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

impl From<VerifiedClaims> for Claims {
    /// What was verified, for a caller that takes unsigned claims too.
    fn from(verified: VerifiedClaims) -> Claims {
        verified.claims
    }
}

impl Deref for VerifiedClaims {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        &self.claims
    }
}

impl Claims {
    pub(crate) fn read(payload: &[u8]) -> Result<Self, JwsError> {
        let members = strict_json::object(payload).map_err(|error| JwsError::Claims(error.to_string()))?;
        let claims = Claims { members };
        // Checked here once, so that no caller can forget one of them.
        for name in INSTANTS {
            claims.instant(name)?;
        }
        for name in TEXTS {
            claims.text(name)?;
        }
        claims.audience()?;
        Ok(claims)
    }

    /// A claim that is a string.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, ClaimError> {
        self.typed(name, Value::as_str)
    }

    /// A string that has to be there.
    pub fn required_text(&self, name: &'static str) -> Result<&str, ClaimError> {
        self.text(name)?.ok_or(ClaimError::Missing(name))
    }

    /// A `NumericDate` (RFC 7519 section 2) of whole seconds: a JSON integer, not before 1970.
    pub fn instant(&self, name: &'static str) -> Result<Option<i64>, ClaimError> {
        self.typed(name, |value| value.as_i64().filter(|seconds| (0..=LATEST).contains(seconds)))
    }

    /// An instant that has to be there.
    pub fn required_instant(&self, name: &'static str) -> Result<i64, ClaimError> {
        self.instant(name)?.ok_or(ClaimError::Missing(name))
    }

    /// A claim that is true or false.
    pub fn boolean(&self, name: &'static str) -> Result<Option<bool>, ClaimError> {
        self.typed(name, Value::as_bool)
    }

    /// A claim that is an array of strings.
    pub fn texts(&self, name: &'static str) -> Result<Option<Vec<&str>>, ClaimError> {
        self.typed(name, |value| value.as_array()?.iter().map(Value::as_str).collect())
    }

    /// A claim that is an object.
    pub fn object(&self, name: &'static str) -> Result<Option<&Map<String, Value>>, ClaimError> {
        self.typed(name, Value::as_object)
    }

    /// `aud`: one string or an array of strings (RFC 7519 section 4.1.3); empty when absent.
    pub fn audience(&self) -> Result<Vec<&str>, ClaimError> {
        let audience = self.typed("aud", |value| match value {
            Value::String(one) => Some(vec![one.as_str()]),
            Value::Array(several) => several.iter().map(Value::as_str).collect(),
            _ => None,
        })?;
        Ok(audience.unwrap_or_default())
    }

    /// A claim as it is, for claims whose type is not ours to say.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Every claim.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// Whether the token is valid at `now` (seconds), clocks differing by `leeway` at most; `exp` has to be there.
    pub fn check_times(&self, now: i64, leeway: i64) -> Result<(), ClaimError> {
        if self.required_instant("exp")?.saturating_add(leeway) <= now {
            return Err(ClaimError::Expired);
        }
        for name in ["nbf", "iat"] {
            if self.instant(name)?.is_some_and(|from| from > now.saturating_add(leeway)) {
                return Err(ClaimError::NotYetValid);
            }
        }
        Ok(())
    }

    fn typed<'a, T>(
        &'a self,
        name: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ClaimError> {
        let value = self.members.get(name);
        value.map(|value| read(value).ok_or(ClaimError::WrongType(name))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Result<Claims, JwsError> {
        Claims::read(json.as_bytes())
    }

    // T105
    #[test]
    fn an_instant_is_a_json_integer_or_the_token_is_refused() {
        for name in INSTANTS {
            for value in [
                "\"1300819380\"",
                "1300819380.5",
                "1300819380.0",
                "1e9",
                "-1",
                "9223372036854775807",
                "9223372036854775808",
                "18446744073709551616",
                "null",
                "[]",
                "[1300819380]",
                "true",
                "{}",
            ] {
                let refused = claims(&format!("{{\"{name}\":{value}}}")).unwrap_err();
                assert_eq!(refused, JwsError::Claim(ClaimError::WrongType(name)), "{value}");
            }
            let read = claims(&format!("{{\"{name}\":1300819380}}")).unwrap();
            assert_eq!(read.instant(name), Ok(Some(1_300_819_380)));
        }
    }

    #[test]
    fn registered_texts_and_the_audience_have_their_types() {
        for name in TEXTS {
            for value in ["1", "null", "[\"x\"]", "{}"] {
                let refused = claims(&format!("{{\"{name}\":{value}}}")).unwrap_err();
                assert_eq!(refused, JwsError::Claim(ClaimError::WrongType(name)), "{value}");
            }
        }
        for value in ["1", "null", "[1]", "[\"a\",null]", "{\"a\":1}"] {
            assert!(claims(&format!("{{\"aud\":{value}}}")).is_err(), "{value}");
        }
        assert_eq!(claims(r#"{"aud":"a"}"#).unwrap().audience(), Ok(vec!["a"]));
        assert_eq!(claims(r#"{"aud":["a","b"]}"#).unwrap().audience(), Ok(vec!["a", "b"]));
        assert_eq!(claims("{}").unwrap().audience(), Ok(vec![]));
    }

    #[test]
    fn absent_and_wrong_are_told_apart() {
        let read = claims(r#"{"sid":"s","n":1,"list":["a"],"flag":true,"cnf":{"jkt":"x"}}"#).unwrap();
        assert_eq!(read.text("sid"), Ok(Some("s")));
        assert_eq!(read.text("absent"), Ok(None));
        assert_eq!(read.required_text("absent"), Err(ClaimError::Missing("absent")));
        assert_eq!(read.required_instant("exp"), Err(ClaimError::Missing("exp")));
        assert_eq!(read.text("n"), Err(ClaimError::WrongType("n")));
        assert_eq!(read.texts("list"), Ok(Some(vec!["a"])));
        assert_eq!(read.texts("sid"), Err(ClaimError::WrongType("sid")));
        assert_eq!(read.boolean("flag"), Ok(Some(true)));
        assert_eq!(read.boolean("n"), Err(ClaimError::WrongType("n")));
        assert_eq!(read.object("cnf").unwrap().unwrap()["jkt"], "x");
        assert_eq!(read.object("flag"), Err(ClaimError::WrongType("flag")));
    }

    #[test]
    fn a_token_is_valid_from_its_first_second_until_before_its_last() {
        let token = claims(r#"{"iat":100,"nbf":100,"exp":200}"#).unwrap();
        assert_eq!(token.check_times(99, 0), Err(ClaimError::NotYetValid));
        assert_eq!(token.check_times(99, 1), Ok(()));
        assert_eq!(token.check_times(100, 0), Ok(()));
        assert_eq!(token.check_times(199, 0), Ok(()));
        assert_eq!(token.check_times(200, 0), Err(ClaimError::Expired));
        assert_eq!(token.check_times(204, 5), Ok(()));
        assert_eq!(token.check_times(i64::MAX, i64::MAX), Err(ClaimError::Expired));
        assert_eq!(claims("{}").unwrap().check_times(0, 0), Err(ClaimError::Missing("exp")));
    }
}
