//! One logout token about nobody, for whoever sets up a client: is it received, and if not, why.

use std::time::Duration;

use grantor_crypto::{base64url, random_bytes};
use grantor_protocol::{ClientId, IssuerId};
use grantor_store::Fault;
use tokio::time::Instant;

use super::back_channel::{LogoutToken, send};
use super::failure::NotTold;
use crate::app::App;
use crate::clock::Now;

/// How a client took a logout token.
#[derive(Clone, Debug)]
pub struct TriedLogout {
    /// Where it was sent; `None` when the client registered no address.
    pub url: Option<String>,
    /// How long it took to make it, send it and hear of it.
    pub took: Duration,
    /// What is wrong; `None` when the client accepts it.
    pub problem: Option<String>,
    /// The setting, of Grantor or of the client, that would change that.
    pub setting: Option<&'static str>,
    /// What to look at.
    pub advice: Option<&'static str>,
}

/// Sends a logout token of a session that does not exist. A client that knows none of that name has nothing to end, which
/// is success. `None` when there is no such client.
pub async fn try_logout(app: &App, client_id: &ClientId) -> Result<Option<TriedLogout>, Fault> {
    let now = Now { ms: app.clock.now_ms() };
    let Some(client) = app.clients.by_client_id(IssuerId::FIRST, client_id, now.ms).await? else {
        return Ok(None);
    };
    let random = || base64url::encode(random_bytes::<32>());
    let token = LogoutToken { subject: None, sid: random(), id: random() };
    let begun = Instant::now();
    let outcome = send(app, &client, &token, now).await;
    let took = begun.elapsed();
    let error = outcome.err();
    Ok(Some(TriedLogout {
        url: client.row.metadata.backchannel_logout_uri.clone(),
        took,
        setting: error.as_ref().and_then(NotTold::setting),
        advice: error.as_ref().and_then(NotTold::advice),
        problem: error.as_ref().map(ToString::to_string),
    }))
}
