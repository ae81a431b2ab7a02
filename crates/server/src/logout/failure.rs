//! Why a client was not told of a logout, in words for the operator who wonders.

use axum::http::StatusCode;
use serde_json::Value;

use crate::error::Failure;
use crate::outbound::{FetchError, Receipt};

/// What is kept of a client's own words, in characters.
const WORDS: usize = 200;

/// Why a client was not told.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum NotTold {
    /// The client looked at the token and does not accept it (Back-Channel Logout section 2.8).
    #[error("the client refuses the logout token (status 400){0}")]
    Refused(String),
    /// It answers something else than 200 or 204.
    #[error("the answer has status {0}{1}, where 200 or 204 is success")]
    Status(u16, String),
    /// It was not reached, or its answer cannot be read.
    #[error(transparent)]
    Unreached(#[from] FetchError),
    /// Its token cannot be made.
    #[error("the logout token cannot be made: {}", describe(.0))]
    Unmade(Failure),
    /// It does not want to be told.
    #[error("the client has no backchannel_logout_uri")]
    NotRegistered,
}

impl From<Failure> for NotTold {
    fn from(failure: Failure) -> Self {
        Self::Unmade(failure)
    }
}

impl NotTold {
    /// How the client took a token.
    pub(super) fn judge(receipt: &Receipt) -> Result<(), Self> {
        match receipt.status {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            StatusCode::BAD_REQUEST => Err(Self::Refused(words(&receipt.said))),
            other => Err(Self::Status(other.as_u16(), words(&receipt.said))),
        }
    }

    /// Whether the client is away, so that there is no use in telling it of other sessions now.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Status(status, _) => *status >= 500 || *status == 429,
            Self::Unreached(error) => error.is_outage(),
            Self::Refused(_) | Self::Unmade(_) | Self::NotRegistered => false,
        }
    }

    /// The setting, of ours or of the client, that would change it.
    pub(super) fn setting(&self) -> Option<&'static str> {
        match self {
            Self::Status(401 | 403 | 404 | 405 | 410, _)
            | Self::Unreached(FetchError::Redirect(_) | FetchError::Unresolved(_))
            | Self::NotRegistered => Some("backchannel_logout_uri"),
            Self::Unreached(error) => error.setting(),
            Self::Unmade(Failure::Refused(refusal)) => refusal.setting.or(Some(refusal.check)),
            Self::Refused(_)
            | Self::Status(..)
            | Self::Unmade(Failure::TooLarge(..) | Failure::Unavailable(_) | Failure::Internal(_)) => None,
        }
    }
}

impl NotTold {
    /// What to look at, where no setting says it.
    pub(super) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Refused(_) => Some(
                "compare what the client expects of iss, aud, alg and the key set, and whether it accepts a token with \
                 sid and without sub",
            ),
            Self::Status(401 | 403, _) => Some(
                "the address must take a POST from anybody: the token itself is what proves who sends it",
            ),
            Self::Status(404 | 405 | 410, _) => Some("the client does not take a POST at this address"),
            Self::Status(..) => Some("the client's own log should say more"),
            Self::Unreached(FetchError::Redirect(_)) => Some("register the address that it redirects to"),
            Self::Unreached(FetchError::Connect(_) | FetchError::Unresolved(_)) => {
                Some("the client must be reachable from the machine that Grantor runs on")
            }
            Self::Unreached(_) | Self::Unmade(_) | Self::NotRegistered => None,
        }
    }
}

fn describe(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refusal) => {
            format!("{}: expected {}, found {}", refusal.check, refusal.expected, refusal.received)
        }
        Failure::TooLarge(what, _) => format!("the {what} is too large"),
        Failure::Unavailable(reason) | Failure::Internal(reason) => reason.clone(),
    }
}

/// What an answer says about itself: `error` and `error_description`, or a text. A page says nothing to a log.
fn words(said: &[u8]) -> String {
    let member = |object: &Value, name| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let text = match serde_json::from_slice::<Value>(said) {
        Ok(object) => {
            let parts = [member(&object, "error"), member(&object, "error_description")];
            parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        Err(_) => String::from_utf8_lossy(said).trim().to_owned(),
    };
    if text.is_empty() || text.starts_with('<') {
        return String::new();
    }
    let text = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    format!(": {}", text.take(WORDS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> Result<(), String> {
        let status = StatusCode::from_u16(status).unwrap();
        NotTold::judge(&Receipt { status, said: body.to_owned().into() }).map_err(|error| error.to_string())
    }

    // Back-Channel Logout section 2.8
    #[test]
    fn two_statuses_are_success_and_what_a_refusal_says_is_kept() {
        assert_eq!(said(200, ""), Ok(()));
        assert_eq!(said(204, ""), Ok(()));
        for (status, body, expected) in [
            (
                400,
                r#"{"error":"invalid_request","error_description":"unknown\nsid"}"#,
                "the client refuses the logout token (status 400): invalid_request, unknown sid",
            ),
            (400, "no", "the client refuses the logout token (status 400): no"),
            (400, "<html>no</html>", "the client refuses the logout token (status 400)"),
            (202, "", "the answer has status 202, where 200 or 204 is success"),
            (500, "\u{7}oops", "the answer has status 500:  oops, where 200 or 204 is success"),
        ] {
            assert_eq!(said(status, body), Err(expected.to_owned()));
        }
        let long = said(400, &"x".repeat(4000)).unwrap_err();
        assert!(long.len() < 300, "{long}");
    }
}
