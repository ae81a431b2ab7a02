//! Passwords: argon2id (RFC 9106) with the parameters OWASP recommends. A password is its exact
//! bytes; nothing is trimmed or normalised, so that what a user typed twice is what counts.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc};

use crate::secret::Secret;

const LONGEST_BYTES: usize = 1024;
const SHORTEST_CHARS: usize = 8;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What an imported hash may cost at most: verifying it must not become an attack on ourselves.
const MOST_MEMORY_KIB: u32 = 262_144;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 8;

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
    /// What is stored is not an argon2 hash of bearable cost.
    #[error("stored password hash is unusable")]
    UnusableHash,
}

/// The PHC string to store for a password that a user chose.
pub fn hash_password(password: &Secret) -> Result<String, PasswordError> {
    if password.expose().chars().take(SHORTEST_CHARS).count() < SHORTEST_CHARS {
        return Err(PasswordError::PasswordTooShort);
    }
    hash_chosen(password)
}

/// Whether `password` is the one that `phc` was made of.
pub fn verify_password(password: &Secret, phc: &str) -> Result<bool, PasswordError> {
    within_length(password)?;
    let (hash, _) = parse(phc)?;
    match argon2().verify_password(password.expose().as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(PasswordError::UnusableHash),
    }
}

/// A hash to verify against when there is no user, so that the answer takes as long as for one.
pub fn dummy_hash() -> &'static str {
    DUMMY
}

/// Whether `phc` should be replaced at the next successful login, because it costs an attacker less than ours.
pub fn needs_rehash(phc: &str) -> bool {
    let Ok((hash, params)) = parse(phc) else {
        return true;
    };
    hash.algorithm != argon2::ARGON2ID_IDENT
        || hash.version != Some(Version::V0x13.into())
        || params.m_cost() < MEMORY_KIB
        || params.t_cost() < PASSES
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

fn parse(phc: &str) -> Result<(phc::PasswordHash, Params), PasswordError> {
    let hash = phc::PasswordHash::new(phc).map_err(|_| PasswordError::UnusableHash)?;
    let params = Params::try_from(&hash).map_err(|_| PasswordError::UnusableHash)?;
    let bearable = params.m_cost() <= MOST_MEMORY_KIB
        && params.t_cost() <= MOST_PASSES
        && params.p_cost() <= MOST_LANES
        && hash.salt.is_some()
        && hash.hash.is_some();
    if bearable { Ok((hash, params)) } else { Err(PasswordError::UnusableHash) }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

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
        let (_, params) = parse(dummy_hash()).unwrap();
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
