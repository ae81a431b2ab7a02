//! Passwords: argon2id (RFC 9106) with the parameters OWASP recommends, and what other systems made of theirs, which is
//! verified as it is and replaced at the next login. A password is its exact bytes; nothing is trimmed or normalised, so
//! that what a user typed twice is what counts.

mod bcrypt;
mod encoding;
mod imported;
mod keycloak;
mod pbkdf2;
mod refused;
mod scrypt;

use std::fmt;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc};

use self::{bcrypt::Bcrypt, pbkdf2::Pbkdf2, scrypt::Scrypt};
use crate::secret::{Secret, SecretHash};
pub use imported::import_password_hash;
pub use refused::HashRefused;

const LONGEST_BYTES: usize = 1024;
const SHORTEST_CHARS: usize = 8;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What an imported hash may cost at most: verifying it must not become an attack on ourselves.
const MOST_MEMORY_KIB: u32 = 262_144;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 8;
/// Memory times passes: about a second on one core.
const MOST_KIB_PASSED: u64 = 1_048_576;
const LEAST_HASH_BYTES: usize = 16;

/// Of no password that anybody knows; a literal, so that the first unknown user costs what every other costs.
const DUMMY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Zgb1Ttz0KQmPOmVrYgTDXw$w7c0L3UQ6UlYfFhMn2qkpbBEW9rHn0xHmFmuTPcNQOc";

/// Why a password was neither accepted nor refused on its merits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// More than 1024 bytes: hashing them is work that no real user asks for.
    #[error("password is longer than 1024 bytes")]
    PasswordTooLong,
    /// Fewer than 8 characters (NIST SP 800-63B section 5.1.1.2).
    #[error("password is shorter than 8 characters")]
    PasswordTooShort,
    /// What is stored is not a password hash of bearable cost.
    #[error("stored password hash is unusable")]
    UnusableHash,
}

/// A hash of any scheme that is verified, of bearable cost. Its text is what is stored.
enum PasswordHash {
    Argon2(Box<phc::PasswordHash>, Params),
    Bcrypt(Bcrypt),
    Pbkdf2(Pbkdf2),
    Scrypt(Scrypt),
}

impl PasswordHash {
    /// Reads what is stored, which is one form a scheme.
    fn parse(text: &str) -> Result<Self, PasswordError> {
        let parsed = if text.starts_with(bcrypt::OVER_SHA256) {
            Bcrypt::parse(text).map(Self::Bcrypt)
        } else {
            imported::modular(text)
        };
        parsed.map_err(|_| PasswordError::UnusableHash)
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argon2(hash, _) => hash.fmt(f),
            Self::Bcrypt(hash) => hash.fmt(f),
            Self::Pbkdf2(hash) => hash.fmt(f),
            Self::Scrypt(hash) => hash.fmt(f),
        }
    }
}

/// The PHC string to store for a password that a user chose.
pub fn hash_password(password: &Secret) -> Result<String, PasswordError> {
    if password.expose().chars().take(SHORTEST_CHARS).count() < SHORTEST_CHARS {
        return Err(PasswordError::PasswordTooShort);
    }
    hash_chosen(password)
}

/// The same for a password that is in use already, however short it is: the user chose it before this rule held.
pub fn rehash_password(password: &Secret) -> Result<String, PasswordError> {
    hash_chosen(password)
}

/// Whether `password` is the one that the stored `hash` was made of.
pub fn verify_password(password: &Secret, hash: &str) -> Result<bool, PasswordError> {
    within_length(password)?;
    let password = password.expose().as_bytes();
    match PasswordHash::parse(hash)? {
        PasswordHash::Argon2(hash, _) => match argon2().verify_password(password, &*hash) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(PasswordError::UnusableHash),
        },
        PasswordHash::Bcrypt(hash) => Ok(hash.verify(password)),
        PasswordHash::Pbkdf2(hash) => Ok(hash.verify(password)),
        PasswordHash::Scrypt(hash) => Ok(hash.verify(password)),
    }
}

/// A hash to verify against when there is no user, so that the answer takes as long as for one.
pub fn dummy_hash() -> &'static str {
    DUMMY
}

/// Whether `hash` should be replaced at the next successful login: it is of another scheme, or costs an attacker less
/// than ours.
pub fn needs_rehash(hash: &str) -> bool {
    match PasswordHash::parse(hash) {
        Ok(PasswordHash::Argon2(hash, params)) => {
            hash.algorithm != argon2::ARGON2ID_IDENT
                || hash.version != Some(Version::V0x13.into())
                || params.m_cost() < MEMORY_KIB
                || params.t_cost() < PASSES
        }
        Ok(PasswordHash::Bcrypt(_) | PasswordHash::Pbkdf2(_) | PasswordHash::Scrypt(_)) | Err(_) => true,
    }
}

/// What an imported hash is recognised by when it comes again; the hash itself is not kept once it was replaced.
pub fn imported_hash_mark(hash: &str) -> SecretHash {
    SecretHash::of(hash)
}

