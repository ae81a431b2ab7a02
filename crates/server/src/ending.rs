//! What ends access, for every way in: pages, the admin listener and commands all come here, so that none forgets what
//! has to end with it or whom to tell.

use grantor_protocol::{ClientRowId, SessionId, Timestamp, UserId};
use grantor_store::{Disconnected, Ended, Ending, Fault, RevocationReason, Store};

use crate::clock::Now;
use crate::config::Logout;
use crate::logout::delivery::LogoutDelivery;

/// One act that ends access, at one instant. Clients that are to be told of it are told until `give_up_at`.
#[derive(Clone, Copy, Debug)]
pub struct EndingAccess<'a> {
    store: &'a Store,
    delivery: Option<&'a LogoutDelivery>,
    give_up_at: Timestamp,
    now: Now,
}

impl<'a> EndingAccess<'a> {
    /// An act at `now`.
    pub fn new(store: &'a Store, config: &Logout, now: Now) -> Self {
        Self { store, delivery: None, give_up_at: config.give_up_at(now.timestamp()), now }
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

    /// Ends sessions, and has their clients told.
    pub async fn sessions(&self, which: &Ending) -> Result<Ended, Fault> {
        let ended = self.store.sessions().end(which, self.give_up_at, self.now.ms).await?;
        self.tell(ended.notifications);
        Ok(ended)
    }

    /// Takes from a client, or from all of them, what a user allowed; has it told.
    pub async fn disconnect(
        &self,
        user: UserId,
        client: Option<ClientRowId>,
        reason: RevocationReason,
    ) -> Result<Disconnected, Fault> {
        let grants = self.store.grants();
        let disconnected = grants.disconnect(user, client, reason, self.give_up_at, self.now.ms).await?;
        self.tell(disconnected.notifications);
        Ok(disconnected)
    }

    /// Keeps an account from logging in and ends its sessions; its offline grants sleep until it is enabled again.
    /// `None` when there is no such account.
    pub async fn disable_user(&self, user: UserId) -> Result<Option<Ended>, Fault> {
        // Disabled first: nothing begins between the two.
        if !self.store.users().disable(user, self.now.timestamp()).await? {
            return Ok(None);
        }
        self.sessions(&Ending::OfUser(user, None)).await.map(Some)
    }

    /// Deletes an account, and ends all that it gave. `None` when there is no such account.
    pub async fn delete_user(&self, user: UserId) -> Result<Option<Ended>, Fault> {
        // The sessions end while there is an account, so that its clients can be told whose they were.
        let Some(ended) = self.disable_user(user).await? else {
            return Ok(None);
        };
        self.store
            .grants()
            .revoke_of_user(user, None, RevocationReason::Operator, self.now.timestamp())
            .await?;
        self.store.users().delete(user).await?;
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
        let ended = self.sessions(&Ending::OfUser(user, kept)).await?;
        let grants = self.store.grants().revoke_of_user(user, kept, reason, self.now.timestamp()).await?;
        Ok((ended, grants))
    }
}
