//! How well clients are reached with logout tokens: one row of counts for each, so that an operator sees whom a logout
//! does not reach, and why.

use grantor_protocol::{ClientId, ClientRowId, IssuerId, Timestamp};
use serde::Serialize;

use crate::{
    Fault,
    engine::{Engine, Row, Transaction},
};

/// How well a client is reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogoutDelivery {
    /// The client.
    pub client_id: ClientId,
    /// Notifications that arrived.
    pub delivered: i64,
    /// Attempts that failed.
    pub failed: i64,
    /// Notifications that were given up.
    pub given_up: i64,
    /// The share of attempts that arrived; `None` before the first.
    pub success_rate: Option<f64>,
    /// Notifications that wait.
    pub pending: i64,
    /// When the last one arrived.
    pub last_delivered_at: Option<Timestamp>,
    /// When an attempt last failed.
    pub last_failed_at: Option<Timestamp>,
    /// Why it did.
    pub last_error: Option<String>,
}

impl LogoutDelivery {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        let (delivered, failed): (i64, i64) = (row.get("delivered")?, row.get("failed")?);
        Ok(Self {
            client_id: row.parsed("client_id")?,
            delivered,
            failed,
            given_up: row.get("given_up")?,
            success_rate: rate(delivered, failed),
            pending: row.get("pending")?,
            last_delivered_at: row.optional_instant("last_delivered_at")?,
            last_failed_at: row.optional_instant("last_failed_at")?,
            last_error: row.get("last_error")?,
        })
    }
}

/// In thousandths, rounded down: one failure in a million attempts still shows.
fn rate(delivered: i64, failed: i64) -> Option<f64> {
    let attempts = delivered.saturating_add(failed);
    let thousandths = delivered.saturating_mul(1000).checked_div(attempts)?;
    i32::try_from(thousandths).ok().map(|thousandths| f64::from(thousandths) / 1000.0)
}

/// What waits to be delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingLogouts {
    /// Of every client together.
    pub in_all: i64,
    /// Of the clients for whom most waits.
    pub most: Vec<(ClientId, i64)>,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    Delivered,
    Failed(&'a str),
    GivenUp { error: &'a str, attempted: bool },
}

/// Reads how well clients are reached.
#[derive(Clone, Copy, Debug)]
pub struct LogoutDeliveries<'a>(pub(crate) &'a Engine);

impl LogoutDeliveries<'_> {
    /// The clients that were to be told of a logout, in the order of their names, after one of them.
    #[tracing::instrument(name = "store.logout_deliveries.list_deliveries", level = "debug", skip_all)]
    pub async fn list_deliveries(
        &self,
        issuer: IssuerId,
        after: Option<&ClientId>,
        limit: i64,
    ) -> Result<Vec<LogoutDelivery>, Fault> {
        let read = self.0.statement(
            "logout_deliveries.list_deliveries",
            "SELECT client.client_id, COALESCE(logout_delivery.delivered, 0) AS delivered,
                    COALESCE(logout_delivery.failed, 0) AS failed,
                    COALESCE(logout_delivery.given_up, 0) AS given_up, COALESCE(waiting.pending, 0) AS pending,
                    logout_delivery.last_delivered_at, logout_delivery.last_failed_at, logout_delivery.last_error
               FROM client
               LEFT JOIN logout_delivery ON logout_delivery.client = client.id
               LEFT JOIN (SELECT client, COUNT(*) AS pending FROM logout_notification GROUP BY client) AS waiting
                 ON waiting.client = client.id
              WHERE client.issuer_id = $1 AND client.client_id > COALESCE($2, '')
                AND (logout_delivery.client IS NOT NULL OR waiting.client IS NOT NULL)
              ORDER BY client.client_id LIMIT $3",
        );
        let read = read.bind(issuer).bind(after.map(ClientId::as_str)).bind(limit);
        read.read().fetch_all().await?.iter().map(LogoutDelivery::from_row).collect()
    }

    /// What waits, with the `limit` clients for whom most does.
    #[tracing::instrument(name = "store.logout_deliveries.pending", level = "debug", skip_all)]
    pub async fn pending(&self, issuer: IssuerId, limit: i64) -> Result<PendingLogouts, Fault> {
        let read = self.0.statement(
            "logout_deliveries.pending",
            "SELECT client_id, pending, CAST(SUM(pending) OVER () AS BIGINT) AS in_all
               FROM (SELECT client.client_id, COUNT(*) AS pending
                       FROM logout_notification JOIN client ON client.id = logout_notification.client
                      WHERE logout_notification.issuer_id = $1 GROUP BY client.client_id) AS waiting
              ORDER BY pending DESC, client_id LIMIT $2",
        );
        let rows = read.bind(issuer).bind(limit).read().uncounted().fetch_all().await?;
        let most = rows.iter().map(|row| Ok((row.parsed("client_id")?, row.get("pending")?)));
        let in_all = rows.first().map(|row| row.get("in_all")).transpose()?.unwrap_or_default();
        Ok(PendingLogouts { in_all, most: most.collect::<Result<_, Fault>>()? })
    }
}

/// Counts an outcome, while the client is there; whoever began the transaction ends it.
pub(crate) async fn note(
    transaction: &mut Transaction,
    name: &'static str,
    client: ClientRowId,
    outcome: &Outcome<'_>,
    now: Timestamp,
) -> Result<(), Fault> {
    let (delivered, failed, given_up, error) = match *outcome {
        Outcome::Delivered => (1, 0, 0, None),
        Outcome::Failed(error) => (0, 1, 0, Some(error)),
        Outcome::GivenUp { error, attempted } => (0, i64::from(attempted), 1, Some(error)),
    };
    let note = transaction.statement(
        name,
        "INSERT INTO logout_delivery
           (client, delivered, failed, given_up, last_delivered_at, last_failed_at, last_error)
         SELECT id, $2, $3, $4, $5, $6, $7 FROM client WHERE id = $1
         ON CONFLICT (client) DO UPDATE SET
           delivered = logout_delivery.delivered + excluded.delivered,
           failed = logout_delivery.failed + excluded.failed,
           given_up = logout_delivery.given_up + excluded.given_up,
           last_delivered_at = COALESCE(excluded.last_delivered_at, logout_delivery.last_delivered_at),
           last_failed_at = COALESCE(excluded.last_failed_at, logout_delivery.last_failed_at),
           last_error = COALESCE(excluded.last_error, logout_delivery.last_error)",
    );
    let note = note.bind(client).bind(delivered).bind(failed).bind(given_up);
    let note = note.bind((delivered == 1).then_some(now)).bind(error.map(|_| now));
    note.bind(error.map(str::to_owned)).execute().await.map(drop)
}
