//! bcrypt (`$2a$`, `$2b$`, `$2y$`), and Django's over SHA-256, which has no longest password.
//!
//! A password counts with its first 72 bytes, the zero byte behind it included, as in every other implementation. A zero
//! byte inside counts as any other, as in Go and Python: implementations in C ended the password there, and PHP
//! refuses it.

use std::fmt;

use aws_lc_rs::digest;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    encoding::{bcrypt64, from_bcrypt64},
    refused::HashRefused,
};

pub(super) const SCHEME: &str = "bcrypt";
/// What Django writes in front of a hash of the hash.
pub(super) const OVER_SHA256: &str = "bcrypt_sha256$";

const LEAST_COST: u32 = 4;
/// About a second on one core.
const MOST_COST: u32 = 14;
const MOST_KEY_BYTES: usize = 72;

/// What goes into bcrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Password,
    /// The hexadecimal SHA-256 of the password.
    Sha256,
}

/// A bcrypt hash of bearable cost.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Bcrypt {
    input: Input,
    revision: char,
    cost: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

impl Bcrypt {
    /// Reads `$2b$12$` and 53 characters, with or without [`OVER_SHA256`] in front.
    pub(super) fn parse(text: &str) -> Result<Self, HashRefused> {
        let broken = |reason| HashRefused::Broken { scheme: SCHEME, reason };
        let (input, text) = match text.strip_prefix(OVER_SHA256) {
            Some(rest) => (Input::Sha256, rest),
            None => (Input::Password, text),
        };
        let rest = text.strip_prefix("$2").ok_or(broken("it must begin with $2"))?;
        let revision = match rest.chars().next() {
            Some(revision @ ('a' | 'b' | 'y')) => revision,
            // The one that a defect of crypt_blowfish made of passwords beyond ASCII.
            Some('x') => return Err(HashRefused::NotOffered("bcrypt $2x$")),
            _ => return Err(broken("it must begin with $2a$, $2b$ or $2y$")),
        };
        let rest = rest.get(1..).and_then(|rest| rest.strip_prefix('$'));
        let (cost, rest) = rest.and_then(|rest| rest.split_once('$')).ok_or(broken("there is no cost"))?;
        let cost: u32 = cost.parse().map_err(|_| broken("the cost is no number"))?;
        if cost > MOST_COST {
            return Err(HashRefused::TooCostly { scheme: SCHEME, what: "the cost", most: MOST_COST.into() });
        }
        if cost < LEAST_COST {
            return Err(broken("the cost must be 4 at least"));
        }
        let (salt, hash) = rest.split_at_checked(22).ok_or(broken("it is cut off"))?;
        let decoded =
            |text| from_bcrypt64(text).ok_or(broken("salt and hash must be base64 in bcrypt's alphabet"));
        let (salt, hash) = (decoded(salt)?.try_into(), decoded(hash)?.try_into());
        let (Ok(salt), Ok(hash)) = (salt, hash) else {
            return Err(broken("it must have 60 characters from $2 on"));
        };
        Ok(Self { input, revision, cost, salt, hash })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut key = Zeroizing::new(Vec::with_capacity(MOST_KEY_BYTES + 1));
        match self.input {
            Input::Password => key.extend(password.iter().take(MOST_KEY_BYTES)),
            Input::Sha256 => {
                let digest = digest::digest(&digest::SHA256, password);
                key.extend(
                    digest.as_ref().iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)]),
                );
            }
        }
        key.push(0);
        key.truncate(MOST_KEY_BYTES);
        let computed = Zeroizing::new(::bcrypt::bcrypt(self.cost, self.salt, &key));
        // The 24th byte is computed and never stored.
        computed.get(..self.hash.len()).is_some_and(|computed| computed.ct_eq(&self.hash).into())
    }
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

impl fmt::Display for Bcrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.input {
            Input::Password => "",
            Input::Sha256 => OVER_SHA256,
        };
        let Self { revision, cost, .. } = self;
        write!(f, "{prefix}$2{revision}${cost:02}${}{}", bcrypt64(&self.salt), bcrypt64(&self.hash))
    }
}
