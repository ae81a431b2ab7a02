//! The sockets: accepts connections, bounds what a slow or hostile peer can hold, drains on shutdown.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tower::Service;

use crate::app::App;
use crate::config::Limits;
use crate::drain;
use crate::extract::Connection;
use crate::logout::delivery;
use crate::routes::{self, Listener};
use crate::tasks;
use crate::tls::Certificate;

/// Why the server could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A socket could not be bound.
    #[error("{setting} = \"{address}\": {error}")]
    Bind {
        /// Which setting names it.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The certificate or key cannot be used.
    #[error("{setting}: {reason}")]
    Tls {
        /// Which setting names it.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Two bound listeners, not yet accepting: whoever holds this knows the addresses.
#[derive(Debug)]
pub struct Listeners {
    public: TcpListener,
    admin: TcpListener,
}

impl Listeners {
    /// Binds both sockets of the configuration.
    pub async fn bind(app: &App) -> Result<Self, ServeError> {
        let bind = async |setting, address: SocketAddr| {
            TcpListener::bind(address).await.map_err(|error| ServeError::Bind { setting, address, error })
        };
        Ok(Self {
            public: bind("public.listen", app.config.public.listen).await?,
            admin: bind("admin.listen", app.config.admin.listen).await?,
        })
    }

    /// Serves until `shutdown` turns true and for `limits.drain_delay` more, then lets running requests finish within
    /// `limits.drain_time`.
    pub async fn serve(self, app: App, shutdown: watch::Receiver<bool>) -> Result<(), ServeError> {
        let tls = app.config.public.tls.as_ref().map(Certificate::open).transpose()?;
        let mut background = tasks::spawn(&app);
        let closing = drain::delayed(&app, shutdown);
        if let Some(certificate) = tls.clone() {
            let app = app.clone();
            background.spawn(async move { certificate.keep(&app.certificate_renewed).await });
        }
        // Logouts that end while requests are still served are told, too.
        let (served, all_served) = watch::channel(false);
        let delivery = tokio::spawn(delivery::run(app.clone(), all_served));
        let public = accept(
            self.public,
            tls,
            routes::router(&app, Listener::Public),
            &app.config.limits,
            closing.clone(),
        );
        let admin =
            accept(self.admin, None, routes::router(&app, Listener::Admin), &app.config.limits, closing);
        tokio::join!(public, admin);
        served.send_replace(true);
        background.abort_all();
        tasks::write_uses(&app).await;
        // What is on its way ends within the time of an outgoing call; the rest waits in the database for whoever is next.
        drop(delivery.await);
        Ok(())
    }
}

/// How long accepting pauses when the system has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a connection is listened to at least, however soon after its beginning no further request is wanted: who was
/// let in has sent one, mostly, which has arrived or is about to.
const FIRST_REQUEST_TIME: Duration = Duration::from_millis(100);

async fn accept(
    listener: TcpListener,
    tls: Option<Arc<Certificate>>,
    router: Router,
    limits: &Limits,
    mut shutdown: watch::Receiver<bool>,
) {
    let (close, closing) = watch::channel(false);
    let reception = Reception {
        tls,
        handshake_time: limits.header_timeout,
        router,
        builder: Arc::new(connection_builder(limits)),
        closing,
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = shutdown.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, addr)) => reception.receive(stream, addr),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    receive_the_queue(listener, &reception);
    close.send_replace(true);
    drop(reception);
    if tokio::time::timeout(limits.drain_time, close.closed()).await.is_err() {
        tracing::warn!("requests were still running after limits.drain_time");
    }
}

/// Takes in whom the system has connected already, before the socket closes: they may have sent a request, and would be
/// reset with it under way.
fn receive_the_queue(listener: TcpListener, reception: &Reception) {
    let Ok(listener) = listener.into_std() else { return };
    loop {
        match listener.accept() {
            Ok((stream, addr)) => {
                if stream.set_nonblocking(true).is_ok()
                    && let Ok(stream) = TcpStream::from_std(stream)
                {
                    reception.receive(stream, addr);
                }
            }
            // One who has left already is no reason to leave those behind.
            Err(error) if [ErrorKind::ConnectionAborted, ErrorKind::Interrupted].contains(&error.kind()) => {}
            Err(_) => return,
        }
    }
}

/// What the connections of one listener have in common.
struct Reception {
    tls: Option<Arc<Certificate>>,
    handshake_time: Duration,
    router: Router,
    builder: Arc<Builder<TokioExecutor>>,
    /// Turns true when no further request is wanted; each connection holds one until it ends.
    closing: watch::Receiver<bool>,
}

impl Reception {
    fn receive(&self, stream: TcpStream, addr: SocketAddr) {
        // Small answers leave at once; failing to set this only costs time.
        drop(stream.set_nodelay(true));
        let connection = Connection { addr, tls: self.tls.is_some() };
        let (router, builder, closing) =
            (self.router.clone(), Arc::clone(&self.builder), self.closing.clone());
        let (tls, handshake_time) = (self.tls.as_deref().map(Certificate::acceptor), self.handshake_time);
        tokio::spawn(async move {
            match tls {
                None => converse(stream, Protocol::Http1, connection, router, &builder, closing).await,
                Some(tls) => match tokio::time::timeout(handshake_time, tls.accept(stream)).await {
                    Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                        match with_preface(stream, handshake_time).await {
                            Ok(stream) => {
                                converse(stream, Protocol::Http2, connection, router, &builder, closing)
                                    .await;
                            }
                            Err(error) => tracing::debug!(%error, "no HTTP/2 preface came"),
                        }
                    }
                    Ok(Ok(stream)) => {
                        converse(stream, Protocol::Http1, connection, router, &builder, closing).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                },
            }
        });
    }
}

fn connection_builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(Some(limits.header_timeout))
        .keep_alive_timeout(limits.header_timeout);
    builder
}

