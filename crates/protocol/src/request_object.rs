//! Request objects (OpenID Connect Core section 6, RFC 9101): an authorization request, or a part of it, in a JWT of the
//! client. Which of its parameters count, and what must agree with those beside it.

use serde_json::{Map, Value};

use crate::client_jwt::{JwtClaims, LEEWAY, WrongClaim, check_times};
use crate::client_metadata::{ClientMetadata, SigningAlgorithm};
use crate::error::{ErrorCode, RequestRefusal};
use crate::params::Params;
use crate::resource::REPEATABLE;
use crate::scope;
use crate::time::Timestamp;

/// The `typ` of a request object of RFC 9101 (section 10.8): it is nothing else.
pub const TYP: &str = "oauth-authz-req+jwt";
/// The others that a request object may have when it has one: OpenID Connect gives it none of its own.
pub const TYPS: &[&str] = &[TYP, "JWT"];

/// How old a request object may be, and how far ahead it may expire, in seconds.
pub const LONGEST: i64 = 3600;
/// How long an object without instants is remembered by its `jti`, in seconds.
const REMEMBERED: i64 = 24 * 3600;
/// The longest `request_uri`, in characters (OpenID Connect Core section 6.2).
const LONGEST_URI: usize = 512;

const REQUIRED: &str = "require_signed_request_object of the client";

/// Claims about the object itself; every other one is a parameter.
const ABOUT_THE_OBJECT: &[&str] = &["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// How the object reached us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// `request`: the object itself.
    Value(String),
    /// `request_uri`: where it is.
    Reference(String),
}

impl Carried {
    /// What the request carries, if anything. Both at once are left to the checks of the request itself.
    pub fn read(params: &Params) -> Option<Self> {
        let value = |name| params.single(name).ok().flatten().map(str::to_owned);
        match (value("request"), value("request_uri")) {
            (Some(request), None) => Some(Self::Value(request)),
            (None, Some(uri)) => Some(Self::Reference(uri)),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }

    /// The parameter's name.
    pub const fn parameter(&self) -> &'static str {
        match self {
            Self::Value(_) => "request",
            Self::Reference(_) => "request_uri",
        }
    }

    /// The code for an object of a kind that is not supported here.
    pub const fn unsupported(&self) -> ErrorCode {
        match self {
            Self::Value(_) => ErrorCode::RequestNotSupported,
            Self::Reference(_) => ErrorCode::RequestUriNotSupported,
        }
    }
}

/// Whose rules an object follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectRules {
    /// OpenID Connect Core section 6.1: parameters in the object supersede those beside it, which go on counting.
    OpenId,
    /// RFC 9101 section 6.3: only the parameters in the object count.
    SignedRequest,
}

impl ObjectRules {
    /// OpenID Connect's when the request beside the object is one of OpenID Connect (`scope` has `openid`), the object does
    /// not say by its `typ` that it is one of RFC 9101, and the client may send requests that are not signed at all: what
    /// stands beside the object anybody may have written.
    pub fn of(outside: &Params, typ: Option<&str>, client: &ClientMetadata) -> Self {
        let is_openid =
            outside.many("scope").iter().any(|scope| scope.split(' ').any(|value| value == scope::OPENID));
        let short = typ.map(|typ| typ.rsplit('/').next().unwrap_or(typ));
        let is_of_rfc_9101 = short.is_some_and(|typ| typ.eq_ignore_ascii_case(TYP));
        if is_openid && !is_of_rfc_9101 && !client.require_signed_request_object {
            Self::OpenId
        } else {
            Self::SignedRequest
        }
    }
}

/// Checks that the client may send its request without an object (RFC 9101 section 10.5).
pub fn check_absence(client: &ClientMetadata) -> Result<(), RequestRefusal> {
    if !client.require_signed_request_object {
        return Ok(());
    }
    let refusal =
        RequestRefusal::new(ErrorCode::InvalidRequest, "request", "a signed request object", "none");
    Err(refusal.because_of(REQUIRED))
}

