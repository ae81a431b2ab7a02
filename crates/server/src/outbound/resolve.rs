//! From a name to addresses. It is asked once for each fetch, and its answer is what is connected to.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// Who turns names into addresses.
#[derive(Clone)]
pub(crate) struct Resolver(Arc<LookUp>);

impl Resolver {
    /// The system's resolver: its hosts file and its name servers.
    pub(crate) fn system() -> Self {
        Self(Arc::new(|name| Ok((name, 0).to_socket_addrs()?.map(|to| to.ip()).collect())))
    }

    /// A test, which may answer differently each time.
    #[cfg(test)]
    pub(super) fn answering(answer: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |name| Ok(answer(name))))
    }

    /// The addresses of `name`, in the order in which to try them. A lookup takes a thread until the system gives up,
    /// whoever still waits for it, and so long it keeps `held`.
    pub(crate) async fn addresses(&self, name: &str, held: impl Send + 'static) -> io::Result<Vec<IpAddr>> {
        let (look_up, name) = (Arc::clone(&self.0), name.to_owned());
        let looked_up = tokio::task::spawn_blocking(move || {
            let addresses = look_up(&name);
            drop(held);
            addresses
        });
        looked_up.await.map_err(io::Error::other)?
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}
