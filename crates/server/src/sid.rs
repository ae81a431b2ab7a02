//! The session identifier a client knows a session by (Back-Channel Logout section 2.1): derived, so that it needs no
//! row, and different for each client, so that two of them cannot compare.

use grantor_crypto::{base64url, sha256};
use grantor_protocol::{ClientRowId, SessionId};

/// The `sid` of this session for this client.
pub(crate) fn sid(session: SessionId, client: ClientRowId) -> String {
    base64url::encode(sha256(format!("sid {session} {client}").as_bytes()))
}