/// Which protocol a connection speaks is known before its first byte: HTTP/1.1 in clear, by ALPN under TLS. Finding out
/// from the bytes would wait without end for a peer that sends none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    protocol: Protocol,
    connection: Connection,
    router: Router,
    builder: &Builder<TokioExecutor>,
    mut closing: watch::Receiver<bool>,
) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(connection);
        router.clone().call(request.map(Body::new))
    });
    let builder = match protocol {
        Protocol::Http1 => builder.clone().http1_only(),
        Protocol::Http2 => builder.clone().http2_only(),
    };
    let begun = Instant::now();
    let mut conversation = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let told = async {
        drop(closing.wait_for(|closing| *closing).await);
        // Of a new socket nothing is known to have arrived until the runtime has looked, so what may be there has time to
        // be read: those of the queue, and those whose TLS handshake ends now.
        tokio::time::sleep_until(begun + FIRST_REQUEST_TIME).await;
    };
    let ended = tokio::select! {
        biased;
        ended = conversation.as_mut() => ended,
        // Looked at second: what has arrived by now is read before, and answered.
        () = told => {
            conversation.as_mut().graceful_shutdown();
            conversation.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended early");
    }
}

/// The preface that a peer which chose HTTP/2 must send before anything else (RFC 9113 section 3.4). Read here, against
/// the clock, and put back: hyper waits for it without end.
async fn with_preface<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    patience: Duration,
) -> io::Result<tokio::io::Join<impl AsyncRead + Unpin, tokio::io::WriteHalf<S>>> {
    const PREFACE_BYTES: usize = 24;
    let mut preface = [0; PREFACE_BYTES];
    tokio::time::timeout(patience, stream.read_exact(&mut preface)).await??;
    let (read, write) = tokio::io::split(stream);
    Ok(tokio::io::join(io::Cursor::new(preface).chain(read), write))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::config::testing::config;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: id.example.com\r\nconnection: close\r\n\r\n";

    async fn answer(mut client: TcpStream) -> String {
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn who_waits_in_the_queue_when_the_listener_closes_is_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut before = TcpStream::connect(address).await.unwrap();
        before.write_all(REQUEST).await.unwrap();
        let mut after = TcpStream::connect(address).await.unwrap();
        let limits = config("").limits;
        let (close, closing) = watch::channel(false);
        let reception = Reception {
            tls: None,
            handshake_time: limits.header_timeout,
            router: Router::new().fallback(async || "here"),
            builder: Arc::new(connection_builder(&limits)),
            closing,
        };
        receive_the_queue(listener, &reception);
        close.send_replace(true);
        tokio::task::yield_now().await;
        after.write_all(REQUEST).await.unwrap();
        for client in [before, after] {
            assert!(answer(client).await.starts_with("HTTP/1.1 200"));
        }
        assert!(TcpStream::connect(address).await.is_err(), "the listener is closed");
    }
}
