//! Why a document could not be had. For the operator's log: to whoever registered the URL nothing of it is told, or they
//! could look around in the network from here (security.md T142).

use std::time::Duration;

use rustls::CertificateError;

use super::policy::Refusal;

/// What went wrong; cheap to clone, since everybody who waited for the same document gets it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    /// The URL or all of its addresses are refused; no connection was attempted.
    #[error("the URL {0}")]
    Refused(#[from] Refusal),
    /// The name has no address, or the resolver failed.
    #[error("the host has no address: {0}")]
    Unresolved(String),
    /// No connection came about.
    #[error("the host cannot be connected to: {0}")]
    Connect(String),
    /// The certificate is not acceptable.
    #[error("TLS failed: the certificate {0}")]
    Certificate(CertificateFault),
    /// The handshake did not come about.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// It was not complete in time.
    #[error("no complete answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// Too much is being fetched already, in all or from this host.
    #[error("too many other fetches are running")]
    Busy,
    /// What came is not HTTP, has too large a head, or ended early.
    #[error("the answer cannot be read: {0}")]
    Answer(String),
    /// A redirect, which is never followed.
    #[error("the answer is a redirect (status {0}), and redirects are not followed")]
    Redirect(u16),
    /// Any other status than 200.
    #[error("the answer has status {0}")]
    Status(u16),
    /// It is compressed although that was not asked for.
    #[error("the answer is compressed ({0}), which was not asked for")]
    Compressed(String),
    /// The document is larger than the caller takes.
    #[error("the document is larger than {0} bytes")]
    TooLarge(usize),
    /// The document has another media type than the caller takes.
    #[error("the document has the media type {0:?}")]
    MediaType(String),
}

impl FetchError {
    /// The setting that would change it, for the log.
    pub(crate) fn setting(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => refusal.setting(),
            Self::Certificate(_) | Self::Tls(_) => Some("outbound.ca_file"),
            Self::Timeout(_) => Some("outbound.timeout"),
            Self::Unresolved(_)
            | Self::Connect(_)
            | Self::Busy
            | Self::Answer(_)
            | Self::Redirect(_)
            | Self::Status(_)
            | Self::Compressed(_)
            | Self::TooLarge(_)
            | Self::MediaType(_) => None,
        }
    }

    /// Whether the host is away, and what it served before can still be believed for a while. An answer that says no is no
    /// such failure, and neither is that we did not come to ask.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Unresolved(_)
            | Self::Connect(_)
            | Self::Certificate(_)
            | Self::Tls(_)
            | Self::Timeout(_)
            | Self::Answer(_) => true,
            Self::Status(status) => *status >= 500 || *status == 429,
            Self::Busy
            | Self::Refused(_)
            | Self::Redirect(_)
            | Self::Compressed(_)
            | Self::TooLarge(_)
            | Self::MediaType(_) => false,
        }
    }
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateFault {
    /// No root that is trusted vouches for it; self-signed ones are of this kind.
    #[error("is signed by nobody who is trusted")]
    UnknownIssuer,
    /// It is a certificate authority's, as those that sign themselves mostly are.
    #[error("is one that signs others, or itself, and no server's")]
    Authority,
    /// It was valid once.
    #[error("has expired")]
    Expired,
    /// It is not valid yet.
    #[error("is not valid yet")]
    NotYetValid,
    /// It is for other hosts.
    #[error("is for another host")]
    OtherName,
    /// Anything else, in the words of the TLS library.
    #[error("is not acceptable: {0}")]
    Other(String),
}

impl CertificateFault {
    /// What the TLS library found.
    pub(super) fn of(error: &CertificateError) -> Self {
        // The library's enum is open, so whatever it adds is told in its own words.
        match error {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherName
            }
            // The type behind this is of a crate below the TLS library.
            CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
                Self::Authority
            }
            other => Self::Other(other.to_string()),
        }
    }
}
