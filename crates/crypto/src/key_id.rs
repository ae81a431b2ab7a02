//! Names of symmetric keys: 64 bits, written as 16 hexadecimal digits.

use std::{fmt, str::FromStr};

use crate::secret::random_bytes;

/// The text is not 16 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key id of 16 hexadecimal digits")]
pub struct NotAKeyId;

macro_rules! key_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 8]);

        impl $name {
            /// The id with these bytes.
            pub fn from_bytes(bytes: [u8; 8]) -> Self {
                $name(bytes)
            }

            /// The bytes, for formats that carry the id in clear.
            pub fn bytes(&self) -> &[u8; 8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", u64::from_be_bytes(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = NotAKeyId;

            fn from_str(text: &str) -> Result<Self, NotAKeyId> {
                let digits = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                let id = if digits { u64::from_str_radix(text, 16).ok() } else { None };
                id.map(|id| $name(id.to_be_bytes())).ok_or(NotAKeyId)
            }
        }
    };
}

key_id! {
    /// Which system secret wrapped a data key. Derived from the secret, so it needs no configuration.
    SystemSecretId
}

key_id! {
    /// Which data key sealed or tagged a value. Random, so nodes never have to agree on a number.
    DataKeyId
}

impl DataKeyId {
    pub(crate) fn random() -> DataKeyId {
        DataKeyId(random_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_has_one_text() {
        let id = DataKeyId::from_bytes([0, 1, 2, 3, 4, 5, 0xfe, 0xff]);
        assert_eq!(id.to_string(), "000102030405feff");
        assert_eq!("000102030405feff".parse(), Ok(id));
        assert_eq!(format!("{id:?}"), "DataKeyId(000102030405feff)");
        for text in ["", "000102030405FEFF", "+00102030405feff", "000102030405fef", "000102030405feff0"] {
            assert_eq!(text.parse::<DataKeyId>(), Err(NotAKeyId), "{text}");
        }
    }
}