/// Checks that the client may sign its objects so: as `request_object_signing_alg` says, or, where it says nothing, with
/// any of its keys, or not at all where the operator allows that (`clients.allow_unsigned`). HS256 only when registered:
/// otherwise the secret itself is not kept.
pub fn check_algorithm(
    algorithm: SigningAlgorithm,
    client: &ClientMetadata,
    allow_unsigned: bool,
    carried: &Carried,
) -> Result<(), RequestRefusal> {
    const CHECK: &str = "algorithm of the request object";
    if algorithm == SigningAlgorithm::Unsigned && client.require_signed_request_object {
        let refusal =
            RequestRefusal::new(ErrorCode::InvalidRequestObject, CHECK, "a signature", algorithm.name());
        return Err(refusal.because_of(REQUIRED));
    }
    let registered = client.request_object_signing_alg;
    if registered.is_some_and(|registered| registered != algorithm) {
        let expected = registered.map_or("", SigningAlgorithm::name);
        let refusal = RequestRefusal::new(ErrorCode::InvalidRequestObject, CHECK, expected, algorithm.name());
        return Err(refusal.because_of("request_object_signing_alg of the client"));
    }
    match algorithm {
        SigningAlgorithm::Unsigned if !allow_unsigned => {
            let refusal = RequestRefusal::new(carried.unsupported(), CHECK, "a signature", algorithm.name());
            Err(refusal.because_of("clients.allow_unsigned"))
        }
        SigningAlgorithm::HS256 if registered.is_none() => {
            let refusal = RequestRefusal::new(
                ErrorCode::InvalidRequestObject,
                CHECK,
                "an asymmetric algorithm",
                algorithm.name(),
            );
            Err(refusal.because_of("request_object_signing_alg of the client"))
        }
        SigningAlgorithm::Unsigned
        | SigningAlgorithm::HS256
        | SigningAlgorithm::RS256
        | SigningAlgorithm::PS256
        | SigningAlgorithm::ES256
        | SigningAlgorithm::EdDSA => Ok(()),
    }
}

/// Checks what the object says of itself: made by this client, for this issuer, not long ago. An object whose `sub` is the
/// client could be one of its assertions (RFC 9101 section 10.8). One of RFC 9101 says for whom and until when it is; in
/// OpenID Connect it may leave that open (Core section 6.1). Says until when a `jti` has to be remembered.
pub fn check_object<'a>(
    claims: &JwtClaims<'a>,
    rules: ObjectRules,
    client_id: &str,
    issuer: &str,
    now: Timestamp,
) -> Result<Option<(&'a str, Timestamp)>, RequestRefusal> {
    checked(claims, rules, client_id, issuer, now).map_err(|wrong| {
        let received = format!("{}: {}", wrong.claim, wrong.received);
        invalid("claim of the request object", wrong.expected, received)
    })
}

fn checked<'a>(
    claims: &JwtClaims<'a>,
    rules: ObjectRules,
    client_id: &str,
    issuer: &str,
    now: Timestamp,
) -> Result<Option<(&'a str, Timestamp)>, WrongClaim> {
    if let Some(iss) = claims.iss.filter(|iss| *iss != client_id) {
        return Err(WrongClaim::new("iss", client_id, iss));
    }
    if claims.sub == Some(client_id) {
        return Err(WrongClaim::new("sub", "none, or a request object could be an assertion", client_id));
    }
    if !claims.aud.is_empty() && !claims.aud.contains(&issuer) {
        return Err(WrongClaim::new("aud", issuer, format!("{:?}", claims.aud)));
    }
    match rules {
        ObjectRules::SignedRequest if claims.aud.is_empty() => {
            return Err(WrongClaim::new("aud", issuer, "none"));
        }
        ObjectRules::SignedRequest if claims.exp.is_none() => {
            return Err(WrongClaim::new("exp", "an instant within an hour", "none"));
        }
        ObjectRules::SignedRequest | ObjectRules::OpenId => {}
    }
    check_times(claims, now, LONGEST)?;
    let earliest = now.seconds().saturating_sub(LONGEST);
    for (claim, instant) in [("nbf", claims.nbf), ("iat", claims.iat)] {
        if let Some(instant) = instant.filter(|instant| *instant < earliest.saturating_sub(LEEWAY)) {
            return Err(WrongClaim::new(claim, format!("{earliest} or later"), instant.to_string()));
        }
    }
    let made = claims.iat.or(claims.nbf).map(|made| made.saturating_add(LONGEST));
    let ends = claims.exp.or(made).unwrap_or_else(|| now.seconds().saturating_add(REMEMBERED));
    Ok(claims.jti.map(|jti| (jti, Timestamp(ends.saturating_add(2 * LEEWAY)))))
}

