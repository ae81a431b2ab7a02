//! One request and its answer over a connection of our own: to an address that was looked at before, under the name it
//! was asked for, with nothing followed, remembered or unpacked.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, AsHeaderName, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST,
    IF_NONE_MATCH, USER_AGENT,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;

use super::error::{CertificateFault, FetchError};
use super::policy::Target;

/// The name under which Grantor asks; it says nothing about the machine it runs on (security.md T145).
const AGENT: &str = concat!("Grantor/", env!("CARGO_PKG_VERSION"));
/// Status line and headers of an answer together.
const HEAD_BYTES: usize = 16 * 1024;
const MOST_HEADERS: usize = 100;
/// Addresses tried of one name, and how long each may take to accept a connection.
const MOST_ADDRESSES: usize = 4;
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// How long a host may take to explain why it refuses what was sent.
const EXPLANATION_TIME: Duration = Duration::from_secs(1);

/// What is said to a host.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) method: Method,
    pub(super) accept: &'static str,
    /// The version we have, so that the same need not be sent again (RFC 9110 section 13.1.2).
    pub(super) etag: Option<&'a str>,
    /// The media type of the body, where there is one.
    pub(super) content_type: Option<&'static str>,
    /// Said beside the usual.
    pub(super) headers: &'a [(HeaderName, HeaderValue)],
    pub(super) body: Bytes,
    pub(super) wanted: Answered,
}

/// What is wanted of the answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answered {
    /// A document of at most so many bytes; anything else is an error.
    Document(usize),
    /// How what was sent was taken: the status, and of an answer that does not accept it so many bytes. The body of one
    /// that does is nobody's business, however long it is.
    Receipt(usize),
    /// Whatever comes, with so many bytes of its body.
    Anything(usize),
}

/// What a host said: of documents 200 with it, or 304 without one; of receipts any status but a redirect.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The chain of certificates that it proved itself by, its own first; none in clear.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
}

/// Asks `target` at one of `addresses`. The caller bounds the time.
pub(super) async fn exchange(
    tls: &Arc<ClientConfig>,
    target: &Target,
    addresses: &[IpAddr],
    question: &Question<'_>,
) -> Result<Answer, FetchError> {
    let stream = connect(target, addresses).await?;
    let request = request(target, question)?;
    if !target.is_tls() {
        return converse(stream, request, question.wanted).await;
    }
    let stream = TlsConnector::from(Arc::clone(tls)).connect(server_name(target)?, stream).await;
    let stream = stream.map_err(|error| tls_error(&error))?;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default().to_vec();
    Ok(Answer { certificates, ..converse(stream, request, question.wanted).await? })
}

/// The name that a certificate must be for.
pub(super) fn server_name(target: &Target) -> Result<ServerName<'static>, FetchError> {
    match target.host() {
        Host::Domain(name) => {
            ServerName::try_from(name.clone()).map_err(|error| FetchError::Tls(error.to_string()))
        }
        Host::Ipv4(address) => Ok(ServerName::from(IpAddr::V4(*address))),
        Host::Ipv6(address) => Ok(ServerName::from(IpAddr::V6(*address))),
    }
}

fn tls_error(error: &io::Error) -> FetchError {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(fault)) => {
            FetchError::Certificate(CertificateFault::of(fault))
        }
        _ => FetchError::Tls(error.to_string()),
    }
}

async fn connect(target: &Target, addresses: &[IpAddr]) -> Result<TcpStream, FetchError> {
    let mut failure = FetchError::Unresolved("none".to_owned());
    for address in addresses.iter().take(MOST_ADDRESSES) {
        let connecting = TcpStream::connect((*address, target.port()));
        failure = match tokio::time::timeout(CONNECT_TIME, connecting).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => FetchError::Connect(error.to_string()),
            Err(_) => FetchError::Connect("it does not answer".to_owned()),
        };
    }
    Err(failure)
}

