//! Identifiers. Row ids are made by the store (UUID version 7): nothing here draws randomness.
//! `ClientId` and `Subject` are the texts that clients see; they are never used as row keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! row_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id that a stored row carries.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The value a store binds.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError::NotAUuid)
            }
        }
    )+};
}

row_ids! {
    /// A client's row. A client that is deleted and made anew under the same `client_id` has another.
    ClientRowId,
    /// An account's row.
    UserId,
    /// A grant: what a user (or a client, for itself) allowed, and what every token points to.
    GrantId,
    /// One login of one user in one browser.
    SessionId,
    /// One access token (`jti`).
    TokenId,
    /// One initial access token (RFC 7591 section 3): what permits to register.
    InitialTokenId,
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Accepts 1 to 255 characters of %x20-7E.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                printable(text).map(|()| Self(text.to_owned()))
            }

            /// The text as it is sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                printable(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

text_ids! {
    /// `client_id` (RFC 6749 section 2.2 and appendix A.1).
    ClientId,
    /// `sub`: at most 255 ASCII characters (OpenID Connect Core section 2).
    Subject,
}

impl From<UserId> for Subject {
    fn from(user: UserId) -> Self {
        Self(user.to_string())
    }
}

impl From<&ClientId> for Subject {
    /// A client that acts for itself is its own subject (RFC 9068 section 2.2).
    fn from(client: &ClientId) -> Self {
        Self(client.0.clone())
    }
}

/// The issuer a row belongs to. One process serves one issuer now; unique keys carry it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IssuerId(pub i64);

impl IssuerId {
    /// The only issuer, until one process serves several.
    pub const FIRST: Self = Self(1);
}

/// Why a text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a UUID.
    #[error("not a UUID")]
    NotAUuid,
    /// Empty, or longer than 255 characters.
    #[error("must have 1 to 255 characters")]
    Length,
    /// A control or non-ASCII character.
    #[error("only printable ASCII characters are allowed")]
    Alphabet,
}

fn printable(text: &str) -> Result<(), IdError> {
    if text.is_empty() || text.len() > 255 {
        return Err(IdError::Length);
    }
    if text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) { Ok(()) } else { Err(IdError::Alphabet) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_ids_round_trip_through_text_and_json() {
        let text = "01890a5d-ac96-774b-bcce-b302099a8057";
        let id: GrantId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        assert_eq!(GrantId::from_uuid(id.uuid()), id);
        assert_eq!("x".parse::<GrantId>(), Err(IdError::NotAUuid));
    }

    #[test]
    fn client_ids_are_printable_ascii() {
        for (text, expected) in [
            ("my client", Ok(())),
            ("https://client.example/id", Ok(())),
            ("", Err(IdError::Length)),
            ("a\0b", Err(IdError::Alphabet)),
            ("caf\u{e9}", Err(IdError::Alphabet)),
            ("a\r\nb", Err(IdError::Alphabet)),
        ] {
            assert_eq!(ClientId::parse(text).map(|_| ()), expected, "{text:?}");
        }
        assert!(ClientId::parse(&"a".repeat(255)).is_ok());
        assert_eq!(Subject::parse(&"a".repeat(256)), Err(IdError::Length));
        assert!(serde_json::from_str::<ClientId>("\"a\\nb\"").is_err());
    }
}
