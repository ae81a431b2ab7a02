//! The signature algorithms we know (RFC 7518 section 3.1, RFC 8037 section 3.1). [`Algorithm`] is a closed list:
//! `none` and the HMAC family are not in it, so no token can ask for them where a public key verifies.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest;
use serde::{Serialize, Serializer};

use crate::base64url;

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, which every OpenID provider has to offer (OIDC Core 15.1).
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

/// The name is not one of [`Algorithm::ALL`]; letter case counts (RFC 7515 section 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown or forbidden signature algorithm")]
pub struct UnknownAlgorithm;

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::RS256 => "RS256",
            Algorithm::PS256 => "PS256",
            Algorithm::ES256 => "ES256",
            Algorithm::EdDSA => "EdDSA",
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 => &digest::SHA256,
            // Ed25519 hashes with SHA-512 inside (RFC 8032 section 5.1)
            Algorithm::EdDSA => &digest::SHA512,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or(UnknownAlgorithm)
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What vouches for the claims of a token. Whoever reads the token says beforehand which of these it accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// A signature that a public key verifies.
    Signature(Algorithm),
    /// HS256: an HMAC with the client's secret, which both sides can make (RFC 7518 section 3.2).
    Hmac,
    /// `none`: nothing (RFC 7518 section 3.6).
    Unsigned,
}

impl Protection {
    /// The name in a token's `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Protection::Signature(algorithm) => algorithm.name(),
            Protection::Hmac => "HS256",
            Protection::Unsigned => "none",
        }
    }

    /// `at_hash`, `c_hash` or `s_hash` of `value` in a token so protected; `none` names no hash, so it has none.
    pub fn left_half_hash(self, value: &str) -> Option<String> {
        match self {
            Protection::Signature(algorithm) => Some(left_half_hash(algorithm, value)),
            Protection::Hmac => Some(left_half(&digest::SHA256, value)),
            Protection::Unsigned => None,
        }
    }
}

impl From<Algorithm> for Protection {
    fn from(algorithm: Algorithm) -> Self {
        Protection::Signature(algorithm)
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `at_hash`, `c_hash` or `s_hash` of `value` in a token signed with `algorithm` (OIDC Core 3.1.3.6, 3.3.2.11).
pub fn left_half_hash(algorithm: Algorithm, value: &str) -> String {
    left_half(algorithm.digest(), value)
}

fn left_half(hash: &'static digest::Algorithm, value: &str) -> String {
    let hash = digest::digest(hash, value.as_bytes());
    let bytes = hash.as_ref();
    base64url::encode(bytes.get(..bytes.len() / 2).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_reads_back_from_its_name() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
        }
    }

    // T099, T100
    #[test]
    fn none_and_hmac_do_not_exist_in_any_spelling() {
        for name in ["none", "None", "NONE", "nOnE", "", "HS256", "HS512", "rs256", "RS256 ", "RS1", "ES256K"]
        {
            assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm), "{name}");
        }
    }

    // T116
    #[test]
    fn half_hashes_follow_the_hash_of_the_algorithm() {
        // OIDC Core appendix A.3: the access token, and the code of A.4
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(left_half_hash(Algorithm::RS256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        for algorithm in [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256] {
            assert_eq!(left_half_hash(algorithm, code), "LDktKdoQak3Pk0cnXxCltA");
        }
        // Every hash of an HS256 token is SHA-256 too, and `none` names none
        assert_eq!(Protection::Hmac.left_half_hash(code).as_deref(), Some("LDktKdoQak3Pk0cnXxCltA"));
        assert_eq!(Protection::Unsigned.left_half_hash(code), None);
        let signature = Protection::from(Algorithm::ES256);
        assert_eq!(signature.left_half_hash(code), Some(left_half_hash(Algorithm::ES256, code)));
        // SHA-512 of "abc" (FIPS 180-4), its left 256 bits
        assert_eq!(left_half_hash(Algorithm::EdDSA, "abc"), "3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05o");
    }
}
