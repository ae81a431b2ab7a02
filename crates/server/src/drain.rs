//! Leaving without losing a request. Balancers learn from `/health/ready` that a node goes, and need a moment for it, so it
//! goes on serving for `limits.drain_delay`, and asks for no further request on connections that it answers on (RFC 9112
//! section 9.6): one that is closed while a request is under way is an error that nobody may repeat for a client.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::watch;

use crate::app::App;

/// Whether this process has been told to stop.
#[derive(Debug, Default)]
pub(crate) struct Drain(AtomicBool);

impl Drain {
    /// True from the signal on.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Turns true `limits.drain_delay` after `told` did: when the listeners are to close.
pub(crate) fn delayed(app: &App, mut told: watch::Receiver<bool>) -> watch::Receiver<bool> {
    let (close, closing) = watch::channel(false);
    let app = app.clone();
    tokio::spawn(async move {
        // A sender that is gone tells nothing any more, which is a reason to stop as well.
        drop(told.wait_for(|stop| *stop).await);
        app.drain.begin();
        tokio::time::sleep(app.config.limits.drain_delay).await;
        close.send_replace(true);
    });
    closing
}

/// Makes answers after the signal the last ones of their connections. HTTP/2 says it when the listeners close, without
/// losing what was begun.
pub(crate) async fn last_answers(State(app): State<App>, request: Request, next: Next) -> Response {
    let version = request.version();
    let mut response = next.run(request).await;
    if app.drain.has_begun() && version < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