fn request(target: &Target, question: &Question<'_>) -> Result<Request<Full<Bytes>>, FetchError> {
    let mut request = Request::builder()
        .method(question.method.clone())
        .uri(target.path_and_query())
        .header(HOST, target.authority())
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, question.accept)
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close");
    for (name, value) in question.headers {
        request = request.header(name, value);
    }
    if let Some(content_type) = question.content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    if let Some(etag) = question.etag {
        request = request.header(IF_NONE_MATCH, etag);
    } else {
        // Whatever stands between us and the host should look, too: we ask because we doubt what we have.
        request = request.header(CACHE_CONTROL, "no-cache");
    }
    request.body(Full::new(question.body.clone())).map_err(|error| FetchError::Answer(error.to_string()))
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    request: Request<Full<Bytes>>,
    wanted: Answered,
) -> Result<Answer, FetchError> {
    let unreadable = |error: hyper::Error| FetchError::Answer(error.to_string());
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES).max_headers(MOST_HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(unreadable)?;
    let reading = async {
        let response = sender.send_request(request).await.map_err(unreadable)?;
        let (head, body) = response.into_parts();
        let body = match wanted {
            Answered::Document(most_bytes) => {
                judge(head.status, &head.headers)?;
                if head.status == StatusCode::OK { collect(body, most_bytes).await? } else { Bytes::new() }
            }
            Answered::Receipt(_) if head.status.is_redirection() => {
                return Err(FetchError::Redirect(head.status.as_u16()));
            }
            Answered::Receipt(_) if head.status.is_success() => Bytes::new(),
            Answered::Receipt(most_bytes) | Answered::Anything(most_bytes) => {
                beginning(body, most_bytes).await
            }
        };
        Ok(Answer { status: head.status, headers: head.headers, body, certificates: Vec::new() })
    };
    // Polled here and not in a task of its own, so that both end when the caller gives up.
    tokio::pin!(connection, reading);
    tokio::select! {
        answer = &mut reading => answer,
        ended = &mut connection => {
            let answer = reading.await;
            match (answer, ended) {
                (Err(_), Err(error)) => Err(unreadable(error)),
                (answer, _) => answer,
            }
        }
    }
}

/// Whether the document comes, or is the one we have; every other status than 200 and 304 is an error.
fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), FetchError> {
    match status {
        StatusCode::NOT_MODIFIED => return Ok(()),
        StatusCode::OK => {}
        redirect if redirect.is_redirection() => return Err(FetchError::Redirect(redirect.as_u16())),
        other => return Err(FetchError::Status(other.as_u16())),
    }
    match text_of(headers, CONTENT_ENCODING) {
        Some(encoding) if !encoding.eq_ignore_ascii_case("identity") => {
            Err(FetchError::Compressed(encoding.chars().take(40).collect()))
        }
        _ => Ok(()),
    }
}

async fn collect(mut body: Incoming, most_bytes: usize) -> Result<Bytes, FetchError> {
    let mut collected = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| FetchError::Answer(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if collected.len() + data.len() > most_bytes {
            return Err(FetchError::TooLarge(most_bytes));
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.into())
}

/// What came of a body until it was enough or took too long.
async fn beginning(mut body: Incoming, most_bytes: usize) -> Bytes {
    let mut collected = Vec::new();
    let reading = async {
        while collected.len() < most_bytes
            && let Some(Ok(frame)) = body.frame().await
        {
            if let Ok(data) = frame.into_data() {
                collected.extend_from_slice(&data);
            }
        }
    };
    drop(tokio::time::timeout(EXPLANATION_TIME, reading).await);
    collected.truncate(most_bytes);
    collected.into()
}

/// A header as text; one that is none, or that occurs twice, counts as `""`: present, and nothing we know.
pub(super) fn text_of(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).into_iter();
    match (values.next(), values.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().unwrap_or_default()),
        (Some(_), Some(_)) => Some(""),
    }
}
