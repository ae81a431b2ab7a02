//! `grantor grants`: what users allowed clients to do, and what clients got for themselves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use clap::Subcommand;
use grantor_protocol::{ClientRowId, GrantId, IssuerId, UserId};
use grantor_server::audit::AuditEvent;
use grantor_server::listing;
use grantor_store::{Client, Grant, GrantFilter, RevocationReason};
use serde_json::Value;

use crate::failure::Failure;
use crate::output::{Listing, instant, print};
use crate::progress::waiting;
use crate::setup::{Opened, PAGE, Setup};
use crate::{clients, users};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the grants that are alive
    List {
        /// Only of this user (name or sub)
        #[arg(long)]
        user: Option<String>,
        /// Only for this client
        #[arg(long)]
        client: Option<String>,
        /// Those that have ended too, as long as they are kept
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke grants and with them every token they gave; with --user the user is also asked for consent again, and the
    /// clients are told that the login there is over
    Revoke {
        /// Ids of grants
        #[arg(value_name = "GRANT", required_unless_present_any = ["user", "client"])]
        ids: Vec<GrantId>,
        /// All that this user gave (name or sub)
        #[arg(long, conflicts_with = "ids")]
        user: Option<String>,
        /// All that this client got, of this user only where --user is given
        #[arg(long, conflicts_with = "ids")]
        client: Option<String>,
    },
}

pub(crate) async fn run(command: Command, setup: &Setup) -> Result<(), Failure> {
    let opened = setup.open().await?;
    match command {
        Command::List { user, client, all, json } => {
            let filter = GrantFilter {
                user: optional_user(&opened, user).await?,
                client: optional_client(&opened, client).await?.map(|client| client.row),
                current_at: (!all).then(|| opened.now.timestamp()),
                limit: PAGE,
                ..GrantFilter::default()
            };
            list(&opened, filter, all, json).await
        }
        Command::Revoke { ids, user: None, client: None } => revoke(&opened, &ids).await,
        Command::Revoke { user, client, .. } => {
            let (user, client) =
                (optional_user(&opened, user).await?, optional_client(&opened, client).await?);
            revoke_all(&opened, user, client).await
        }
    }
}

async fn optional_user(opened: &Opened, user: Option<String>) -> Result<Option<UserId>, Failure> {
    match user {
        Some(user) => Ok(Some(users::find(opened, &user).await?.id)),
        None => Ok(None),
    }
}

async fn optional_client(opened: &Opened, client: Option<String>) -> Result<Option<Client>, Failure> {
    match client {
        Some(client) => clients::find(opened, &client).await.map(Some),
        None => Ok(None),
    }
}

async fn list(opened: &Opened, mut filter: GrantFilter, all: bool, as_json: bool) -> Result<(), Failure> {
    let mut listing = Listing::new(["GRANT", "CLIENT", "USERNAME", "SCOPE", "STATE", "GIVEN", "EXPIRES"]);
    let mut clients: HashMap<ClientRowId, Option<Client>> = HashMap::new();
    loop {
        let grants = opened.store.grants().list(IssuerId::FIRST, &filter).await?;
        let Some(last) = grants.last() else { break };
        filter.after = Some(last.facts.id);
        for grant in grants {
            let row = grant.facts.client;
            let client = match clients.entry(row) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(opened.store.clients().by_row(row).await?),
            };
            let client = client.as_ref();
            let now = opened.now.timestamp();
            let state = listing::grant_state(&grant, client, now);
            if all || state == listing::ALIVE {
                add(&mut listing, &grant, client, &state, listing::grant(&grant, client, now));
            }
        }
    }
    listing.print(as_json)
}

fn add(listing: &mut Listing<7>, grant: &Grant, client: Option<&Client>, state: &str, document: Value) {
    let facts = &grant.facts;
    let client_id = client.map(|client| client.client_id.to_string()).unwrap_or_default();
    let username = facts.user.as_ref().map(|user| user.username_display.clone());
    let row = [
        facts.id.to_string(),
        client_id,
        username.unwrap_or_default(),
        facts.scope.to_string(),
        state.to_owned(),
        instant(facts.created_at),
        instant(facts.expires_at),
    ];
    listing.add(row, document);
}

async fn revoke(opened: &Opened, ids: &[GrantId]) -> Result<(), Failure> {
    for id in ids {
        let grants = opened.store.grants();
        if !grants.revoke(*id, None, RevocationReason::Operator, opened.now.timestamp()).await? {
            return Err(Failure::new(format!("there is no grant {id} that is not revoked yet")));
        }
        opened.record(&AuditEvent::GrantRevoked { grant: *id });
        print(&format!("{id} was revoked"))?;
    }
    Ok(())
}

async fn revoke_all(opened: &Opened, user: Option<UserId>, client: Option<Client>) -> Result<(), Failure> {
    let revoked = match (user, client) {
        (Some(user), client) => {
            let ending = opened.ending();
            let act = ending.disconnect(user, client.as_ref(), RevocationReason::Operator);
            waiting("revoking grants", act).await?.grants
        }
        (None, Some(client)) => {
            // Reaches the tokens that have no grant too: those a client got for itself.
            waiting("revoking tokens", opened.store.clients().raise_epoch(client.row)).await?;
            opened.record(&AuditEvent::ClientTokensRevoked { client_id: client.client_id.clone() });
            return print(&format!("every grant and every token of {} was revoked", client.client_id));
        }
        (None, None) => 0,
    };
    print(&format!("{revoked} grants were revoked"))
}
