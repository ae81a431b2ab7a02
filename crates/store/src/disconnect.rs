//! The end of what a client has of a user ("disconnect this app"): one primitive for the user's own page, the admin
//! listener and commands.

use grantor_protocol::{ClientRowId, Timestamp, UserId};

use crate::{Fault, Grants, RevocationReason, engine::Transaction, logout_notifications::note_clients_where};

/// What was taken from the clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disconnected {
    /// Standing consents.
    pub consents: u64,
    /// Grants, and with them every token of theirs.
    pub grants: u64,
    /// How many logout tokens are to be delivered for it.
    pub notifications: u64,
}

impl Disconnected {
    /// Whether there was anything to end.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

const NAME: &str = "grants.disconnect";

impl Grants<'_> {
    /// Takes from `client`, or from every client when none is named, what `user` allowed it: standing consent and
    /// grants. Each live session of the user in which such a client took part is noted, so that it is told until
    /// `give_up_at` (Back-Channel Logout section 2.5). All of it at once, or nothing.
    #[tracing::instrument(name = "store.grants.disconnect", level = "debug", skip_all)]
    pub async fn disconnect(
        &self,
        user: UserId,
        client: Option<ClientRowId>,
        reason: RevocationReason,
        give_up_at: Timestamp,
        now_ms: i64,
    ) -> Result<Disconnected, Fault> {
        let now = Timestamp::from_milliseconds(now_ms);
        let mut transaction = self.0.begin(NAME).await?;
        // Consent goes first: with it, a grant that was just revoked would be given again unasked.
        let consents = transaction
            .statement(NAME, "DELETE FROM consent WHERE user_id = $1 AND ($2 IS NULL OR client = $2)");
        let consents = consents.bind(user).bind(client).execute().await?;
        let grants = transaction.statement(
            NAME,
            "UPDATE oauth_grant SET revoked_at = $3, revoked_because = $4
              WHERE user_id = $1 AND ($2 IS NULL OR client = $2) AND revoked_at IS NULL",
        );
        let grants = grants.bind(user).bind(client).bind(now).bind(reason.name()).execute().await?;
        let notifications = tell_client_of_user(&mut transaction, user, client, give_up_at, now_ms).await?;
        transaction.commit().await?;
        Ok(Disconnected { consents, grants, notifications })
    }
}

/// Notes the clients to tell, as for the end of the sessions, which go on. A client that was told takes part in none of
/// them any more, so that their end does not tell it twice; but a browser that is to tell it has not yet.
async fn tell_client_of_user(
    transaction: &mut Transaction,
    user: UserId,
    client: Option<ClientRowId>,
    give_up_at: Timestamp,
    now_ms: i64,
) -> Result<u64, Fault> {
    let now = Timestamp::from_milliseconds(now_ms);
    let note = transaction.statement(
        NAME,
        note_clients_where!(
            "session.user_id = $4 AND session.ended_at IS NULL AND ($5 IS NULL OR client.id = $5)"
        ),
    );
    let note = note.bind(now_ms).bind(now).bind(give_up_at);
    let noted = note.bind(user).bind(client).execute().await?;
    let leave = transaction.statement(
        NAME,
        "DELETE FROM session_client WHERE ($2 IS NULL OR client = $2)
            AND NOT EXISTS (SELECT 1 FROM client WHERE client.id = session_client.client
                  AND client.metadata LIKE '%\"frontchannel_logout_uri\"%')
            AND session_id IN (SELECT id FROM session WHERE user_id = $1 AND ended_at IS NULL)",
    );
    leave.bind(user).bind(client).execute().await?;
    Ok(noted)
}
