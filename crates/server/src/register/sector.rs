//! `sector_identifier_uri`: the document by which hosts say that they belong together (OpenID Connect Core section 8.1,
//! Dynamic Client Registration section 5).

use grantor_protocol::{ClientMetadata, MetadataError};

use super::answer::RegistrationFailure;
use crate::app::App;
use crate::clock::Now;
use crate::outbound::Wanted;

const MEMBER: &str = "sector_identifier_uri";

/// Fetches the document, where one is named, and refuses metadata with a redirect URI that is not in it. Otherwise any
/// client could join a sector, and recognise its users. What the host answered is for the log alone: a registrant must
/// not look around in networks by our eyes (security.md T142).
pub(super) async fn check(app: &App, metadata: &ClientMetadata, now: Now) -> Result<(), RegistrationFailure> {
    let Some(uri) = &metadata.sector_identifier_uri else { return Ok(()) };
    let refused = |reason: String, setting| {
        RegistrationFailure::Metadata(MetadataError { member: MEMBER.to_owned(), reason }, setting)
    };
    let document = app.fetcher.get(uri, Wanted::JSON.newest(), now).await.map_err(|error| {
        refused("no document of up to 64 KiB can be fetched from there".to_owned(), error.setting())
    })?;
    let Ok(uris) = serde_json::from_slice::<Vec<String>>(&document.body) else {
        return Err(refused("what is there is not a JSON array of URIs".to_owned(), None));
    };
    match metadata.redirect_uris.iter().find(|redirect| !uris.contains(redirect)) {
        Some(missing) => {
            Err(refused(format!("the document there does not list the redirect URI {missing}"), None))
        }
        None => Ok(()),
    }
}
