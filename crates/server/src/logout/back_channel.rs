//! The logout token (Back-Channel Logout section 2.4), and sending it (2.5) and how it is taken (2.8). It is made when it
//! is sent: a client that was away for hours gets a fresh one.

use std::sync::Arc;

use grantor_crypto::{base64url, sha256};
use grantor_protocol::Subject;
use grantor_store::LogoutNotification;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::failure::NotTold;
use crate::app::App;
use crate::client_cache::KnownClient;
use crate::client_jwt::ClientJwt;
use crate::clock::Now;
use crate::error::Failure;
use crate::extract::Issuer;
use crate::issuing::Issuing;
use crate::sid::sid;
use crate::subject::subject;

/// How long a logout token counts: what it says has happened, and each attempt gets another.
const LIFETIME_SECONDS: i64 = 120;
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a logout token speaks of.
#[derive(Debug)]
pub(super) struct LogoutToken {
    /// Whose session it was, as the client knows the user.
    pub(super) subject: Option<Subject>,
    /// The session, as the client knows it.
    pub(super) sid: String,
    /// The same at every attempt, so that a client that was told already can tell.
    pub(super) id: String,
}

impl LogoutToken {
    /// The token of a notification.
    fn of(app: &App, client: &KnownClient, notification: &LogoutNotification) -> Result<Self, Failure> {
        let LogoutNotification { session, client: row, created_at, .. } = notification;
        Ok(Self {
            subject: Some(subject(app, &client.row.metadata, notification.user)?),
            sid: sid(*session, *row),
            id: base64url::encode(sha256(format!("logout {session} {row} {created_at}").as_bytes())),
        })
    }

    /// The compact form. Never with a `nonce`, so that it is not taken for an ID token.
    async fn encode(&self, issuing: Issuing<'_>) -> Result<String, Failure> {
        let form = ClientJwt::for_logout_token(issuing).await?;
        // Read after the keys are at hand, which may have taken a while.
        let now = issuing.app.clock.now();
        let mut claims = json!({
            "iss": &*issuing.issuer.url,
            "aud": issuing.client.row.client_id.as_str(),
            "iat": now.seconds(),
            "exp": now.plus(LIFETIME_SECONDS).seconds(),
            "jti": self.id,
            "events": { EVENT: {} },
            "sid": self.sid,
        });
        if let (Some(subject), Some(claims)) = (&self.subject, claims.as_object_mut()) {
            claims.insert("sub".to_owned(), Value::from(subject.as_str()));
        }
        form.encode(&claims)
    }
}

/// Tells a client what a notification says.
pub(super) async fn tell(app: &App, notification: &LogoutNotification) -> Result<(), NotTold> {
    let now = Now { ms: app.clock.now_ms() };
    let client = app.clients.by_row(notification.client, now.ms).await.map_err(Failure::from)?;
    let client = client.ok_or(NotTold::NotRegistered)?;
    let token = LogoutToken::of(app, &client, notification)?;
    send(app, &client, &token, now).await
}

/// Sends a token, and says whether the client accepts it.
pub(super) async fn send(
    app: &App,
    client: &Arc<KnownClient>,
    token: &LogoutToken,
    now: Now,
) -> Result<(), NotTold> {
    let Some(url) = &client.row.metadata.backchannel_logout_uri else {
        return Err(NotTold::NotRegistered);
    };
    let issuer = Issuer::only(app);
    let issuing = Issuing { app, issuer: &issuer, client, confirmation: None, now };
    let token = token.encode(issuing).await?;
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish();
    NotTold::judge(&app.fetcher.post_form(url, form).await?)
}
