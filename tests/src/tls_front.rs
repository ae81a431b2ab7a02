//! Ends TLS in front of a server on this machine, as a reverse proxy does, for any host under `.test` and
//! for `id.localhost`, which programs find without a resolver.

use std::fmt;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::certificate::tls_for;
use crate::process::free_port;

/// The running front; it ends with the test.
pub struct TlsFront {
    /// Where it listens.
    pub port: u16,
    /// The root certificate (PEM) that vouches for it.
    pub root: String,
    tls: TlsAcceptor,
    task: Option<JoinHandle<()>>,
}

impl TlsFront {
    /// A port, with nothing behind it yet: the server behind may have to know it.
    pub fn new() -> Self {
        let (tls, root) = tls_for(&["*.test", "localhost", "id.localhost"]);
        Self { port: free_port(), root, tls, task: None }
    }

    /// Starts it in front of a port of this machine.
    pub async fn start(&mut self, behind: u16) {
        let tls = self.tls.clone();
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.task = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = tls.accept(stream).await else { return };
                    let Ok(mut server) = TcpStream::connect(("127.0.0.1", behind)).await else { return };
                    drop(copy_bidirectional(&mut stream, &mut server).await);
                });
            }
        }));
    }

    /// The origin of a host that it serves.
    pub fn origin(&self, host: &str) -> String {
        format!("https://{host}:{}", self.port)
    }
}

impl fmt::Debug for TlsFront {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TlsFront").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Default for TlsFront {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
