//! From what went wrong to what is answered. `protocol` and `store` speak of refusals and faults; a [`Failure`] is
//! either, and only here it becomes a status. The detail travels in the response's extensions to the edge, where
//! `observe` logs it once under the trace id; the client sees the code, a fixed description and that id.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grantor_protocol::{ErrorCode, RequestRefusal};
use grantor_store::Fault;
use serde_json::json;

use crate::hash_pool::HashPoolError;
use crate::key_ring::KeyRingError;

/// Seconds after which a client may try again when the database or the hashing queue had no room.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 2;

/// Why a request was not served.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The request broke a rule; the detail says which, and what would change it.
    Refused(Box<RequestRefusal>),
    /// The request's body or head is past a cap; the status is 413 or 414.
    TooLarge(&'static str, StatusCode),
    /// Something that this request needs is away or full; trying again later helps.
    Unavailable(String),
    /// A defect or damaged data on our side.
    Internal(String),
}

impl Failure {
    /// A refusal in one line.
    pub(crate) fn refused(
        code: ErrorCode,
        check: &'static str,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Self {
        RequestRefusal::new(code, check, expected, received).into()
    }

    /// The same refusal, naming the setting that would change the answer.
    pub(crate) fn with_setting(mut self, name: &'static str) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.setting = Some(name);
        }
        self
    }

    /// The same refusal under the code that fits where it is answered.
    pub(crate) fn with_code(mut self, code: ErrorCode) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.code = code;
        }
        self
    }

    /// The code of the specifications for it.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::TooLarge(..) => ErrorCode::InvalidRequest,
            Self::Unavailable(_) => ErrorCode::TemporarilyUnavailable,
            Self::Internal(_) => ErrorCode::ServerError,
        }
    }

    /// The status of an answer that is not a redirect.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge(_, status) => *status,
            other => StatusCode::from_u16(other.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// The text for `error_description`: fixed words and the name of the check, never the caller's input, so that it
    /// stays inside the alphabet of RFC 6749 section 5.2. A failed client authentication names no check, or it would
    /// tell strangers which clients exist and how they authenticate (security.md T050).
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Refused(refusal) if refusal.code == ErrorCode::InvalidClient => {
                refusal.code.description().to_owned()
            }
            Self::Refused(refusal) => format!("{} Check: {}.", refusal.code.description(), refusal.check),
            Self::TooLarge(what, _) => {
                format!("{} Check: size of the {what}.", ErrorCode::InvalidRequest.description())
            }
            other => other.code().description().to_owned(),
        }
    }

    /// The JSON answer of RFC 6749 section 5.2, never cached.
    pub(crate) fn into_json(self) -> Response {
        let body = json!({ "error": self.code().name(), "error_description": self.description() });
        let mut response = (self.status(), Json(body)).into_response();
        no_store(&mut response);
        self.annotate(response)
    }

    /// The same for an error that travels in a redirect: the detail for the log alone.
    pub(crate) fn annotate_redirect(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }

    /// Adds what every answer to this failure carries: the time to come back, and the detail for the log.
    pub(crate) fn annotate(self, mut response: Response) -> Response {
        if matches!(self, Self::Unavailable(_)) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Marks an answer that no cache may keep (RFC 6749 section 5.1).
pub(crate) fn no_store(response: &mut Response) {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

impl From<RequestRefusal> for Failure {
    fn from(refusal: RequestRefusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        if fault.is_unavailable() {
            Self::Unavailable(fault.to_string())
        } else {
            Self::Internal(fault.to_string())
        }
    }
}

impl From<KeyRingError> for Failure {
    fn from(error: KeyRingError) -> Self {
        match error {
            KeyRingError::Fault(fault) => fault.into(),
            KeyRingError::Busy => Self::Unavailable(error.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<HashPoolError> for Failure {
    fn from(error: HashPoolError) -> Self {
        match error {
            HashPoolError::Full => Self::Unavailable(error.to_string()),
            HashPoolError::Password(_) => Self::Internal(error.to_string()),
        }
    }
}

/// A failure that is answered in JSON: what the endpoints that no browser navigates to return.
#[derive(Debug)]
pub(crate) struct JsonFailure(pub Failure);

impl<F: Into<Failure>> From<F> for JsonFailure {
    fn from(failure: F) -> Self {
        Self(failure.into())
    }
}

impl IntoResponse for JsonFailure {
    fn into_response(self) -> Response {
        self.0.into_json()
    }
}
