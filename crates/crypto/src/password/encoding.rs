//! How salts and hashes are written in password hashes: base64 in several alphabets, with and without padding.

use base64::{
    Engine,
    alphabet::{BCRYPT, STANDARD},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Old writers left bits behind the last byte that mean nothing.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

const B64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BCRYPT64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, LENIENT);

/// Base64 of the PHC form: the standard alphabet without padding.
pub(super) fn b64(bytes: &[u8]) -> String {
    B64.encode(bytes)
}

/// Reads base64 with or without padding; passlib and OpenLDAP write a dot for the plus.
pub(super) fn from_b64(text: &str) -> Option<Vec<u8>> {
    B64.decode(text.replace('.', "+")).ok()
}

/// Base64 in the alphabet of bcrypt.
pub(super) fn bcrypt64(bytes: &[u8]) -> String {
    BCRYPT64.encode(bytes)
}

/// Reads base64 in the alphabet of bcrypt.
pub(super) fn from_bcrypt64(text: &str) -> Option<Vec<u8>> {
    BCRYPT64.decode(text).ok()
}

/// Reads hexadecimal digits of either case.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| (high << 4) | low).collect())
}
