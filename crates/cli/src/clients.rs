//! `grantor clients`: registered clients, shown and changed as RFC 7591 documents.

mod logouts;
mod registration;

use clap::{Args, Subcommand};
use grantor_crypto::{DataKeyPurpose, Secret, StoredSecret, random_bytes};
use grantor_protocol::{ClientId, ClientMetadata, IssuerId, Lifetime, UserId};
use grantor_server::audit::AuditEvent;
use grantor_store::{Client, NewClient};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{Listing, instant, print, print_json, warn};
use crate::setup::{Opened, PAGE, Setup, standard_input};
use registration::{Document, MetadataArguments};

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "the comments are the help, which shows backticks as they are")]
pub(crate) enum Command {
    /// Register a client and print it, with the secret that was made for it
    Create(CreateArguments),
    /// List the clients
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a client, and until when the secret before its present one is accepted
    Show {
        /// Its client_id
        id: String,
        /// Say that JSON is wanted, which it always is
        #[arg(long)]
        json: bool,
    },
    /// Change a client: what is named here, or all of its metadata with --metadata
    Update {
        /// Its client_id
        id: String,
        #[command(flatten)]
        metadata: MetadataArguments,
    },
    /// Give a client another secret and print it
    RotateSecret {
        /// Its client_id
        id: String,
        #[command(flatten)]
        secret: SecretArguments,
        /// How long the old secret goes on working, such as 7d; it ends at once without this
        #[arg(long, visible_alias = "keep-old-for", value_name = "TIME", default_value = "0s")]
        overlap: Lifetime,
        /// Make no new secret: end the overlap of the last rotation now
        #[arg(long, conflicts_with_all = ["secret", "secret_stdin", "overlap"])]
        end_old: bool,
    },
    /// Show how well clients are told of logouts (backchannel_logout_uri)
    Logouts {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a client one logout token about nobody, and show how it is taken
    TestLogout {
        /// Its client_id
        id: String,
    },
    /// Delete a client; its tokens die with it
    Delete {
        /// Its client_id
        id: String,
    },
}

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "the comments are the help, which shows backticks as they are")]
pub(crate) struct CreateArguments {
    /// The client_id; made up when left out
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    secret: SecretArguments,
    #[command(flatten)]
    metadata: MetadataArguments,
}

/// A secret of the operator's choice in place of a generated one.
#[derive(Args)]
pub(crate) struct SecretArguments {
    /// A secret of your choice; others on this machine can see it while the command runs
    #[arg(long, conflicts_with = "secret_stdin")]
    secret: Option<String>,
    /// Read a secret of your choice from standard input
    #[arg(long)]
    secret_stdin: bool,
}

/// What a program prints of its arguments must not hold a secret.
impl std::fmt::Debug for SecretArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretArguments").finish_non_exhaustive()
    }
}

impl SecretArguments {
    fn chosen(self) -> Result<Option<Secret>, Failure> {
        let chosen = if self.secret_stdin { Some(standard_input()?) } else { self.secret.map(Secret::from) };
        chosen.map(usable).transpose()
    }
}

pub(crate) async fn run(command: Command, setup: &Setup) -> Result<(), Failure> {
    let opened = setup.open().await?;
    match command {
        Command::Create(arguments) => create(&opened, arguments).await,
        Command::List { json } => list(&opened, json).await,
        Command::Show { id, json: _ } => print_json(&public_document(&opened, &find(&opened, &id).await?)),
        Command::Update { id, metadata } => update(&opened, &id, metadata).await,
        Command::RotateSecret { id, end_old: true, .. } => end_old_secret(&opened, &id).await,
        Command::RotateSecret { id, secret, overlap, end_old: false } => {
            rotate_secret(&opened, &id, secret.chosen()?, overlap).await
        }
        Command::Logouts { json } => logouts::list(&opened, json).await,
        Command::TestLogout { id } => logouts::try_one(opened, &id).await,
        Command::Delete { id } => {
            let client = find(&opened, &id).await?;
            opened.store.clients().delete(client.row).await?;
            opened.record(&AuditEvent::ClientDeleted { client_id: client.client_id.clone() });
            print(&format!("{} is deleted, and every token of it is dead", client.client_id))
        }
    }
}

