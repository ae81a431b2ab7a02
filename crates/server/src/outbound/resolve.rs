//! From a name to addresses. It is asked once for each fetch, and its answer is what is connected to.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Names looked up at once. A lookup holds a thread until the system's resolver gives up, whoever still waits for it.
const LOOKUPS: usize = 32;

/// Who turns names into addresses.
#[derive(Clone)]
pub(crate) enum Resolver {
    /// The system: its hosts file and its name servers.
    System(Arc<Semaphore>),
    /// A test, which may answer differently each time.
    #[cfg(test)]
    Answering(Arc<Answering>),
}

#[cfg(test)]
type Answering = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

impl Resolver {
    /// The system's resolver.
    pub(crate) fn system() -> Self {
        Self::System(Arc::new(Semaphore::new(LOOKUPS)))
    }

    /// The addresses of `name`, in the order in which to try them.
    pub(crate) async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let lookups = match self {
            Self::System(lookups) => Arc::clone(lookups),
            #[cfg(test)]
            Self::Answering(answer) => return Ok(answer(name)),
        };
        let turn = lookups.acquire_owned().await.map_err(io::Error::other)?;
        let name = name.to_owned();
        let looked_up = tokio::task::spawn_blocking(move || {
            let addresses =
                (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|to| to.ip()).collect());
            drop(turn);
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
