//! Which client a direct request says it comes from (RFC 6749 sections 2.3 and 3.2.1). Reading only:
//! whether the secret is right, and the method the registered one, is decided where secrets are known.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::client_jwt::ASSERTION_TYPE;
use crate::client_metadata::ClientAuthMethod;
use crate::error::{ErrorCode, RequestRefusal};
use crate::ids::ClientId;
use crate::params::{self, Params};

/// What a request presents to prove its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresentedCredentials {
    /// Nothing at all.
    None,
    /// `Authorization: Basic`.
    Basic {
        /// The form-decoded user name.
        id: ClientId,
        /// The form-decoded password.
        secret: PresentedSecret,
    },
    /// `client_id` and `client_secret` in the body.
    Post {
        /// `client_id`.
        id: ClientId,
        /// `client_secret`.
        secret: PresentedSecret,
    },
    /// A JWT that the client made (RFC 7523 section 2.2).
    Assertion {
        /// `client_id`, which the assertion repeats.
        id: Option<ClientId>,
        /// `client_assertion`.
        assertion: PresentedSecret,
    },
    /// `client_id` alone: enough for a public client, nothing for another.
    IdOnly {
        /// `client_id`.
        id: ClientId,
    },
}

/// A secret as it was presented; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedSecret(String);

impl PresentedSecret {
    /// The secret, to be verified.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The secret itself, for a type that erases it.
    pub fn into_inner(self) -> String {
        self.0
    }
}

impl From<String> for PresentedSecret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for PresentedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedSecret([redacted])")
    }
}

impl PresentedCredentials {
    /// Reads the `Authorization` header and the body; more than one method in a request is an error.
    pub fn read(authorization: Option<&str>, params: &Params) -> Result<Self, RequestRefusal> {
        let body_id = single(params, "client_id")?;
        let body_secret = single(params, "client_secret")?;
        let (assertion, assertion_type) =
            (single(params, "client_assertion")?, single(params, "client_assertion_type")?);
        let methods =
            [authorization.is_some(), body_secret.is_some(), assertion.or(assertion_type).is_some()];
        if methods.into_iter().filter(|is_used| *is_used).count() > 1 {
            return Err(invalid_request("client authentication", "one method", "several"));
        }
        match (assertion, assertion_type) {
            (None, None) => {}
            (Some(assertion), Some(ASSERTION_TYPE)) => {
                let assertion = PresentedSecret(assertion.to_owned());
                return Ok(Self::Assertion { id: body_id.map(client_id).transpose()?, assertion });
            }
            (Some(_), other) => {
                let received = other.unwrap_or("none");
                return Err(unauthenticated("client_assertion_type", ASSERTION_TYPE, received));
            }
            (None, Some(_)) => return Err(unauthenticated("client_assertion", "an assertion", "none")),
        }
        if let Some(header) = authorization {
            let (id, secret) = basic(header)?;
            return match body_id {
                Some(other) if other != id.as_str() => {
                    Err(invalid_request("client_id", format!("{id}, as the header says"), other))
                }
                _ => Ok(Self::Basic { id, secret }),
            };
        }
        match (body_id, body_secret) {
            (None, None) => Ok(Self::None),
            (None, Some(_)) => Err(unauthenticated("client_id", "a client_id beside client_secret", "none")),
            (Some(id), None) => Ok(Self::IdOnly { id: client_id(id)? }),
            (Some(id), Some(secret)) => {
                Ok(Self::Post { id: client_id(id)?, secret: PresentedSecret(secret.to_owned()) })
            }
        }
    }

    /// The client that is claimed, if that can be told without looking into an assertion.
    pub fn client_id(&self) -> Option<&ClientId> {
        match self {
            Self::None => None,
            Self::Assertion { id, .. } => id.as_ref(),
            Self::Basic { id, .. } | Self::Post { id, .. } | Self::IdOnly { id } => Some(id),
        }
    }

    /// The secret that is presented.
    pub fn secret(&self) -> Option<&PresentedSecret> {
        match self {
            Self::None | Self::Assertion { .. } | Self::IdOnly { .. } => None,
            Self::Basic { secret, .. } | Self::Post { secret, .. } => Some(secret),
        }
    }

