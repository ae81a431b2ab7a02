//! The identifier by which a client knows a user (OpenID Connect Core section 8): the same for every client, or one for
//! each sector, so that clients of different sectors cannot compare their users.

use grantor_crypto::{DataKeyPurpose, base64url};
use grantor_protocol::{ClientMetadata, Subject, SubjectType, UserId};

use crate::app::App;
use crate::error::Failure;

/// The `sub` of this user at this client. A pairwise one is computed from a key that is never rotated, the sector and
/// the user: it needs no row, stays when signing keys and system secrets change, and tells nothing of the user.
pub(crate) fn subject(app: &App, client: &ClientMetadata, user: UserId) -> Result<Subject, Failure> {
    let text = match client.subject_type {
        SubjectType::Public => user.to_string(),
        SubjectType::Pairwise => {
            let sector = client.sector().ok_or_else(|| {
                Failure::Internal("a pairwise client has redirect URIs of several hosts".to_owned())
            })?;
            // However long ago the keys were read: this one is never another.
            let keys = app.keys.last_known();
            let mac = keys.data_key(DataKeyPurpose::Pairwise)?.mac();
            base64url::encode(mac.tag(&[b"subject", sector.as_bytes(), user.to_string().as_bytes()]))
        }
    };
    Subject::parse(&text).map_err(|error| Failure::Internal(error.to_string()))
}
