//! PBKDF2 (RFC 8018 section 5.2) with HMAC-SHA-1, -256 and -512, kept in the PHC form.

use std::{fmt, num::NonZeroU32};

use aws_lc_rs::pbkdf2;

use super::{
    encoding::{b64, from_b64},
    refused::{HashRefused, sizes_are_sound},
};

pub(super) const SCHEME: &str = "PBKDF2";

/// Rounds over all blocks of the hash: about two seconds on one core with SHA-512.
const MOST_ROUNDS: u64 = 4_000_000;

/// The hash function below the HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    /// By the end of a PHC identifier, `sha256` of `pbkdf2-sha256`.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

/// A PBKDF2 hash of bearable cost.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pbkdf2 {
    digest: Digest,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Pbkdf2 {
    pub(super) fn new(
        digest: Digest,
        iterations: u32,
        salt: impl Into<Vec<u8>>,
        hash: Vec<u8>,
    ) -> Result<Self, HashRefused> {
        let salt = salt.into();
        sizes_are_sound(SCHEME, &salt, &hash)?;
        let iterations = NonZeroU32::new(iterations)
            .ok_or(HashRefused::Broken { scheme: SCHEME, reason: "there are no iterations" })?;
        let blocks = u64::try_from(hash.len().div_ceil(digest.bytes())).unwrap_or(u64::MAX);
        if u64::from(iterations.get()).saturating_mul(blocks) > MOST_ROUNDS {
            let what = "iterations times blocks of the hash";
            return Err(HashRefused::TooCostly { scheme: SCHEME, what, most: MOST_ROUNDS });
        }
        Ok(Self { digest, iterations, salt, hash })
    }

    /// Reads `$pbkdf2-sha256$i=600000,l=32$salt$hash`, and `$pbkdf2-sha256$29000$salt$hash` as passlib writes it.
    pub(super) fn parse(text: &str) -> Result<Self, HashRefused> {
        let broken = |reason| HashRefused::Broken { scheme: SCHEME, reason };
        let mut parts = text.strip_prefix('$').unwrap_or_default().split('$');
        let (Some(id), Some(cost), Some(salt), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(broken("it must be $scheme$cost$salt$hash"));
        };
        let digest = match id.strip_prefix("pbkdf2") {
            Some("") => Some(Digest::Sha1),
            Some(rest) => rest.strip_prefix('-').and_then(Digest::named),
            None => None,
        };
        let digest = digest
            .ok_or(HashRefused::NotOffered("PBKDF2 with another hash than SHA-1, SHA-256 and SHA-512"))?;
        let iterations = match cost.strip_prefix("i=") {
            Some(members) => members.split(',').next().unwrap_or_default(),
            None => cost,
        };
        let iterations = iterations.parse().map_err(|_| broken("the iterations are no number"))?;
        let decoded = |text| from_b64(text).ok_or(broken("salt and hash must be base64"));
        Self::new(digest, iterations, decoded(salt)?, decoded(hash)?)
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        pbkdf2::verify(self.digest.algorithm(), self.iterations, &self.salt, password, &self.hash).is_ok()
    }
}

impl fmt::Display for Pbkdf2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, iterations, length) = (self.digest.name(), self.iterations, self.hash.len());
        write!(f, "$pbkdf2-{name}$i={iterations},l={length}${}${}", b64(&self.salt), b64(&self.hash))
    }
}
