//! Leaving without losing a request. Balancers learn from `/health/ready` that a node goes, and need a moment for it, so it
//! goes on serving for `limits.drain_delay`, and asks for no further request on connections that it answers on (RFC 9112
//! section 9.6): one that is closed while a request is under way is an error that nobody may repeat for a client.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{HeaderValue, Version, header};
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

    /// Makes answers after the signal the last ones of their connections. HTTP/2 says it when the listeners close, without
    /// losing what was begun.
    pub(crate) fn end_connection(&self, version: Version, response: &mut Response) {
        if self.has_begun() && version < Version::HTTP_2 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
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

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn says_close(drain: &Drain, version: Version) -> bool {
        let mut response = "an answer".into_response();
        drain.end_connection(version, &mut response);
        response.headers().get(header::CONNECTION).is_some_and(|value| value == "close")
    }

    /// RFC 9112 section 9.6; RFC 9113 section 8.2.2 has no such header.
    #[test]
    fn answers_after_the_signal_are_the_last_ones_of_their_connections() {
        let drain = Drain::default();
        assert!(!says_close(&drain, Version::HTTP_11));
        drain.begin();
        assert!(says_close(&drain, Version::HTTP_11));
        assert!(!says_close(&drain, Version::HTTP_2));
    }
}
