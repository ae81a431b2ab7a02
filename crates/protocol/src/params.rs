//! Request parameters (RFC 6749 sections 3.1 and 3.2): a repeated parameter is an error, one without a
//! value counts as absent. Decoding is strict, so that no two readers of a request see different values.

use std::collections::HashSet;

/// `name=value` pairs in the order they were sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

/// Why an encoded text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// More than 200 parameters.
    #[error("more than {MOST} parameters were sent")]
    TooMany,
    /// `%` without two hexadecimal digits.
    #[error("a percent sign must be followed by two hexadecimal digits")]
    InvalidPercent,
    /// Bytes that are no UTF-8.
    #[error("parameters must be UTF-8")]
    InvalidUtf8,
    /// A NUL character, which some databases and log readers cut texts at.
    #[error("parameters must not contain NUL")]
    ControlCharacter,
    /// A parameter that may stand only once.
    #[error("the parameter {0} was sent more than once")]
    Repeated(String),
}

const MOST: usize = 200;

impl Params {
    /// Reads `application/x-www-form-urlencoded` bytes: a query, or the body of a form.
    pub fn parse(encoded: &[u8]) -> Result<Self, ParamsError> {
        let mut pairs = Vec::new();
        for pair in encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == MOST {
                return Err(ParamsError::TooMany);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter that must not repeat; an empty value counts as absent.
    pub fn single(&self, name: &str) -> Result<Option<&str>, ParamsError> {
        let mut values = self.0.iter().filter(|(own, _)| own == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(ParamsError::Repeated(name.to_owned()));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// The non-empty values of a parameter that may repeat.
    pub fn many(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(own, value)| own == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Refuses any repeated parameter, known or not, except those named.
    pub fn check_no_repeats(&self, except: &[&str]) -> Result<(), ParamsError> {
        let mut seen = HashSet::with_capacity(self.0.len());
        let names = self.0.iter().map(|(name, _)| name.as_str()).filter(|name| !except.contains(name));
        for name in names {
            if !seen.insert(name) {
                return Err(ParamsError::Repeated(name.to_owned()));
            }
        }
        Ok(())
    }

    /// Whether a parameter was sent at all, even without a value.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }

    /// Every pair, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Params {
    /// Names only: values can be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    /// Parameters that were decoded elsewhere, such as the members of a request object.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Decodes one form-encoded text: `+` is a space, `%` needs two digits, the result is UTF-8 without NUL.
pub(crate) fn decode(encoded: &[u8]) -> Result<String, ParamsError> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next())
                .zip(hex(bytes.next()))
                .map(|(high, low)| high << 4 | low)
                .ok_or(ParamsError::InvalidPercent)?,
            _ => byte,
        });
    }
    let text = String::from_utf8(decoded).map_err(|_| ParamsError::InvalidUtf8)?;
    if text.contains('\0') { Err(ParamsError::ControlCharacter) } else { Ok(text) }
}

fn hex(digit: Option<u8>) -> Option<u8> {
    char::from(digit?).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn params(text: &str) -> Params {
        Params::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn pairs_are_decoded_in_order() {
        for (text, expected) in [
            ("a=1&b=2", vec![("a", "1"), ("b", "2")]),
            ("a=x+y%20z", vec![("a", "x y z")]),
            ("a=%2B%26%3D%C3%A9", vec![("a", "+&=\u{e9}")]),
            ("a=b=c", vec![("a", "b=c")]),
            ("a", vec![("a", "")]),
            ("&&a=1&", vec![("a", "1")]),
            ("a=1;b=2", vec![("a", "1;b=2")]),
            ("", vec![]),
        ] {
            assert_eq!(params(text).iter().collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn t180_broken_encodings_are_refused() {
        for (bytes, error) in [
            (&b"a=%"[..], ParamsError::InvalidPercent),
            (b"a=%2", ParamsError::InvalidPercent),
            (b"a=%zz", ParamsError::InvalidPercent),
            (b"a=%+1", ParamsError::InvalidPercent),
            (b"%=1", ParamsError::InvalidPercent),
            (b"a=%ff", ParamsError::InvalidUtf8),
            (b"a=\xff", ParamsError::InvalidUtf8),
            (b"a=%ed%a0%80", ParamsError::InvalidUtf8),
            (b"a=%00", ParamsError::ControlCharacter),
            (b"%00=a", ParamsError::ControlCharacter),
        ] {
            assert_eq!(Params::parse(bytes), Err(error), "{bytes:?}");
        }
        let many = |count: usize| (0..count).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        assert!(Params::parse(many(200).as_bytes()).is_ok());
        assert_eq!(Params::parse(many(10_000).as_bytes()), Err(ParamsError::TooMany));
    }

    #[test]
    fn t181_a_repeated_parameter_is_an_error_even_when_empty_or_equal() {
        for text in ["a=1&a=2", "a=1&a=1", "a=&a=1", "a=1&b=2&%61=3"] {
            assert_eq!(params(text).single("a"), Err(ParamsError::Repeated("a".to_owned())), "{text}");
            assert!(params(text).check_no_repeats(&[]).is_err(), "{text}");
        }
        assert!(params("a=1&A=2&a[]=3").check_no_repeats(&[]).is_ok());
        assert!(params("r=1&r=2&b=1").check_no_repeats(&["r"]).is_ok());
    }

    #[test]
    fn a_parameter_without_value_counts_as_absent() {
        let params = params("a=&b=1&r=x&r=&r=y");
        assert_eq!(params.single("a"), Ok(None));
        assert!(params.contains("a") && !params.contains("c"));
        assert_eq!(params.single("b"), Ok(Some("1")));
        assert_eq!(params.many("r"), ["x", "y"]);
    }

    #[test]
    fn values_are_never_shown() {
        assert_eq!(format!("{:?}", params("client_secret=hidden")), r#"{"client_secret"}"#);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Params::parse(&bytes);
        }

        #[test]
        fn what_a_client_library_encodes_is_read_back(
            pairs in proptest::collection::vec(("[^\0]{1,8}", "[^\0]{0,16}"), 0..8)
        ) {
            let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let params = Params::parse(encoded.as_bytes()).unwrap();
            let read: Vec<_> = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            prop_assert_eq!(read, pairs);
        }
    }
}