/// The same for a secret that a human chose for a client, which has no least length of ours.
pub(crate) fn hash_chosen(secret: &Secret) -> Result<String, PasswordError> {
    within_length(secret)?;
    // Only a lack of memory or randomness gets here, and the hash in question is the one being made.
    let hash = argon2().hash_password(secret.expose().as_bytes()).map_err(|_| PasswordError::UnusableHash)?;
    Ok(hash.to_string())
}

fn within_length(secret: &Secret) -> Result<(), PasswordError> {
    if secret.expose().len() > LONGEST_BYTES { Err(PasswordError::PasswordTooLong) } else { Ok(()) }
}

/// Reads an argon2 hash in the PHC form.
fn argon2_phc(text: &str) -> Result<PasswordHash, HashRefused> {
    const SCHEME: &str = "argon2";
    let broken = |reason| HashRefused::Broken { scheme: SCHEME, reason };
    let too_costly = |what, most| Err(HashRefused::TooCostly { scheme: SCHEME, what, most });
    let hash = phc::PasswordHash::new(text)
        .map_err(|_| broken("it must be $argon2id$v=19$m=..,t=..,p=..$salt$hash"))?;
    let params = Params::try_from(&hash).map_err(|_| broken("its parameters cannot be"))?;
    if hash.salt.is_none() || hash.hash.is_none_or(|hash| hash.len() < LEAST_HASH_BYTES) {
        return Err(broken("it must have a salt and a hash of 16 bytes at least"));
    }
    if params.m_cost() > MOST_MEMORY_KIB {
        return too_costly("m", MOST_MEMORY_KIB.into());
    }
    if params.t_cost() > MOST_PASSES {
        return too_costly("t", MOST_PASSES.into());
    }
    if params.p_cost() > MOST_LANES {
        return too_costly("p", MOST_LANES.into());
    }
    if u64::from(params.m_cost()) * u64::from(params.t_cost()) > MOST_KIB_PASSED {
        return too_costly("m times t", MOST_KIB_PASSED);
    }
    Ok(PasswordHash::Argon2(Box::new(hash), params))
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod imported_tests;

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "correct horse battery";

    #[test]
    fn a_password_verifies_against_its_own_hash_only() {
        let phc = hash_password(&PASSWORD.into()).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_eq!(verify_password(&PASSWORD.into(), &phc), Ok(true));
        assert_eq!(verify_password(&"correct horse batterY".into(), &phc), Ok(false));
        assert_eq!(verify_password(&"correct horse battery ".into(), &phc), Ok(false));
        assert_ne!(phc, hash_password(&PASSWORD.into()).unwrap());
        assert!(!needs_rehash(&phc));
    }

    #[test]
    fn a_password_is_its_exact_bytes() {
        let phc = hash_password(&"pa\u{df}w\u{f6}rt!".into()).unwrap();
        assert_eq!(verify_password(&"pa\u{df}wo\u{308}rt!".into(), &phc), Ok(false));
    }

    #[test]
    fn lengths_are_bounded_when_a_password_is_set_and_when_it_is_tried() {
        assert_eq!(hash_password(&"1234567".into()), Err(PasswordError::PasswordTooShort));
        assert!(hash_password(&"éééééééé".into()).is_ok());
        let long = Secret::from("x".repeat(1025));
        assert_eq!(hash_password(&long), Err(PasswordError::PasswordTooLong));
        assert_eq!(verify_password(&long, dummy_hash()), Err(PasswordError::PasswordTooLong));
        assert!(hash_password(&"x".repeat(1024).into()).is_ok());
    }

    #[test]
    fn the_dummy_costs_what_a_real_hash_costs_and_fits_nothing() {
        assert!(!needs_rehash(dummy_hash()));
        let Ok(PasswordHash::Argon2(_, params)) = PasswordHash::parse(dummy_hash()) else {
            panic!("not argon2")
        };
        assert_eq!(params.m_cost(), argon2().params().m_cost());
        assert_eq!(params.t_cost(), argon2().params().t_cost());
        assert_eq!(verify_password(&PASSWORD.into(), dummy_hash()), Ok(false));
    }

    #[test]
    fn weaker_hashes_are_replaced() {
        for (from, to) in [("argon2id", "argon2i"), ("m=19456", "m=4096"), ("t=2", "t=1"), ("v=19", "v=16")] {
            assert!(needs_rehash(&DUMMY.replacen(from, to, 1)), "{to}");
        }
        assert!(!needs_rehash(&DUMMY.replace("m=19456", "m=65536")));
    }

    #[test]
    fn a_stored_hash_that_is_broken_or_unbearable_is_a_fault_and_not_a_wrong_password() {
        let unbearable =
            [("m=19456", "m=4194304"), ("t=2", "t=1000"), ("p=1", "p=64")].map(|(a, b)| DUMMY.replace(a, b));
        let broken = ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1", "$2b$12$abcdefghijklmnopqrstuv"];
        for phc in unbearable.iter().map(String::as_str).chain(broken) {
            assert_eq!(verify_password(&PASSWORD.into(), phc), Err(PasswordError::UnusableHash), "{phc}");
            assert!(needs_rehash(phc));
        }
    }
}
