//! Hosts to fetch from that say whatever a test wants, over real sockets.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// What a host sends, in pieces; after an empty piece it is silent.
pub(crate) type Script = Arc<dyn Fn(&str) -> Vec<Vec<u8>> + Send + Sync>;

/// A host that says the same to everybody, and what was said to it.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    pub(crate) async fn plain(script: impl Fn(&str) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::start(Arc::new(script), None).await
    }

    pub(crate) async fn start(script: Script, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, heard, tls) = (Arc::clone(&script), Arc::clone(&heard), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(stream, &script, &heard).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                converse(stream, &script, &heard).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://app.example:{}{path}", self.address.port())
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        lock(&self.requests).clone()
    }
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: &Script,
    heard: &Mutex<Vec<String>>,
) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    lock(heard).push(request.clone());
    for piece in script(&request) {
        if piece.is_empty() {
            // Silent until the other side goes away.
            drop(stream.read_u8().await);
            return;
        }
        if stream.write_all(&piece).await.is_err() {
            return;
        }
    }
    drop(stream.shutdown().await);
}

pub(crate) fn answer(head: &str, body: &[u8]) -> Vec<Vec<u8>> {
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len());
    vec![[head.as_bytes(), body].concat()]
}

pub(crate) fn settings(timeout_ms: u64) -> Outbound {
    Outbound {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        roots: Vec::new(),
        timeout: Duration::from_millis(timeout_ms),
    }
}

/// A fetcher for which every name is this machine.
pub(crate) fn fetcher() -> Fetcher {
    fetcher_with(&settings(10_000))
}

pub(crate) fn fetcher_with(settings: &Outbound) -> Fetcher {
    resolving(settings, |_| vec!["127.0.0.1".parse().unwrap()])
}

pub(crate) fn resolving(
    settings: &Outbound,
    answer: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static,
) -> Fetcher {
    Fetcher::resolving(settings, Resolver::answering(answer))
}
