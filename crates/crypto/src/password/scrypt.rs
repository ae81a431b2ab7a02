//! scrypt (RFC 7914), kept in the PHC form.

use std::fmt;

use ::scrypt::Params;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    encoding::{b64, from_b64},
    refused::{HashRefused, sizes_are_sound},
};

pub(super) const SCHEME: &str = "scrypt";

/// As much as for argon2.
const MOST_MEMORY_BYTES: u64 = 256 << 20;
/// Blocks mixed over all lanes: four times what is recommended today, about two seconds on one core.
const MOST_BLOCKS: u64 = 4 << 20;

/// A scrypt hash of bearable cost.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Scrypt {
    log_n: u8,
    r: u32,
    p: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Scrypt {
    pub(super) fn new(
        log_n: u8,
        r: u32,
        p: u32,
        salt: impl Into<Vec<u8>>,
        hash: Vec<u8>,
    ) -> Result<Self, HashRefused> {
        let salt = salt.into();
        sizes_are_sound(SCHEME, &salt, &hash)?;
        if !(1..=63).contains(&log_n) || r == 0 || p == 0 {
            return Err(HashRefused::Broken {
                scheme: SCHEME,
                reason: "N, r and p must be more than nothing",
            });
        }
        let blocks = u64::from(r).saturating_mul(1 << log_n);
        if blocks.saturating_mul(128) > MOST_MEMORY_BYTES {
            let what = "the bytes of memory";
            return Err(HashRefused::TooCostly { scheme: SCHEME, what, most: MOST_MEMORY_BYTES });
        }
        if blocks.saturating_mul(p.into()) > MOST_BLOCKS {
            return Err(HashRefused::TooCostly {
                scheme: SCHEME,
                what: "N times r times p",
                most: MOST_BLOCKS,
            });
        }
        Ok(Self { log_n, r, p, salt, hash })
    }

    /// The same by N itself, which must be a power of two.
    pub(super) fn with_n(
        n: u64,
        r: u32,
        p: u32,
        salt: impl Into<Vec<u8>>,
        hash: Vec<u8>,
    ) -> Result<Self, HashRefused> {
        let log_n =
            n.checked_ilog2().filter(|_| n.is_power_of_two()).and_then(|log_n| u8::try_from(log_n).ok());
        let broken = HashRefused::Broken { scheme: SCHEME, reason: "N must be a power of two" };
        Self::new(log_n.ok_or(broken)?, r, p, salt, hash)
    }

    /// Reads `$scrypt$ln=17,r=8,p=1$salt$hash`.
    pub(super) fn parse(text: &str) -> Result<Self, HashRefused> {
        let broken = |reason| HashRefused::Broken { scheme: SCHEME, reason };
        let rest = text.strip_prefix("$scrypt$").ok_or(broken("it must begin with $scrypt$"))?;
        let mut parts = rest.split('$');
        let (Some(cost), Some(salt), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(broken("it must be $scrypt$ln=17,r=8,p=1$salt$hash"));
        };
        let mut cost = cost.split(',');
        let mut member = |name| cost.next().and_then(|member| member.strip_prefix(name)?.parse::<u32>().ok());
        let (Some(log_n), Some(r), Some(p)) = (member("ln="), member("r="), member("p=")) else {
            return Err(broken("its parameters must be ln=, r= and p="));
        };
        let decoded = |text| from_b64(text).ok_or(broken("salt and hash must be base64"));
        let log_n = u8::try_from(log_n).map_err(|_| broken("ln is too large"))?;
        Self::new(log_n, r, p, decoded(salt)?, decoded(hash)?)
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let Ok(params) = Params::new(self.log_n, self.r, self.p) else {
            return false;
        };
        let mut computed = Zeroizing::new(vec![0; self.hash.len()]);
        ::scrypt::scrypt(password, &self.salt, &params, &mut computed).is_ok()
            && computed.as_slice().ct_eq(&self.hash).into()
    }
}

impl fmt::Display for Scrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log_n, r, p, .. } = self;
        write!(f, "$scrypt$ln={log_n},r={r},p={p}${}${}", b64(&self.salt), b64(&self.hash))
    }
}
