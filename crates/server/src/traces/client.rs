//! The HTTP client of the exporter: hyper and rustls, as everywhere. The operator names the collector, so the rules for
//! addresses that clients name do not hold for it; they are for `outbound`, which this opens its sockets beside.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;

use crate::outbound::client_tls;

/// What is read of an answer, which says how many spans were refused and why.
const MOST_BYTES: usize = 64 * 1024;

/// One connection a batch, of which there is one in some seconds.
#[derive(Clone, Debug)]
pub(super) struct Client {
    runtime: Handle,
    tls: Arc<ClientConfig>,
    time: Duration,
}

impl Client {
    /// A client whose requests take so much time at most. The exporter calls it from a thread without a runtime.
    pub(super) fn new(roots: &[CertificateDer<'static>], time: Duration) -> Self {
        Self { runtime: Handle::current(), tls: client_tls(roots), time }
    }
}

type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'life, 'answer>(&'life self, request: Request<Bytes>) -> Answering<'answer>
    where
        'life: 'answer,
        Self: 'answer,
    {
        let (tls, time) = (Arc::clone(&self.tls), self.time);
        let sending = self.runtime.spawn(async move {
            match tokio::time::timeout(time, send(tls, request)).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer within {time:?}").into()),
            }
        });
        Box::pin(async move { sending.await? })
    }
}

async fn send(tls: Arc<ClientConfig>, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (mut parts, body) = request.into_parts();
    let uri = std::mem::take(&mut parts.uri);
    let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
        return Err("the address of the collector has no host".into());
    };
    let is_tls = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let host = host.trim_matches(['[', ']']).to_owned();
    parts.headers.insert(header::HOST, HeaderValue::try_from(authority.as_str())?);
    parts.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    parts.uri = uri.path_and_query().map_or_else(Uri::default, |path| Uri::from(path.clone()));
    let request = Request::from_parts(parts, Full::new(body));
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    if !is_tls {
        return converse(stream, request).await;
    }
    let name = ServerName::try_from(host)?;
    converse(TlsConnector::from(tls).connect(name, stream).await?, request).await
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, HttpError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let reading = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MOST_BYTES).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    // Polled here and not in a task of its own, so that both end when the time is over.
    tokio::pin!(connection, reading);
    tokio::select! {
        answer = &mut reading => answer,
        _ = &mut connection => reading.await,
    }
}