/// The parameters that count. `outside` are those beside the object, `claims` all that is in it.
pub fn effective(
    outside: &Params,
    claims: &Map<String, Value>,
    rules: ObjectRules,
) -> Result<Params, RequestRefusal> {
    let inside = inside(claims)?;
    if let Some(name) = ["request", "request_uri"].into_iter().find(|name| inside.contains(name)) {
        return Err(invalid("request object", "no request object in it", name));
    }
    must_agree("client_id", &[], outside, &inside)?;
    match rules {
        ObjectRules::OpenId => {
            if outside.single("response_type").ok().flatten().is_none() {
                let expected = "a response_type beside the request object";
                let check = "response_type";
                return Err(RequestRefusal::new(ErrorCode::InvalidRequest, check, expected, "none"));
            }
            must_agree("response_type", &[' '], outside, &inside)?;
            let beside = outside
                .iter()
                .filter(|(name, _)| !matches!(*name, "request" | "request_uri") && !inside.contains(name));
            Ok(beside.chain(inside.iter()).collect())
        }
        ObjectRules::SignedRequest => {
            if !inside.contains("client_id") {
                return Err(invalid("client_id", "client_id in the request object", "none"));
            }
            Ok(inside)
        }
    }
}

/// RFC 9101 section 5, OpenID Connect Core section 6.1. What is separated is a set, so its order is free.
fn must_agree(
    name: &'static str,
    separator: &[char],
    outside: &Params,
    inside: &Params,
) -> Result<(), RequestRefusal> {
    let value = |params: &Params| {
        let mut words: Vec<String> =
            params.many(name).iter().flat_map(|value| value.split(separator)).map(str::to_owned).collect();
        words.sort();
        words
    };
    let (beside, within) = (value(outside), value(inside));
    if within.is_empty() || beside == within {
        return Ok(());
    }
    Err(invalid(name, format!("{beside:?} as beside the request object"), format!("{within:?}")))
}

/// The parameters in the object, as they would be written in a query: JSON values other than text are written as JSON.
fn inside(claims: &Map<String, Value>) -> Result<Params, RequestRefusal> {
    let mut pairs = Vec::new();
    for (name, value) in claims.iter().filter(|(name, _)| !ABOUT_THE_OBJECT.contains(&name.as_str())) {
        match value {
            Value::Null => {}
            // Sent without a value is not sent (RFC 6749 section 3.1).
            Value::String(text) if text.is_empty() => {}
            Value::Array(values) if REPEATABLE.contains(&name.as_str()) => {
                for value in values {
                    let text =
                        value.as_str().ok_or_else(|| invalid("request object", "texts", name.as_str()))?;
                    pairs.push((name.clone(), text.to_owned()));
                }
            }
            Value::String(text) => pairs.push((name.clone(), text.clone())),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                pairs.push((name.clone(), value.to_string()));
            }
        }
    }
    if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(invalid("request object", "parameters without NUL", "NUL"));
    }
    Ok(pairs.into_iter().collect())
}

/// Where an object is to be fetched, and what its content must hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectReference {
    /// The address without its fragment: that is sent to nobody, and makes it no other document.
    pub url: String,
    /// What the SHA-256 of the content must be, in base64url: the fragment where it is one, unless the client registered
    /// the address with this very fragment, and so said that it is to be taken.
    pub hash: Option<String>,
}

/// The characters of a SHA-256 in base64url.
const HASH_LENGTH: usize = 43;

/// Checks a `request_uri`: short, https, and registered by the client where that is asked for. Fragments say which version
/// is meant and do not count for that (OpenID Connect Core section 6.2).
pub fn check_reference(
    uri: &str,
    client: &ClientMetadata,
    must_be_registered: bool,
) -> Result<ObjectReference, RequestRefusal> {
    let refused = |expected: &str, received: &str| {
        RequestRefusal::new(ErrorCode::InvalidRequestUri, "request_uri", expected, received)
    };
    if uri.len() > LONGEST_URI {
        return Err(refused("512 characters at most", "more"));
    }
    let (url, fragment) = uri.split_once('#').map_or((uri, None), |(url, fragment)| (url, Some(fragment)));
    let without_fragment = |registered: &String| registered.split('#').next() == Some(url);
    let is_registered = client.request_uris.iter().any(without_fragment);
    if !is_registered && must_be_registered {
        return Err(refused("one of the client's request_uris", uri)
            .because_of("clients.require_request_uri_registration"));
    }
    if !is_registered && !url.starts_with("https://") {
        return Err(refused("an https URL", uri));
    }
    let is_hash = |text: &&str| {
        text.len() == HASH_LENGTH
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_vouched_for = client.request_uris.iter().any(|registered| registered == uri);
    let hash = fragment.filter(is_hash).filter(|_| !is_vouched_for);
    Ok(ObjectReference { url: url.to_owned(), hash: hash.map(str::to_owned) })
}

fn invalid(check: &'static str, expected: impl Into<String>, received: impl Into<String>) -> RequestRefusal {
    RequestRefusal::new(ErrorCode::InvalidRequestObject, check, expected, received)
}

#[cfg(test)]
mod tests;
