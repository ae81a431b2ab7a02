//! `grantor registration`: who may register clients by themselves (RFC 7591 section 3).

use clap::{Args, Subcommand};
use grantor_crypto::{TokenPrefix, token_format};
use grantor_protocol::{
    ClientAuthMethod, GrantType, InitialTokenId, IssuerId, Lifetime, RedirectPattern, RegistrationLimits,
    Scope, Timestamp,
};
use grantor_server::audit::AuditEvent;
use grantor_store::{InitialToken, NewInitialToken};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{Listing, instant, instant_or_none, print, print_json, warn};
use crate::setup::{Opened, Setup};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Initial access tokens: what permits to register a client
    #[command(subcommand)]
    Tokens(Tokens),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tokens {
    /// Give out a token and print it, this once
    Create(CreateArguments),
    /// List the tokens that were given out, those that are used up too
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke tokens; the clients that were registered with them stay
    Revoke {
        /// Ids of tokens
        #[arg(value_name = "TOKEN", required = true)]
        ids: Vec<InitialTokenId>,
    },
}

/// What a token is good for. What is left out is not narrowed; the limits of the configuration hold beside these.
#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// What to call it in listings
    #[arg(long)]
    label: Option<String>,
    /// How many clients may be registered with it; any number when left out
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    uses: Option<i64>,
    /// How long it is good, such as 7d; for ever when left out
    #[arg(long, value_name = "TIME")]
    lifetime: Option<Lifetime>,
    /// What redirect URIs must look like, such as https://*.example.com/**; may be repeated
    #[arg(long, value_name = "PATTERN", value_parser = RedirectPattern::parse)]
    redirect_uri: Vec<RedirectPattern>,
    /// A grant that may be registered; may be repeated
    #[arg(long, value_parser = grant_type)]
    grant_type: Vec<GrantType>,
    /// Scopes that are given of those asked for, parted by spaces
    #[arg(long)]
    scope: Option<String>,
    /// A client authentication method that may be registered; may be repeated
    #[arg(long, value_parser = auth_method)]
    auth_method: Vec<ClientAuthMethod>,
}

fn grant_type(text: &str) -> Result<GrantType, String> {
    GrantType::parse(text).ok_or_else(|| format!("\"{text}\" is not a grant that is offered"))
}

fn auth_method(text: &str) -> Result<ClientAuthMethod, String> {
    ClientAuthMethod::parse(text).ok_or_else(|| format!("\"{text}\" is not a method that is offered"))
}

pub(crate) async fn run(command: Command, setup: &Setup) -> Result<(), Failure> {
    let opened = setup.open().await?;
    match command {
        Command::Tokens(Tokens::Create(arguments)) => create(&opened, arguments).await,
        Command::Tokens(Tokens::List { json }) => list(&opened, json).await,
        Command::Tokens(Tokens::Revoke { ids }) => revoke(&opened, &ids).await,
    }
}

async fn create(opened: &Opened, arguments: CreateArguments) -> Result<(), Failure> {
    let now = opened.now.timestamp();
    if arguments.lifetime.is_some_and(Lifetime::is_zero) {
        return Err(Failure::new("--lifetime: must be longer than nothing"));
    }
    let scopes = arguments.scope.as_deref().map(Scope::parse).transpose();
    let limits = RegistrationLimits {
        redirect_uris: some(arguments.redirect_uri),
        grant_types: some(arguments.grant_type),
        scopes: scopes.map_err(|error| Failure::new(format!("--scope: {error}")))?,
        auth_methods: some(arguments.auth_method),
    };
    let token = token_format::generate(TokenPrefix::InitialAccessToken);
    let new = NewInitialToken {
        issuer: IssuerId::FIRST,
        secret_hash: token.hash(),
        label: arguments.label,
        limits,
        max_uses: arguments.uses,
        expires_at: arguments.lifetime.map(|lifetime| now.plus(lifetime.seconds())),
        now,
    };
    let stored = opened.store.initial_tokens().insert(new).await?;
    opened.record(&AuditEvent::RegistrationTokenCreated { token: stored.id });
    let policy = &opened.config.registration;
    if !policy.enabled {
        warn("registration is off: the token is good for nothing until registration.enabled = true");
    } else if !policy.require_token {
        warn("everybody may register without a token: set registration.require_token = true to ask for one");
    }
    print_json(&document(&stored, "token", token.expose())?)
}

fn some<T>(values: Vec<T>) -> Option<Vec<T>> {
    if values.is_empty() { None } else { Some(values) }
}

/// The token as JSON, with a member that its row does not have.
fn document(token: &InitialToken, member: &str, value: &str) -> Result<Value, Failure> {
    let mut document = serde_json::to_value(token).map_err(|error| Failure::new(error.to_string()))?;
    if let Some(members) = document.as_object_mut() {
        members.insert(member.to_owned(), json!(value));
    }
    Ok(document)
}

async fn list(opened: &Opened, as_json: bool) -> Result<(), Failure> {
    let mut listing = Listing::new(["TOKEN", "LABEL", "STATE", "USED", "OF", "CREATED", "EXPIRES"]);
    for token in opened.store.initial_tokens().list(IssuerId::FIRST).await? {
        let row = [
            token.id.to_string(),
            token.label.clone().unwrap_or_default(),
            state(&token, opened.now.timestamp()).to_owned(),
            token.uses.to_string(),
            token.max_uses.map(|uses| uses.to_string()).unwrap_or_default(),
            instant(token.created_at),
            instant_or_none(token.expires_at),
        ];
        let document = document(&token, "state", state(&token, opened.now.timestamp()))?;
        listing.add(row, document);
    }
    listing.print(as_json)
}

fn state(token: &InitialToken, now: Timestamp) -> &'static str {
    if token.expires_at.is_some_and(|end| end <= now) {
        "expired"
    } else if token.max_uses.is_some_and(|uses| token.uses >= uses) {
        "used up"
    } else {
        "usable"
    }
}

async fn revoke(opened: &Opened, ids: &[InitialTokenId]) -> Result<(), Failure> {
    for id in ids {
        if !opened.store.initial_tokens().revoke(IssuerId::FIRST, *id).await? {
            return Err(Failure::new(format!("there is no initial access token {id}")));
        }
        opened.record(&AuditEvent::RegistrationTokenRevoked { token: *id });
        print(&format!("{id} was revoked"))?;
    }
    Ok(())
}
