//! The web origins that clients call from, by which a preflight is answered: it carries no identity, so the question
//! is whether any client has the origin. A list of its own, because reading every client for it would not scale.

use grantor_protocol::{ClientMetadata, ClientRowId, IssuerId};

use crate::{Clients, Fault, engine::Transaction};

impl Clients<'_> {
    /// Whether a client of the issuer has this origin (`scheme://host[:port]`, as browsers write it).
    #[tracing::instrument(name = "store.clients.has_origin", level = "debug", skip_all)]
    pub async fn has_origin(&self, issuer: IssuerId, origin: &str) -> Result<bool, Fault> {
        let read = self.0.statement(
            "clients.has_origin",
            "SELECT 1 FROM client_origin JOIN client ON client.id = client_origin.client
              WHERE client_origin.origin = $1 AND client.issuer_id = $2 LIMIT 1",
        );
        Ok(read.bind(origin).bind(issuer).read().fetch_optional().await?.is_some())
    }
}

/// Makes the list say what `metadata` says, in the transaction that writes it.
pub(crate) async fn replace(
    transaction: &mut Transaction,
    client: ClientRowId,
    metadata: &ClientMetadata,
) -> Result<(), Fault> {
    const NAME: &str = "clients.replace_origins";
    let forget = transaction.statement(NAME, "DELETE FROM client_origin WHERE client = $1");
    forget.bind(client).execute().await?;
    for origin in metadata.cors_origins() {
        let insert = transaction.statement(
            NAME,
            "INSERT INTO client_origin (origin, client) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        );
        insert.bind(origin.as_str()).bind(client).execute().await?;
    }
    Ok(())
}
