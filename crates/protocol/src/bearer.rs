//! Presenting an access token (RFC 6750 section 2). The header or the form, never the query: addresses are
//! logged, cached and sent on as referrers (RFC 9700 section 4.3.2).

use std::fmt;

use crate::error::{ErrorCode, RequestRefusal};
use crate::params::Params;

/// An access token as it was presented; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(String);

impl BearerToken {
    /// Finds the token in the `Authorization` header or the form. `None` when nothing was presented, or credentials of
    /// another scheme, which are answered without an error code (section 3.1). Of the query only the presence of a token matters.
    pub fn read(
        authorization: Option<&str>,
        query: &Params,
        form: Option<&Params>,
    ) -> Result<Option<Self>, RequestRefusal> {
        if query.contains("access_token") {
            return Err(invalid("access_token", "a token in the Authorization header", "one in the query"));
        }
        let in_header = authorization.map(from_header).transpose()?.flatten();
        let in_form = form.map(|form| form.single("access_token")).transpose();
        let in_form =
            in_form.map_err(|error| invalid("access_token", "one token", error.to_string()))?.flatten();
        match (in_header, in_form) {
            (Some(_), Some(_)) => Err(invalid("access_token", "one method", "header and form")),
            (Some(token), None) | (None, Some(token)) if is_token(token) => Ok(Some(Self(token.to_owned()))),
            (None, None) => Ok(None),
            _ => Err(invalid("access_token", "the characters of RFC 6750 section 2.1", "others")),
        }
    }

    /// The token, to be verified.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken([redacted])")
    }
}

fn from_header(header: &str) -> Result<Option<&str>, RequestRefusal> {
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Ok(None);
    }
    match token.trim_matches(' ') {
        "" => Err(invalid("Authorization header", "a token after the scheme Bearer", "none")),
        token => Ok(Some(token)),
    }
}

fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

fn invalid(check: &'static str, expected: impl Into<String>, received: impl Into<String>) -> RequestRefusal {
    RequestRefusal::new(ErrorCode::InvalidRequest, check, expected, received)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: Option<&str>, query: &str, form: Option<&str>) -> Result<Option<String>, ErrorCode> {
        let form = form.map(|form| Params::parse(form.as_bytes()).unwrap());
        BearerToken::read(header, &Params::parse(query.as_bytes()).unwrap(), form.as_ref())
            .map(|token| token.map(|token| token.expose().to_owned()))
            .map_err(|refusal| refusal.code)
    }

    #[test]
    fn header_and_form_are_read_and_nothing_else() {
        let token = Ok(Some("gr_at_abc.-_~+/==".to_owned()));
        assert_eq!(read(Some("Bearer gr_at_abc.-_~+/=="), "", None), token);
        assert_eq!(read(Some("bEARER gr_at_abc.-_~+/=="), "", Some("")), token);
        assert_eq!(read(None, "", Some("access_token=gr_at_abc.-_~%2B/==")), token);
        assert_eq!(read(None, "", None), Ok(None));
        assert_eq!(read(None, "", Some("access_token=")), Ok(None));
        assert_eq!(read(Some("Basic abc"), "", None), Ok(None), "RFC 6750 section 3.1: no error code");
    }

    #[test]
    fn t186_a_token_in_the_query_or_two_methods_are_refused() {
        for (header, query, form) in [
            (None, "access_token=abc", None),
            (Some("Bearer abc"), "access_token=abc", None),
            (Some("Bearer abc"), "", Some("access_token=abc")),
            (None, "", Some("access_token=a&access_token=b")),
            (Some("Bearer"), "", None),
            (Some("Bearer "), "", None),
            (Some("Bearer a b"), "", None),
            (Some("Bearer caf\u{e9}"), "", None),
            (Some("Bearer a=b"), "", None),
        ] {
            assert_eq!(
                read(header, query, form),
                Err(ErrorCode::InvalidRequest),
                "{header:?} {query} {form:?}"
            );
        }
    }

    #[test]
    fn a_token_is_never_shown() {
        let token = BearerToken::read(Some("Bearer hidden"), &Params::default(), None).unwrap().unwrap();
        assert_eq!(format!("{token:?}"), "BearerToken([redacted])");
    }
}