    /// Whether this is how a client authenticates that is registered for `method`. By which of its two methods an
    /// assertion was made, its algorithm says.
    pub fn is_by(&self, method: ClientAuthMethod) -> bool {
        match method {
            ClientAuthMethod::Basic => matches!(self, Self::Basic { .. }),
            ClientAuthMethod::Post => matches!(self, Self::Post { .. }),
            ClientAuthMethod::SecretJwt | ClientAuthMethod::PrivateKeyJwt => {
                matches!(self, Self::Assertion { .. })
            }
            ClientAuthMethod::None => matches!(self, Self::IdOnly { .. }),
        }
    }

    /// What was used, for the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Basic { .. } => ClientAuthMethod::Basic.name(),
            Self::Post { .. } => ClientAuthMethod::Post.name(),
            Self::Assertion { .. } => "client_assertion",
            Self::IdOnly { .. } => ClientAuthMethod::None.name(),
        }
    }
}

/// Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Result<(ClientId, PresentedSecret), RequestRefusal> {
    const CHECK: &str = "Authorization header";
    let malformed = |expected: &str| unauthenticated(CHECK, expected, "something else");
    let (scheme, encoded) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Err(malformed("the scheme Basic"));
    }
    let decoded = STANDARD.decode(encoded.trim_matches(' ')).map_err(|_| malformed("base64"))?;
    let colon = decoded.iter().position(|byte| *byte == b':').ok_or_else(|| malformed("id:secret"))?;
    let (id, secret) = decoded.split_at(colon);
    let half = |bytes| params::decode(bytes).map_err(|_| malformed("form-encoded halves"));
    let secret = half(secret.get(1..).unwrap_or_default())?;
    Ok((client_id(&half(id)?)?, PresentedSecret(secret)))
}

fn client_id(text: &str) -> Result<ClientId, RequestRefusal> {
    ClientId::parse(text).map_err(|error| unauthenticated("client_id", error.to_string(), text))
}

fn single<'a>(params: &'a Params, name: &'static str) -> Result<Option<&'a str>, RequestRefusal> {
    params.single(name).map_err(|error| invalid_request(name, "the parameter once", error.to_string()))
}

fn invalid_request(
    check: &'static str,
    expected: impl Into<String>,
    received: impl Into<String>,
) -> RequestRefusal {
    RequestRefusal::new(ErrorCode::InvalidRequest, check, expected, received)
}

