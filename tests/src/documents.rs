//! An https server for the documents that relying parties publish: keys, request objects, sector identifiers. It has a
//! thread of its own, so that it outlives the test that needed it first.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::certificate::tls_for;

/// The running server.
#[derive(Debug)]
pub struct Documents {
    port: u16,
    root: String,
    published: Published,
}

type Published = Arc<Mutex<HashMap<String, Document>>>;

#[derive(Debug, Clone)]
struct Document {
    kind: &'static str,
    body: String,
    reads: usize,
}

impl Documents {
    /// Starts it, with certificates made for it.
    pub fn start() -> Self {
        let (tls, root) = tls_for(&["localhost", "127.0.0.1"]);
        let published = Published::default();
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&published));
        let tcp = std::net::TcpListener::bind(("127.0.0.1", crate::process::free_port())).unwrap();
        tcp.set_nonblocking(true).unwrap();
        let port = tcp.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let tcp = TcpListener::from_std(tcp).unwrap();
                axum::serve(Secured { tcp, tls }, routes).await.unwrap();
            });
        });
        Self { port, root, published }
    }

    /// Writes the root certificate, for `outbound.ca_file`.
    pub fn write_root(&self, to: &Path) {
        std::fs::write(to, &self.root).unwrap();
    }

    /// Publishes a document, or another one in its place; gives its address.
    pub fn publish(&self, path: &str, kind: &'static str, body: &str) -> String {
        let document = Document { kind, body: body.to_owned(), reads: 0 };
        self.published.lock().unwrap().insert(path.to_owned(), document);
        format!("https://localhost:{}{path}", self.port)
    }

    /// How often a document was read since it was published.
    pub fn reads(&self, path: &str) -> usize {
        self.published.lock().unwrap().get(path).map_or(0, |document| document.reads)
    }
}

async fn answer(State(published): State<Published>, uri: Uri) -> Response {
    let mut published = published.lock().unwrap();
    match published.get_mut(uri.path()) {
        Some(document) => {
            document.reads += 1;
            ([(header::CONTENT_TYPE, document.kind)], document.body.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

struct Secured {
    tcp: TcpListener,
    tls: TlsAcceptor,
}

impl Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.tcp.accept().await else { continue };
            // A visitor who does not like the certificate is his own problem.
            if let Ok(stream) = self.tls.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
