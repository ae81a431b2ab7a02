//! The logo of a client, from our own origin: pages load nothing from elsewhere, so that no client learns who is about to
//! sign in, and none can change our pages' pictures after they were looked at for what they are.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use grantor_crypto::{base64url, sha256};
use grantor_protocol::ClientRowId;

use crate::app::App;
use crate::client_cache::KnownClient;
use crate::interact::introduction;
use crate::outbound::{Kind, MaxAge, Wanted};
use crate::pages::assets::{PICTURE_POLICY, picture_format};
use crate::visit::Visit;

const WANTED: Wanted = Wanted {
    kind: Kind::Picture,
    accept: "image/png, image/svg+xml, image/webp, image/jpeg, image/gif",
    media_types: &[],
    body_bytes: 256 * 1024,
    max_age: MaxAge::AsServed,
    time: None,
};

/// How long a page waits to know whether there is a logo. Afterwards the browser asks for it by itself.
const PATIENCE: Duration = Duration::from_millis(200);

/// Where a page finds the logo of `client`, in the language of the page where it has several; `None` when it has none that can be shown.
pub(crate) async fn address(visit: &Visit, client: &KnownClient) -> Option<String> {
    let uri = introduction(visit, client).logo?;
    let fetched = tokio::time::timeout(PATIENCE, visit.app.fetcher.get(uri, WANTED, visit.now)).await;
    let may_be_shown = match fetched {
        Ok(Ok(document)) => picture_format(&document.body).is_some(),
        Ok(Err(_)) => false,
        Err(_) => true,
    };
    may_be_shown.then(|| format!("{}/client-logo/{}/{}", visit.issuer.path(), client.row.row, version(uri)))
}

/// Changes when the client names another logo, so that browsers may keep the old one.
fn version(uri: &str) -> String {
    base64url::encode(sha256(uri.as_bytes())).chars().take(16).collect()
}

/// `GET /client-logo/{client}/{version}`.
pub(crate) async fn get(
    State(app): State<App>,
    visit: Visit,
    Path((client, asked)): Path<(String, String)>,
) -> Response {
    match logo(&app, &visit, &client, &asked).await {
        Some(response) => response,
        None => visit.not_found(),
    }
}

async fn logo(app: &App, visit: &Visit, client: &str, asked: &str) -> Option<Response> {
    let row = client.parse::<ClientRowId>().ok()?;
    let client = app.clients.by_row(row, visit.now.ms).await.ok().flatten()?;
    let uri = client.row.metadata.logos().find(|uri| version(uri) == asked)?;
    let document = app.fetcher.get(uri, WANTED, visit.now).await.ok()?;
    let (content_type, _) = picture_format(&document.body)?;
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "public, max-age=86400"),
        (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    Some((headers, document.body.clone()).into_response())
}
