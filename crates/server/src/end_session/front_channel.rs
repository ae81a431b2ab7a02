//! Front-Channel Logout (section 3): the browser loads an address of each client, which ends the client's own session
//! there. Best effort by nature: where browsers keep cookies from frames, a client sees no session of its own.

use axum::http::StatusCode;
use axum::response::Response;
use grantor_store::FrontChannelClient;
use url::Url;

use crate::pages::views::{FrontChannelPage, WebLink};
use crate::sid::sid;
use crate::visit::{Policy, Visit};

/// The most clients that one page tells.
const MOST_FRAMES: usize = 100;

/// What to load, with `iss` and `sid`.
pub(super) fn addresses(issuer: &str, clients: &[FrontChannelClient]) -> Vec<String> {
    let address = |client: &FrontChannelClient| {
        let mut url = Url::parse(client.metadata.frontchannel_logout_uri.as_deref()?).ok()?;
        let named = sid(client.session, client.client);
        url.query_pairs_mut().append_pair("iss", issuer).append_pair("sid", &named);
        Some(url.to_string())
    };
    clients.iter().filter_map(address).take(MOST_FRAMES).collect()
}

/// The page that loads them and goes on, or has a link to where the user may.
pub(super) fn page(visit: &Visit, frames: &[String], goes_on: Option<&str>, link: Option<&str>) -> Response {
    let origins = frames.iter().filter_map(|frame| Url::parse(frame).ok());
    let mut origins: Vec<String> = origins.map(|url| url.origin().ascii_serialization()).collect();
    origins.sort();
    origins.dedup();
    let page = visit.frame();
    let view = FrontChannelPage { page: &page, frames, goes_on, link: link.and_then(WebLink::new) };
    visit.page(StatusCode::OK, &view, &Policy::Frames(origins))
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantor_protocol::{ClientId, ClientMetadata, ClientRowId, SessionId};

    // Front-Channel Logout section 3: both or neither, and ours always sends both.
    #[test]
    fn each_address_keeps_its_query_and_gets_issuer_and_session() {
        let client = |uri: &str| FrontChannelClient {
            session: SessionId::from_uuid(uuid::Uuid::nil()),
            client: ClientRowId::from_uuid(uuid::Uuid::nil()),
            client_id: ClientId::parse("app").unwrap(),
            metadata: ClientMetadata {
                frontchannel_logout_uri: Some(uri.to_owned()),
                ..ClientMetadata::default()
            },
        };
        let clients = [client("https://a.example/out?x=1"), client("https://b.example/out")];
        let loaded = addresses("https://id.example", &clients);
        let named = sid(clients[0].session, clients[0].client);
        assert_eq!(
            loaded,
            [
                format!("https://a.example/out?x=1&iss=https%3A%2F%2Fid.example&sid={named}"),
                format!("https://b.example/out?iss=https%3A%2F%2Fid.example&sid={named}"),
            ]
        );
    }
}