/// The client of this `client_id`, or a failure that names it.
pub(crate) async fn find(opened: &Opened, id: &str) -> Result<Client, Failure> {
    let found = match ClientId::parse(id) {
        Ok(client_id) => opened.store.clients().by_client_id(IssuerId::FIRST, &client_id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| Failure::new(format!("there is no client {id:?}")))
}

async fn create(opened: &Opened, arguments: CreateArguments) -> Result<(), Failure> {
    let Document { metadata, client_id, client_secret } = arguments.metadata.document(None)?;
    let client_id = match arguments.id.or(client_id) {
        Some(id) => ClientId::parse(&id).map_err(|error| Failure::new(format!("--id: {error}")))?,
        None => ClientId::parse(&uuid::Builder::from_random_bytes(random_bytes()).into_uuid().to_string())?,
    };
    refuse_a_users_sub(opened, &client_id).await?;
    let chosen = arguments.secret.chosen()?.or(client_secret.map(usable).transpose()?);
    if !metadata.has_secret() && chosen.is_some() {
        let method = metadata.token_endpoint_auth_method;
        return Err(Failure::new(format!("a client whose auth method is {method} has no secret")));
    }
    opened.key_ring().await?.make_keys_for(&metadata, opened.now.ms).await?;
    let secret = if metadata.has_secret() { Some(stored(opened, &metadata, chosen).await?) } else { None };
    let (shown, secret) = secret.unzip();
    let client =
        NewClient { issuer: IssuerId::FIRST, client_id, metadata, secret, now: opened.now.timestamp() };
    let id = client.client_id.clone();
    let created = opened.store.clients().insert(client).await.map_err(|fault| {
        if fault.is_conflict() {
            Failure::new(format!("there is a client {:?} already", id.as_str()))
        } else {
            fault.into()
        }
    })?;
    opened.record(&AuditEvent::ClientRegistered { client_id: created.client_id.clone(), token: None });
    print_json(&document(opened, &created, shown.as_ref()))
}

/// A client's own tokens have its `client_id` as `sub`: resource servers must not take it for a user (RFC 9068
/// section 5, security.md T085).
async fn refuse_a_users_sub(opened: &Opened, client_id: &ClientId) -> Result<(), Failure> {
    let Ok(subject) = client_id.as_str().parse::<UserId>() else {
        return Ok(());
    };
    match opened.store.users().by_id(subject).await? {
        Some(_) => Err(Failure::new("--id: this is the sub of a user")),
        None => Ok(()),
    }
}

async fn list(opened: &Opened, as_json: bool) -> Result<(), Failure> {
    let mut listing = Listing::new(["CLIENT ID", "NAME", "AUTH METHOD", "GRANT TYPES", "CREATED"]);
    let mut after = None;
    loop {
        let clients = opened.store.clients().list(IssuerId::FIRST, after.as_ref(), PAGE).await?;
        for client in &clients {
            let grant_types: Vec<_> = client.metadata.grant_types.iter().map(|grant| grant.name()).collect();
            let row = [
                client.client_id.to_string(),
                client.metadata.client_name.clone().unwrap_or_default(),
                client.metadata.token_endpoint_auth_method.to_string(),
                grant_types.join(" "),
                instant(client.created_at),
            ];
            listing.add(row, public_document(opened, client));
        }
        let Some(last) = clients.into_iter().last() else {
            break;
        };
        after = Some(last.client_id);
    }
    listing.print(as_json)
}

async fn update(opened: &Opened, id: &str, arguments: MetadataArguments) -> Result<(), Failure> {
    let client = find(opened, id).await?;
    let Document { metadata, client_secret, .. } = arguments.document(Some(&client.metadata))?;
    if client_secret.is_some() {
        return Err(Failure::new(format!(
            "--metadata: an update leaves the secret alone: take client_secret out of the file, and set the secret \
             with `grantor clients rotate-secret {id} --secret-stdin`"
        )));
    }
    opened.key_ring().await?.make_keys_for(&metadata, opened.now.ms).await?;
    let (clients, now) = (opened.store.clients(), opened.now.timestamp());
    let (shown, secret) = secret_after_update(opened, &client, &metadata).await?;
    clients.update_metadata(client.row, &metadata, now).await?;
    match (&client.secret, &secret) {
        // The same secret in another form: a client that is being changed over notices nothing.
        (Some(present), Some(refitted)) if shown.is_none() => {
            if present != refitted {
                clients.refit_secret(client.row, present, refitted, now).await?;
            }
        }
        (None, None) => {}
        (Some(_) | None, Some(_)) | (Some(_), None) => {
            clients.set_secret(client.row, secret.as_ref(), None, now).await?;
            if client.overlap_until(now).is_some() {
                warn("the client was between two secrets: both ended with this change");
            }
        }
    }
    opened.record(&AuditEvent::ClientUpdated { client_id: client.client_id.clone() });
    if shown.is_some() {
        opened.record(&AuditEvent::ClientSecretRotated { client_id: client.client_id.clone() });
    }
    let updated = find(opened, id).await?;
    if metadata.has_secret() && updated.secret.is_none() {
        warn(&format!("{id} has no secret yet: run `grantor clients rotate-secret {id}`"));
    }
    print_json(&document(opened, &updated, shown.as_ref()))
}

/// What is kept of the client's secret under its new metadata. Where the secret itself is needed from now on and only a
/// hash is kept, another is made, and shown.
async fn secret_after_update(
    opened: &Opened,
    client: &Client,
    metadata: &ClientMetadata,
) -> Result<(Option<Secret>, Option<StoredSecret>), Failure> {
    let Some(present) = client.secret.clone().filter(|_| metadata.has_secret()) else {
        return Ok((None, None));
    };
    let keys = opened.key_ring().await?.current(opened.now.ms).await?;
    let key = present.data_key().and_then(|id| keys.data_key_by_id(DataKeyPurpose::ClientSecrets, id));
    if let Some(kept) = present.refitted(key, metadata.needs_recoverable_secret()) {
        return Ok((None, Some(kept)));
    }
    warn(&format!(
        "{} needs its secret as a key from now on, and only a hash of it was kept: the client_secret below takes its \
         place",
        client.client_id
    ));
    let (shown, secret) = stored(opened, metadata, None).await?;
    Ok((Some(shown), Some(secret)))
}

async fn rotate_secret(
    opened: &Opened,
    id: &str,
    chosen: Option<Secret>,
    overlap: Lifetime,
) -> Result<(), Failure> {
    let client = find(opened, id).await?;
    if !client.metadata.has_secret() {
        let method = client.metadata.token_endpoint_auth_method;
        return Err(Failure::new(format!("{id} has no secret: its auth method is {method}")));
    }
    let (shown, secret) = stored(opened, &client.metadata, chosen).await?;
    let now = opened.now.timestamp();
    let overlap_until = (!overlap.is_zero()).then(|| now.plus(overlap.seconds()));
    if let Some(until) = client.overlap_until(now) {
        warn(&format!(
            "a client has two secrets at most: the one before the last, which was good until {}, ends now",
            instant(until)
        ));
    }
    opened.store.clients().set_secret(client.row, Some(&secret), overlap_until, now).await?;
    opened.record(&AuditEvent::ClientSecretRotated { client_id: client.client_id.clone() });
    let mut document = json!({
        "client_id": client.client_id, "client_secret": shown.expose(), "client_secret_expires_at": 0,
    });
    if let (Some(members), Some(until)) = (document.as_object_mut(), overlap_until) {
        members.insert("previous_client_secret_expires_at".to_owned(), json!(until));
    }
    print_json(&document)
}

async fn end_old_secret(opened: &Opened, id: &str) -> Result<(), Failure> {
    let client = find(opened, id).await?;
    let ended = opened.store.clients().end_previous_secret(client.row, opened.now.timestamp()).await?;
    if ended {
        opened.record(&AuditEvent::ClientSecretEnded { client_id: client.client_id.clone() });
    }
    print(if ended { "the secret before the present one is dead" } else { "there is one secret only" })
}

/// The secret to show once and what is kept of it. A generated one needs the data key of client secrets, so that
/// checking it is fast; so does one that is itself a key.
async fn stored(
    opened: &Opened,
    metadata: &ClientMetadata,
    chosen: Option<Secret>,
) -> Result<(Secret, StoredSecret), Failure> {
    let recoverable = metadata.needs_recoverable_secret();
    let least = metadata.least_secret();
    if let Some(secret) = &chosen {
        if secret.expose().len() < least {
            return Err(Failure::new(format!(
                "this client uses its secret as a key (HS256, dir or client_secret_jwt): it must have {least} bytes at \
                 least (RFC 7518 section 3.2)"
            )));
        }
        if !recoverable {
            return Ok((secret.clone(), StoredSecret::chosen(secret)?));
        }
    }
    let secret = chosen.unwrap_or_else(Secret::generate);
    let keys = opened.key_ring().await?.current(opened.now.ms).await?;
    let key = keys.data_key(DataKeyPurpose::ClientSecrets)?;
    let stored = StoredSecret::generated(key, &secret, recoverable);
    Ok((secret, stored))
}

/// RFC 6749 appendix A.2: what can be sent as a client secret.
fn usable(secret: Secret) -> Result<Secret, Failure> {
    if secret.expose().is_empty() || !secret.expose().chars().all(|c| matches!(c, ' '..='~')) {
        return Err(Failure::new(
            "a client secret must be printable ASCII and not empty (RFC 6749 appendix A.2)",
        ));
    }
    Ok(secret)
}

fn public_document(opened: &Opened, client: &Client) -> Value {
    document(opened, client, None)
}

/// The client as a registration answer (RFC 7591 section 3.2.1), and until when the secret before its own is accepted.
fn document(opened: &Opened, client: &Client, secret: Option<&Secret>) -> Value {
    let mut document = json!({ "client_id": client.client_id });
    if let Some(members) = document.as_object_mut() {
        if let Some(secret) = secret {
            members.insert("client_secret".to_owned(), json!(secret.expose()));
        }
        if client.secret.is_some() {
            members.insert("client_secret_expires_at".to_owned(), json!(0));
        }
        if let Some(until) = client.overlap_until(opened.now.timestamp()) {
            members.insert("previous_client_secret_expires_at".to_owned(), json!(until));
        }
        members.insert("client_id_issued_at".to_owned(), json!(client.created_at));
        members.extend(members_of(&client.metadata));
    }
    document
}

fn members_of(metadata: &ClientMetadata) -> serde_json::Map<String, Value> {
    match serde_json::to_value(metadata) {
        Ok(Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    }
}
