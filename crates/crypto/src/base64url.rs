//! base64url without padding (RFC 4648 section 5, RFC 7515 section 2), one text per value:
//! padding, white space, the other alphabet and non-zero trailing bits are refused.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The text did not encode bytes in the one accepted way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not canonical base64url")]
pub struct NotBase64Url;

/// Encodes `bytes`.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes what [`encode`] writes and nothing else.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, NotBase64Url> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NotBase64Url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // T106
    #[test]
    fn only_the_canonical_text_is_accepted() {
        assert_eq!(decode("_-8").unwrap(), [0xff, 0xef]);
        for text in ["_-8=", "/+8", "_-9", "_-8\n", " _-8", "_ -8", "_", "_-8.", "\u{feff}_-8"] {
            assert_eq!(decode(text), Err(NotBase64Url), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_decodes_is_what_was_encoded(text in "[A-Za-z0-9_-]{0,40}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(bytes), text);
            }
        }

        #[test]
        fn bytes_survive(bytes: Vec<u8>) {
            prop_assert_eq!(decode(encode(&bytes)).unwrap(), bytes);
        }
    }
}
