//! Why a password hash of another system is not taken over.

/// What is wrong with a hash, in words for whoever exported it; never the hash itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashRefused {
    /// No known scheme writes this.
    #[error("the password hash is in no form that is known")]
    UnknownForm,
    /// A scheme that is known by its form and not offered.
    #[error("{0} hashes are not taken over: leave password_hash out, and let these users set a new password")]
    NotOffered(&'static str),
    /// A password that is not hashed at all.
    #[error("this is a password and no hash of one: it must not be kept")]
    Plain,
    /// What other systems store for a user who cannot log in with a password.
    #[error("this is no hash but a mark for \"no password\": leave password_hash out")]
    NoPassword,
    /// The scheme is clear, and the rest does not fit it.
    #[error("the {scheme} hash is broken: {reason}")]
    Broken {
        /// The scheme.
        scheme: &'static str,
        /// What does not fit.
        reason: &'static str,
    },
    /// Verifying it would be an attack on ourselves.
    #[error("the {scheme} hash costs too much to verify: {what} may be {most} at most")]
    TooCostly {
        /// The scheme.
        scheme: &'static str,
        /// Which of its parameters.
        what: &'static str,
        /// The bound.
        most: u64,
    },
}

/// Shorter than this, a hash is met by chance, or is no hash.
const LEAST_HASH_BYTES: usize = 16;
/// More than any scheme makes.
const MOST_HASH_BYTES: usize = 128;
const MOST_SALT_BYTES: usize = 256;

/// The bounds that salt and hash of every scheme keep.
pub(super) fn sizes_are_sound(scheme: &'static str, salt: &[u8], hash: &[u8]) -> Result<(), HashRefused> {
    if !(LEAST_HASH_BYTES..=MOST_HASH_BYTES).contains(&hash.len()) {
        return Err(HashRefused::Broken { scheme, reason: "the hash must have 16 to 128 bytes" });
    }
    if salt.is_empty() || salt.len() > MOST_SALT_BYTES {
        return Err(HashRefused::Broken { scheme, reason: "the salt must have 1 to 256 bytes" });
    }
    Ok(())
}