fn unauthenticated(
    check: &'static str,
    expected: impl Into<String>,
    received: impl Into<String>,
) -> RequestRefusal {
    RequestRefusal::new(ErrorCode::InvalidClient, check, expected, received)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(header: Option<&str>, body: &str) -> Result<PresentedCredentials, RequestRefusal> {
        PresentedCredentials::read(header, &Params::parse(body.as_bytes()).unwrap())
    }

    fn header(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn each_method_is_recognised() {
        for (header, body, method, id, secret) in [
            (None, "", vec![], None, None),
            (None, "client_id=c", vec![ClientAuthMethod::None], Some("c"), None),
            (None, "client_id=c&client_secret=", vec![ClientAuthMethod::None], Some("c"), None),
            (None, "client_id=c&client_secret=s", vec![ClientAuthMethod::Post], Some("c"), Some("s")),
            (Some(header("c:s")), "", vec![ClientAuthMethod::Basic], Some("c"), Some("s")),
            (Some(header("c:s")), "client_id=c", vec![ClientAuthMethod::Basic], Some("c"), Some("s")),
            (Some(header("c:")), "", vec![ClientAuthMethod::Basic], Some("c"), Some("")),
            (
                Some(header("c:s").replace("Basic", "bASIC")),
                "",
                vec![ClientAuthMethod::Basic],
                Some("c"),
                Some("s"),
            ),
        ] {
            let credentials = read(header.as_deref(), body).unwrap();
            let methods = ClientAuthMethod::ALL.iter().copied();
            assert_eq!(methods.filter(|one| credentials.is_by(*one)).collect::<Vec<_>>(), method, "{body}");
            assert_eq!(credentials.client_id().map(ClientId::as_str), id, "{body}");
            assert_eq!(credentials.secret().map(PresentedSecret::expose), secret, "{body}");
        }
    }

    // RFC 7521 section 4.2, RFC 7523 section 2.2
    #[test]
    fn an_assertion_is_recognised_with_and_without_client_id() {
        let kind = format!("client_assertion_type={}", ASSERTION_TYPE.replace(':', "%3A"));
        for (id, expected) in [("", None), ("&client_id=c", Some("c"))] {
            let credentials = read(None, &format!("client_assertion=a.b.c&{kind}{id}")).unwrap();
            let PresentedCredentials::Assertion { assertion, .. } = &credentials else {
                panic!("{credentials:?}")
            };
            assert_eq!(assertion.expose(), "a.b.c");
            assert_eq!(credentials.client_id().map(ClientId::as_str), expected);
            assert!(credentials.is_by(ClientAuthMethod::PrivateKeyJwt));
            assert!(credentials.is_by(ClientAuthMethod::SecretJwt));
            assert!(!credentials.is_by(ClientAuthMethod::None));
        }
        for body in [
            "client_assertion=a.b.c&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
            "client_assertion=a.b.c&client_assertion_type=URN:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion=a.b.c&client_id=c",
            &kind,
        ] {
            assert_eq!(read(None, body).unwrap_err().code, ErrorCode::InvalidClient, "{body}");
        }
    }

    #[test]
    fn t051_two_methods_in_one_request_are_refused() {
        let basic = header("c:s");
        for (header, body) in [
            (Some(basic.as_str()), "client_id=c&client_secret=s"),
            (Some(basic.as_str()), "client_secret=s"),
            (Some(basic.as_str()), "client_assertion=x"),
            (None, "client_id=c&client_secret=s&client_assertion=x"),
            (None, "client_id=c&client_assertion=x&client_assertion=y"),
            (Some(basic.as_str()), "client_id=other"),
            (None, "client_id=c&client_id=c"),
            (None, "client_id=c&client_secret=s&client_secret=t"),
        ] {
            assert_eq!(read(header, body).unwrap_err().code, ErrorCode::InvalidRequest, "{body}");
        }
    }

    #[test]
    fn t054_both_halves_of_basic_are_form_decoded() {
        for (pair, id, secret) in [
            ("a%3Ab:p%25%2B%2F+%C3%A9", "a:b", "p%+/ \u{e9}"),
            ("my+client:a:b", "my client", "a:b"),
            ("c:a+b", "c", "a b"),
        ] {
            let credentials = read(Some(&header(pair)), "").unwrap();
            assert_eq!(credentials.client_id().unwrap().as_str(), id);
            assert_eq!(credentials.secret().unwrap().expose(), secret);
        }
    }

    #[test]
    fn credentials_that_cannot_be_read_are_invalid_client() {
        for (header, body) in [
            (Some("Bearer abc".to_owned()), ""),
            (Some("Basic".to_owned()), ""),
            (Some("Basic !!!".to_owned()), ""),
            (Some(header("nocolon")), ""),
            (Some(header(":s")), ""),
            (Some(header("caf%C3%A9:s")), ""),
            (Some(header("c:%zz")), ""),
            (Some(header("c:%00")), ""),
            (Some(header("")), ""),
            (None, "client_secret=s"),
            (None, "client_id=caf%C3%A9"),
            (None, "client_id=c&client_assertion=x"),
        ] {
            assert_eq!(read(header.as_deref(), body).unwrap_err().code, ErrorCode::InvalidClient, "{body}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let credentials = read(Some(&header("c:hidden")), "").unwrap();
        assert!(!format!("{credentials:?}").contains("hidden"));
        let refusal = read(Some(&header("c:hid%zzden")), "").unwrap_err();
        assert!(!format!("{refusal:?}").contains("hid%"));
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(header in "\\PC{0,60}") {
            let _ = read(Some(&header), "");
        }

        #[test]
        fn what_a_client_encodes_is_read_back(id in "[ -~]{1,20}", secret in "[^\0]{0,30}") {
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let credentials = read(Some(&header(&format!("{}:{}", encode(&id), encode(&secret)))), "").unwrap();
            prop_assert_eq!(credentials.client_id().unwrap().as_str(), id);
            prop_assert_eq!(credentials.secret().unwrap().expose(), secret);
        }
    }
}
