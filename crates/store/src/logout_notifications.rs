//! Logout tokens that are still to be delivered (Back-Channel Logout section 2.5): a queue. Whoever takes a row leases it;
//! a node that dies in between loses nothing, since the next one takes the row when the lease is over.

use grantor_protocol::{ClientRowId, IssuerId, SessionId, Timestamp, UserId};

use crate::{
    Fault,
    engine::{Engine, Row, Transaction},
    logout_deliveries::{Outcome, note},
};

/// A client that is to be told of the end of a session, leased to whoever holds this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotification {
    /// The session.
    pub session: SessionId,
    /// Who is told.
    pub client: ClientRowId,
    /// The issuer of both.
    pub issuer: IssuerId,
    /// Whose session it was.
    pub user: UserId,
    /// Which attempt this is, from 1; it is also what tells this lease from a later one.
    pub attempt: i64,
    /// When the session ended.
    pub created_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// This notification.
    pub at_ms: i64,
    /// What else is due at the same client: a client that is away answers none of it.
    pub others_at_ms: Option<i64>,
}

impl LogoutNotification {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            session: row.id("session_id")?,
            client: row.id("client")?,
            issuer: IssuerId(row.get("issuer_id")?),
            user: row.id("user_id")?,
            attempt: row.get("attempts")?,
            created_at: row.instant("created_at")?,
            expires_at: row.instant("expires_at")?,
        })
    }
}

/// The session of a picked client's due row of this number.
macro_rules! nth {
    ($number:literal) => {
        concat!(
            "(SELECT waiting.session_id FROM logout_notification AS waiting
               WHERE waiting.client = picked.client AND waiting.next_attempt_at_ms <= $1
               ORDER BY waiting.next_attempt_at_ms, waiting.session_id LIMIT 1 OFFSET ",
            $number,
            ")"
        )
    };
}

/// A statement over the clients that rows wait for, however many rows these are: from one client to the next by the
/// index, then the first due rows of each. The client that has waited longest comes first, and each gets its first before
/// any gets its second.
macro_rules! due {
    () => {
        concat!(
            "WITH RECURSIVE known(client) AS (
               SELECT (SELECT waiting.client FROM logout_notification AS waiting ORDER BY waiting.client LIMIT 1)
               UNION ALL
               SELECT (SELECT waiting.client FROM logout_notification AS waiting
                        WHERE waiting.client > known.client ORDER BY waiting.client LIMIT 1)
                 FROM known WHERE known.client IS NOT NULL),
             head AS (
               SELECT known.client,
                      (SELECT MIN(waiting.next_attempt_at_ms) FROM logout_notification AS waiting
                        WHERE waiting.client = known.client) AS due_at_ms,
                      CASE WHEN EXISTS (SELECT 1 FROM logout_delivery
                             WHERE logout_delivery.client = known.client AND logout_delivery.last_failed_at
                               > COALESCE(logout_delivery.last_delivered_at, 0)) THEN 1 ELSE 4 END
                        - (SELECT COUNT(*) FROM logout_notification AS leased
                            WHERE leased.client = known.client AND leased.leased_until_ms > $1) AS room
                 FROM known WHERE known.client IS NOT NULL),
             place(number) AS (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3),
             picked AS (
               SELECT head.client, place.number FROM head CROSS JOIN place
                WHERE head.due_at_ms <= $1 AND place.number < head.room
                ORDER BY place.number, head.due_at_ms LIMIT $3)
             SELECT CASE picked.number
                      WHEN 0 THEN ",
            nth!("0"),
            " WHEN 1 THEN ",
            nth!("1"),
            " WHEN 2 THEN ",
            nth!("2"),
            " ELSE ",
            nth!("3"),
            " END, picked.client FROM picked"
        )
    };
}

/// Notes the clients to tell of which a condition over `session` and `client` holds; its parameters begin at $4. $1 and $2
/// are now, in milliseconds and in seconds, $3 is when they are given up. A client that is still to be told of something
/// earlier in the same session is told of this too, by one token, whatever becomes of the one that may be on its way.
macro_rules! note_clients_where {
    ($condition:literal) => {
        concat!(
            "INSERT INTO logout_notification (session_id, client, issuer_id, user_id, attempts,
               next_attempt_at_ms, created_at, expires_at)
             SELECT session.id, client.id, session.issuer_id, session.user_id, 0, $1, $2, $3
               FROM session
               JOIN session_client ON session_client.session_id = session.id
               JOIN client ON client.id = session_client.client
              WHERE client.metadata LIKE '%\"backchannel_logout_uri\"%' AND ",
            $condition,
            " ON CONFLICT (session_id, client) DO UPDATE
                SET attempts = 0, next_attempt_at_ms = excluded.next_attempt_at_ms, leased_until_ms = NULL,
                    created_at = excluded.created_at, expires_at = excluded.expires_at"
        )
    };
}

pub(crate) use note_clients_where;

