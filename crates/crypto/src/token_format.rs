//! The outer form of our opaque values: a prefix that secret scanners recognise, the body as
//! base64url and a checksum, so that typing errors and random probes are refused before any
//! cryptography or statement.

use crate::{
    base64url,
    secret::{Secret, random_bytes},
};

const CHECKSUM_LEN: usize = 6;

/// What an opaque value is; one is never read as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenPrefix {
    /// An access token (RFC 6749 section 1.4).
    AccessToken,
    /// A refresh token (RFC 6749 section 1.5).
    RefreshToken,
    /// An authorization code (RFC 6749 section 1.3.1).
    AuthorizationCode,
    /// A registration access token (RFC 7592 section 3).
    RegistrationToken,
    /// An initial access token (RFC 7591 section 1.2).
    InitialAccessToken,
}

impl TokenPrefix {
    /// Every prefix.
    pub const ALL: [TokenPrefix; 5] = [
        TokenPrefix::AccessToken,
        TokenPrefix::RefreshToken,
        TokenPrefix::AuthorizationCode,
        TokenPrefix::RegistrationToken,
        TokenPrefix::InitialAccessToken,
    ];

    /// What the value starts with.
    pub fn text(self) -> &'static str {
        match self {
            TokenPrefix::AccessToken => "gr_at_",
            TokenPrefix::RefreshToken => "gr_rt_",
            TokenPrefix::AuthorizationCode => "gr_ac_",
            TokenPrefix::RegistrationToken => "gr_ra_",
            TokenPrefix::InitialAccessToken => "gr_ia_",
        }
    }

    /// What `token` claims to be.
    pub fn of(token: &str) -> Option<TokenPrefix> {
        Self::ALL.into_iter().find(|prefix| token.starts_with(prefix.text()))
    }
}

/// Why a value cannot be one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is something else, perhaps a token of another kind.
    #[error("does not start with the expected prefix")]
    Prefix,
    /// It was mistyped, cut off or made up.
    #[error("checksum does not match")]
    Checksum,
    /// The checksum matches, but this is not how we write bytes.
    #[error(transparent)]
    Body(#[from] base64url::NotBase64Url),
}

/// The text of `body` as a value of this kind.
pub fn encode(prefix: TokenPrefix, body: &[u8]) -> String {
    let mut token = prefix.text().to_owned();
    token.push_str(&base64url::encode(body));
    let checksum = checksum(&token);
    token.push_str(&checksum);
    token
}

/// A new value of this kind, of 256 random bits.
pub fn generate(prefix: TokenPrefix) -> Secret {
    Secret::from(encode(prefix, &random_bytes::<32>()))
}

/// The body of `token`, if it is a value of this kind.
pub fn decode(prefix: TokenPrefix, token: &str) -> Result<Vec<u8>, FormatError> {
    let body_and_checksum = token.strip_prefix(prefix.text()).ok_or(FormatError::Prefix)?;
    let body_len = body_and_checksum.len().checked_sub(CHECKSUM_LEN).ok_or(FormatError::Checksum)?;
    let (text, presented) =
        token.split_at_checked(prefix.text().len() + body_len).ok_or(FormatError::Checksum)?;
    if presented != checksum(text) {
        return Err(FormatError::Checksum);
    }
    let (body, _) = body_and_checksum.split_at_checked(body_len).ok_or(FormatError::Checksum)?;
    Ok(base64url::decode(body)?)
}

fn checksum(text: &str) -> String {
    base64url::encode(crc32fast::hash(text.as_bytes()).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_has_its_prefix_and_a_checksum_of_six_characters() {
        let token = encode(TokenPrefix::AccessToken, &[0xff; 3]);
        assert!(token.starts_with("gr_at_____"), "{token}");
        assert_eq!(token.len(), "gr_at_".len() + 4 + 6);
        assert_eq!(TokenPrefix::of(&token), Some(TokenPrefix::AccessToken));
        assert_eq!(TokenPrefix::of("gr_"), None);
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        let token = encode(TokenPrefix::RefreshToken, b"body");
        assert_eq!(decode(TokenPrefix::AccessToken, &token), Err(FormatError::Prefix));
        let relabelled = token.replace("gr_rt_", "gr_at_");
        assert_eq!(decode(TokenPrefix::AccessToken, &relabelled), Err(FormatError::Checksum));
    }

    // T106
    #[test]
    fn a_body_that_is_not_canonical_is_refused_even_with_its_checksum() {
        for body in ["YQ==", "YR", "Y+/=", " YQ", "YQ\n", "Yé"] {
            let text = format!("gr_at_{body}");
            let token = format!("{text}{}", checksum(&text));
            assert_eq!(
                decode(TokenPrefix::AccessToken, &token),
                Err(FormatError::Body(base64url::NotBase64Url))
            );
        }
    }

    #[test]
    fn short_and_foreign_texts_are_refused_without_a_panic() {
        for token in ["", "gr_at_", "gr_at_abcde", "gr_at_ééééééé", "Bearer", "gr_at_\u{1f600}ab"] {
            assert!(decode(TokenPrefix::AccessToken, token).is_err(), "{token}");
        }
    }

    proptest! {
        #[test]
        fn a_body_survives(body: Vec<u8>) {
            for prefix in TokenPrefix::ALL {
                prop_assert_eq!(decode(prefix, &encode(prefix, &body)), Ok(body.clone()));
            }
        }

        #[test]
        fn one_changed_character_is_refused(body: Vec<u8>, at: prop::sample::Index, to in "[A-Za-z0-9_-]") {
            let token = encode(TokenPrefix::AccessToken, &body);
            let at = at.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assert_eq!(decode(TokenPrefix::AccessToken, &changed).is_ok(), changed == token);
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _ = decode(TokenPrefix::AccessToken, &format!("gr_at_{text}"));
        }
    }
}
