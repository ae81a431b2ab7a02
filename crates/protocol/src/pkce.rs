//! Proof Key for Code Exchange (RFC 7636). Only `S256` is accepted: `plain` gives no protection
//! once the authorization request is seen (RFC 9700 section 2.1.1), and a missing method means `plain`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The methods that discovery lists.
pub const METHODS: &[&str] = &["S256"];

/// An S256 `code_challenge`: 32 bytes as 43 characters, in their only spelling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Challenge(String);

/// A `code_verifier`: a secret until the code is redeemed.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier(String);

/// Why PKCE parameters are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PkceError {
    /// A challenge without a method means `plain` (RFC 7636 section 4.3).
    #[error("code_challenge_method is missing, which means plain; send S256")]
    MethodMissing,
    /// A method other than `S256`.
    #[error("code_challenge_method must be S256")]
    MethodNotS256,
    /// A method without a challenge.
    #[error("code_challenge_method was sent without a code_challenge")]
    ChallengeMissing,
    /// Not the base64url form of 32 bytes.
    #[error("code_challenge must be 43 characters of base64url without padding")]
    ChallengeMalformed,
    /// Not 43 to 128 unreserved characters.
    #[error("code_verifier must be 43 to 128 unreserved characters")]
    VerifierMalformed,
}

impl Challenge {
    /// Reads what an authorization request says about PKCE; `None` when it says nothing.
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, PkceError> {
        match (challenge, method) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(PkceError::ChallengeMissing),
            (Some(_), None) => Err(PkceError::MethodMissing),
            (Some(challenge), Some("S256")) => Self::from_text(challenge).map(Some),
            (Some(_), Some(_)) => Err(PkceError::MethodNotS256),
        }
    }

    /// The text as it was sent and is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn from_text(text: &str) -> Result<Self, PkceError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| PkceError::ChallengeMalformed)?;
        if bytes.len() == 32 { Ok(Self(text.to_owned())) } else { Err(PkceError::ChallengeMalformed) }
    }
}

impl TryFrom<String> for Challenge {
    type Error = PkceError;

    fn try_from(text: String) -> Result<Self, PkceError> {
        Self::from_text(&text)
    }
}

impl From<Challenge> for String {
    fn from(challenge: Challenge) -> Self {
        challenge.0
    }
}

impl Verifier {
    /// Accepts 43 to 128 unreserved characters (RFC 7636 section 4.1).
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PkceError::VerifierMalformed)
        }
    }

    /// The challenge that this verifier answers (RFC 7636 section 4.6).
    pub fn challenge(&self) -> Challenge {
        Challenge(URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.as_bytes())))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_rfc_7636_appendix_b_holds() {
        assert_eq!(Verifier::parse(VERIFIER).unwrap().challenge().as_str(), CHALLENGE);
    }

    #[test]
    fn t041_only_the_method_s256_is_accepted() {
        assert!(matches!(Challenge::parse(Some(CHALLENGE), Some("S256")), Ok(Some(_))));
        assert_eq!(Challenge::parse(None, None), Ok(None));
        assert_eq!(Challenge::parse(Some(CHALLENGE), None), Err(PkceError::MethodMissing));
        assert_eq!(Challenge::parse(None, Some("S256")), Err(PkceError::ChallengeMissing));
        for method in ["plain", "PLAIN", "s256", "S512", "S256 ", ""] {
            assert_eq!(Challenge::parse(Some(CHALLENGE), Some(method)), Err(PkceError::MethodNotS256));
        }
    }

    #[test]
    fn t042_a_challenge_has_43_characters_of_base64url() {
        let long = "A".repeat(129);
        for challenge in [
            "",
            &CHALLENGE[..42],
            &long,
            &format!("{CHALLENGE}="),
            &format!("{CHALLENGE}A"),
            &CHALLENGE.replace('-', "+"),
            &CHALLENGE.replace('-', "/"),
            &CHALLENGE.replace('O', "\u{d6}"),
            &CHALLENGE.replace("cM", "cN"),
        ] {
            let parsed = Challenge::parse(Some(challenge), Some("S256"));
            assert_eq!(parsed, Err(PkceError::ChallengeMalformed), "{challenge}");
        }
    }

    #[test]
    fn t045_a_verifier_has_43_to_128_unreserved_characters() {
        assert!(Verifier::parse(&"a".repeat(43)).is_ok());
        assert!(Verifier::parse(&"~".repeat(128)).is_ok());
        for verifier in
            ["a", &"a".repeat(42), &"a".repeat(129), &VERIFIER.replace('-', " "), &"\u{e9}".repeat(43)]
        {
            assert_eq!(Verifier::parse(verifier), Err(PkceError::VerifierMalformed), "{verifier}");
        }
    }

    #[test]
    fn t045_the_challenge_itself_is_no_verifier_for_it() {
        assert_ne!(Verifier::parse(CHALLENGE).unwrap().challenge().as_str(), CHALLENGE);
    }

    #[test]
    fn a_verifier_is_never_shown() {
        assert!(!format!("{:?}", Verifier::parse(VERIFIER).unwrap()).contains("dBj"));
    }

    proptest! {
        #[test]
        fn every_verifier_gives_a_challenge_that_parses(text in "[A-Za-z0-9._~-]{43,128}") {
            let challenge = Verifier::parse(&text).unwrap().challenge();
            prop_assert_eq!(Challenge::parse(Some(challenge.as_str()), Some("S256")), Ok(Some(challenge)));
        }
    }
}