/// Remembers whom to tell.
#[derive(Clone, Copy, Debug)]
pub struct LogoutNotifications<'a>(pub(crate) &'a Engine);

impl LogoutNotifications<'_> {
    /// Leases what is due until `until_ms`: at most `limit` rows, and so many that no client has more than four on all
    /// nodes together, or more than one while it does not answer. Of two who claim at once one may get nothing, although
    /// more is due.
    #[tracing::instrument(name = "store.logout_notifications.claim", level = "debug", skip_all)]
    pub async fn claim(
        &self,
        now_ms: i64,
        until_ms: i64,
        limit: i64,
    ) -> Result<Vec<LogoutNotification>, Fault> {
        // The first condition is checked again on the row as it is when its turn comes: one of two who claim gets it.
        let claim = self.0.statement(
            "logout_notifications.claim",
            concat!(
                "UPDATE logout_notification
                    SET leased_until_ms = $2, next_attempt_at_ms = $2, attempts = attempts + 1
                  WHERE next_attempt_at_ms <= $1 AND (session_id, client) IN (",
                due!(),
                ") RETURNING session_id, client, issuer_id, user_id, attempts, created_at, expires_at"
            ),
        );
        let claim = claim.bind(now_ms).bind(until_ms).bind(limit).uncounted();
        claim.fetch_all().await?.iter().map(LogoutNotification::from_row).collect()
    }

    /// The client has been told. Counted once, whoever else delivered the same.
    #[tracing::instrument(name = "store.logout_notifications.delivered", level = "debug", skip_all)]
    pub async fn delivered(&self, told: &LogoutNotification, now: Timestamp) -> Result<(), Fault> {
        const NAME: &str = "logout_notifications.delivered";
        let mut transaction = self.0.begin(NAME).await?.uncounted();
        let delete = transaction.statement(
            NAME,
            // Not what was noted since, for another reason: the client does not know of that.
            "DELETE FROM logout_notification
                  WHERE session_id = $1 AND client = $2 AND attempts >= $3 AND created_at = $4",
        );
        let delete = delete.bind(told.session).bind(told.client).bind(told.attempt).bind(told.created_at);
        if delete.execute().await? == 1 {
            note(&mut transaction, NAME, told.client, &Outcome::Delivered, now).await?;
        }
        transaction.commit().await
    }

    /// The client has not been told this time, for this reason. Changes nothing when the lease has gone to another.
    #[tracing::instrument(name = "store.logout_notifications.failed", level = "debug", skip_all)]
    pub async fn failed(
        &self,
        tried: &LogoutNotification,
        error: &str,
        retry: Retry,
        now: Timestamp,
    ) -> Result<(), Fault> {
        const NAME: &str = "logout_notifications.failed";
        let mut transaction = self.0.begin(NAME).await?.uncounted();
        let reschedule = transaction.statement(
            NAME,
            "UPDATE logout_notification SET next_attempt_at_ms = $4, leased_until_ms = NULL
              WHERE session_id = $1 AND client = $2 AND attempts = $3",
        );
        let reschedule = reschedule.bind(tried.session).bind(tried.client).bind(tried.attempt);
        if reschedule.bind(retry.at_ms).execute().await? == 1 {
            if let Some(others_at_ms) = retry.others_at_ms {
                postpone(&mut transaction, NAME, tried.client, others_at_ms).await?;
            }
            note(&mut transaction, NAME, tried.client, &Outcome::Failed(error), now).await?;
        }
        transaction.commit().await
    }

    /// The client is not told any more: the last attempt, if there was one now, failed for this reason.
    #[tracing::instrument(name = "store.logout_notifications.give_up", level = "debug", skip_all)]
    pub async fn give_up(
        &self,
        given_up: &LogoutNotification,
        error: &str,
        attempted: bool,
        now: Timestamp,
    ) -> Result<(), Fault> {
        const NAME: &str = "logout_notifications.give_up";
        let mut transaction = self.0.begin(NAME).await?.uncounted();
        let delete = transaction.statement(
            NAME,
            "DELETE FROM logout_notification WHERE session_id = $1 AND client = $2 AND attempts = $3",
        );
        let delete = delete.bind(given_up.session).bind(given_up.client).bind(given_up.attempt);
        if delete.execute().await? == 1 {
            let outcome = Outcome::GivenUp { error, attempted };
            note(&mut transaction, NAME, given_up.client, &outcome, now).await?;
        }
        transaction.commit().await
    }
}

/// Puts off what is due at a client before then; what is leased is not, since its lease is longer.
async fn postpone(
    transaction: &mut Transaction,
    name: &'static str,
    client: ClientRowId,
    until_ms: i64,
) -> Result<(), Fault> {
    let postpone = transaction.statement(
        name,
        "UPDATE logout_notification SET next_attempt_at_ms = $2
          WHERE client = $1 AND next_attempt_at_ms < $2 AND leased_until_ms IS NULL",
    );
    postpone.bind(client).bind(until_ms).execute().await.map(drop)
}
