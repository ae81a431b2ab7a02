//! One request and its answer over a connection of our own: to an address that was looked at before, under the name it
//! was asked for, with nothing followed, remembered or unpacked.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, AsHeaderName, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, HOST, IF_NONE_MATCH,
    USER_AGENT,
};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;

use super::error::FetchError;
use super::policy::Target;

/// The name under which Grantor asks; it says nothing about the machine it runs on (security.md T145).
const AGENT: &str = concat!("Grantor/", env!("CARGO_PKG_VERSION"));
/// Status line and headers of an answer together.
const HEAD_BYTES: usize = 16 * 1024;
const MOST_HEADERS: usize = 100;
/// Addresses tried of one name, and how long each may take to accept a connection.
const MOST_ADDRESSES: usize = 4;
const CONNECT_TIME: Duration = Duration::from_secs(2);

/// What is said to a host.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) method: Method,
    pub(super) accept: &'static str,
    /// The version we have, so that the same need not be sent again (RFC 9110 section 13.1.2).
    pub(super) etag: Option<&'a str>,
    pub(super) body: Bytes,
}

/// What a host said: 200 with the document, or 304 without one.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) is_unchanged: bool,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Asks `target` at one of `addresses`, and takes a document of at most `most_bytes`. The caller bounds the time.
pub(super) async fn exchange(
    tls: &Arc<ClientConfig>,
    target: &Target,
    addresses: &[IpAddr],
    question: &Question<'_>,
    most_bytes: usize,
) -> Result<Answer, FetchError> {
    let stream = connect(target, addresses).await?;
    let request = request(target, question)?;
    if !target.is_tls() {
        return converse(stream, request, most_bytes).await;
    }
    let name = match target.host() {
        Host::Domain(name) => {
            ServerName::try_from(name.clone()).map_err(|error| FetchError::Tls(error.to_string()))?
        }
        Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
        Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
    };
    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
    converse(stream.map_err(|error| FetchError::Tls(error.to_string()))?, request, most_bytes).await
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
    most_bytes: usize,
) -> Result<Answer, FetchError> {
    let unreadable = |error: hyper::Error| FetchError::Answer(error.to_string());
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES).max_headers(MOST_HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(unreadable)?;
    let reading = async {
        let response = sender.send_request(request).await.map_err(unreadable)?;
        let (head, body) = response.into_parts();
        let is_unchanged = judge(head.status, &head.headers)?;
        let body = if is_unchanged { Bytes::new() } else { collect(body, most_bytes).await? };
        Ok(Answer { is_unchanged, headers: head.headers, body })
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

/// Whether the document is the one we have; every other status than 200 is an error.
fn judge(status: StatusCode, headers: &HeaderMap) -> Result<bool, FetchError> {
    match status {
        StatusCode::NOT_MODIFIED => return Ok(true),
        StatusCode::OK => {}
        redirect if redirect.is_redirection() => return Err(FetchError::Redirect(redirect.as_u16())),
        other => return Err(FetchError::Status(other.as_u16())),
    }
    match text_of(headers, CONTENT_ENCODING) {
        Some(encoding) if !encoding.eq_ignore_ascii_case("identity") => {
            Err(FetchError::Compressed(encoding.chars().take(40).collect()))
        }
        _ => Ok(false),
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

/// A header as text; one that is none, or that occurs twice, counts as `""`: present, and nothing we know.
pub(super) fn text_of(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).into_iter();
    match (values.next(), values.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().unwrap_or_default()),
        (Some(_), Some(_)) => Some(""),
    }
}
