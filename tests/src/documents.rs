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
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

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
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name.push(DnType::CommonName, "Grantor tests");
        let ca = CertifiedIssuer::self_signed(ca, ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();

        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
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
        Self { port, root: ca.pem(), published }
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
