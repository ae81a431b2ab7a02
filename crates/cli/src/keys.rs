//! `grantor keys`: signing keys and the keys that seal what is stored.

use clap::Subcommand;
use grantor_crypto::Algorithm;
use grantor_server::key_ring::{KeyRing, Rotation};
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Listing, instant, instant_or_none, print, warn};
use crate::setup::{Opened, Setup};

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "the comments are the help, which shows backticks as they are")]
pub(crate) enum Command {
    /// List the signing keys
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Publish the next signing key, and let one sign that has been published long enough
    Rotate {
        /// The algorithm: RS256, PS256, ES256 or EdDSA; without it, all that are in use
        #[arg(long, value_name = "ALGORITHM", value_parser = algorithm)]
        alg: Option<Algorithm>,
        /// Sign with the new key at once, before clients had time to fetch it: for emergencies
        #[arg(long)]
        now: bool,
    },
    /// Seal the data keys with the first of secrets.system, so that older ones can be removed
    Rewrap,
    /// Revoke every access token and refresh token at once
    RevokeTokens,
}

pub(crate) async fn run(command: Command, setup: &Setup) -> Result<(), Failure> {
    let opened = setup.open().await?;
    let ring = opened.key_ring().await?;
    match command {
        Command::List { json } => list(&opened, &ring, json).await,
        Command::Rotate { alg, now } => rotate(&opened, &ring, alg, now).await,
        Command::Rewrap => {
            let changed = ring.rewrap(opened.now.ms).await?;
            print(&format!(
                "{changed} data keys were rewrapped; all are sealed with the first system secret now"
            ))
        }
        Command::RevokeTokens => {
            ring.revoke_tokens(opened.now.ms).await?;
            warn(
                "resource servers that verify JWT access tokens by themselves accept them until they expire",
            );
            print("every access token and every refresh token is revoked")
        }
    }
}

async fn list(opened: &Opened, ring: &KeyRing, as_json: bool) -> Result<(), Failure> {
    let now = opened.now.timestamp();
    let keys = ring.current(opened.now.ms).await?;
    let mut listing = Listing::new(["KID", "ALG", "STATE", "PUBLISHED", "SIGNS FROM", "SIGNED UNTIL"]);
    for key in keys.signing_keys() {
        let (kid, state) = (key.pair.kid(), key.state(now));
        let row = [
            kid.to_owned(),
            key.algorithm.name().to_owned(),
            state.to_owned(),
            instant(key.published_at),
            instant_or_none(key.signs_from),
            instant_or_none(key.superseded_at),
        ];
        let document = json!({
            "kid": kid,
            "alg": key.algorithm.name(),
            "state": state,
            "published_at": key.published_at,
            "signs_from": key.signs_from,
            "superseded_at": key.superseded_at,
        });
        listing.add(row, document);
    }
    listing.print(as_json)
}

async fn rotate(
    opened: &Opened,
    ring: &KeyRing,
    alg: Option<Algorithm>,
    at_once: bool,
) -> Result<(), Failure> {
    let policy = opened.config.key_policy();
    let in_use: Vec<_> = ring.current(opened.now.ms).await?.algorithms().collect();
    for algorithm in alg.map_or(in_use, |algorithm| vec![algorithm]) {
        for done in ring.rotate(algorithm, policy, at_once, opened.now.ms).await? {
            let line = match done {
                Rotation::Published { kid } if at_once => format!("published {kid}"),
                Rotation::Published { kid } => {
                    let ready_at = opened.now.timestamp().plus(policy.publish_ahead);
                    format!("published {kid}; it may sign from {}: run this again then", instant(ready_at))
                }
                Rotation::Promoted { kid, signs_from } => format!("{kid} signs from {}", instant(signs_from)),
                Rotation::Waiting { kid, ready_at } => format!(
                    "{kid} is published and may sign from {}; run this again then, or add --now",
                    instant(ready_at)
                ),
            };
            print(&format!("{}: {line}", algorithm.name()))?;
        }
    }
    Ok(())
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    let known = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name));
    known.ok_or_else(|| {
        let names: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        format!("use one of {}", names.join(", "))
    })
}
