//! What ends access, for every way in: pages, the admin listener and commands all come here, so that none forgets what
//! has to end with it, whom to tell, or that it is recorded.

use grantor_protocol::{SessionId, Timestamp, UserId};
use grantor_store::{Client, Disconnected, Ended, Ending, Fault, RevocationReason, Store};

use crate::audit::{AuditEvent, AuditLog, Cause};
use crate::config::Logout;
use crate::logout::delivery::LogoutDelivery;

/// One act that ends access, at one instant. Clients that are to be told of it are told until `give_up_at`.
#[derive(Clone, Debug)]
pub struct EndingAccess<'a> {
    store: &'a Store,
    audit: &'a AuditLog,
    delivery: Option<&'a LogoutDelivery>,
    give_up_at: Timestamp,
    cause: Cause,
}

impl<'a> EndingAccess<'a> {
    /// An act of whoever causes it.
    pub fn new(store: &'a Store, config: &Logout, audit: &'a AuditLog, cause: Cause) -> Self {
        let give_up_at = config.give_up_at(cause.now().timestamp());
        Self { store, audit, delivery: None, give_up_at, cause }
    }

    /// The same by a server, which tells clients itself; others leave that to the servers that run.
    #[must_use]
    pub(crate) fn telling_by(self, delivery: &'a LogoutDelivery) -> Self {
        Self { delivery: Some(delivery), ..self }
    }

    fn tell(&self, notifications: u64) {
        if let Some(delivery) = self.delivery.filter(|_| notifications > 0) {
            delivery.wake();
        }
    }

    fn now(&self) -> Timestamp {
        self.cause.now().timestamp()
    }

    fn record(&self, event: &AuditEvent) {
        self.audit.record(&self.cause, event);
    }

    /// Ends sessions, and has their clients told.
    pub async fn sessions(&self, which: &Ending) -> Result<Ended, Fault> {
        self.end(which, "ended").await
    }

    async fn end(&self, which: &Ending, reason: &'static str) -> Result<Ended, Fault> {
        let ended = self.store.sessions().end(which, self.give_up_at, self.cause.now().ms).await?;
        for (session, user) in ended.sessions.iter().zip(&ended.users) {
            self.record(&AuditEvent::SessionEnded { subject: Some(*user), session: *session, reason });
        }
        self.tell(ended.notifications);
        Ok(ended)
    }

    /// Takes from a client, or from all of them, what a user allowed; has it told. The client is known before the act, so that
    /// nothing is left to look up that could fail after it.
    pub async fn disconnect(
        &self,
        user: UserId,
        client: Option<&Client>,
        reason: RevocationReason,
    ) -> Result<Disconnected, Fault> {
        let grants = self.store.grants();
        let row = client.map(|client| client.row);
        let disconnected = grants.disconnect(user, row, reason, self.give_up_at, self.cause.now().ms).await?;
        self.tell(disconnected.notifications);
        if !disconnected.is_nothing() {
            let client_id = client.map(|client| client.client_id.clone());
            let count = disconnected.grants;
            self.record(&AuditEvent::ConsentWithdrawn { subject: user, client_id, count });
        }
        Ok(disconnected)
    }

    /// Keeps an account from logging in and ends its sessions; its offline grants sleep until it is enabled again.
    /// `None` when there is no such account.
    pub async fn disable_user(&self, user: UserId) -> Result<Option<Ended>, Fault> {
        let Some(ended) = self.shut_out(user, "user_disabled").await? else {
            return Ok(None);
        };
        self.record(&AuditEvent::UserDisabled { subject: user });
        Ok(Some(ended))
    }

    async fn shut_out(&self, user: UserId, reason: &'static str) -> Result<Option<Ended>, Fault> {
        // Disabled first: nothing begins between the two.
        if !self.store.users().disable(user, self.now()).await? {
            return Ok(None);
        }
        self.end(&Ending::OfUser(user, None), reason).await.map(Some)
    }

    /// Deletes an account, and ends all that it gave. `None` when there is no such account.
    pub async fn delete_user(&self, user: UserId) -> Result<Option<Ended>, Fault> {
        // The sessions end while there is an account, so that its clients can be told whose they were.
        let Some(ended) = self.shut_out(user, "user_deleted").await? else {
            return Ok(None);
        };
        self.store.grants().revoke_of_user(user, None, RevocationReason::Operator, self.now()).await?;
        self.store.users().delete(user).await?;
        self.record(&AuditEvent::UserDeleted { subject: user });
        Ok(Some(ended))
    }

    /// Ends what a replaced password opened: every session but `kept`, and every grant but those of `kept`. Whoever sets
    /// a password anew may do it because somebody else knows the old one. The number is that of the grants.
    pub async fn replaced_password(
        &self,
        user: UserId,
        kept: Option<SessionId>,
        reason: RevocationReason,
    ) -> Result<(Ended, u64), Fault> {
        let ended = self.end(&Ending::OfUser(user, kept), "password_changed").await?;
        let grants = self.store.grants().revoke_of_user(user, kept, reason, self.now()).await?;
        Ok((ended, grants))
    }
}
