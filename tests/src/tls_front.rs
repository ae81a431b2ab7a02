//! Ends TLS in front of a server on this machine, as a reverse proxy does, for any host under `.test` and
//! for `id.localhost`, which programs find without a resolver.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::certificate::tls_for;
use crate::process::free_port;

/// The running front; it ends with the test.
#[derive(Debug)]
pub struct TlsFront {
    /// Where it listens.
    pub port: u16,
    /// The root certificate (PEM) that vouches for it, once it is started.
    pub root: String,
    task: Option<JoinHandle<()>>,
}

impl TlsFront {
    /// A port, with nothing behind it yet: the server behind may have to know it.
    pub fn new() -> Self {
        Self { port: free_port(), root: String::new(), task: None }
    }

    /// Starts it in front of a port of this machine.
    pub async fn start(&mut self, behind: u16) {
        let (tls, root) = tls_for(&["*.test", "localhost", "id.localhost"]);
        self.root = root;
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
