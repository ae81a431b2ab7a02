//! `grantor keys`: signing keys and the keys that seal what is stored.

use clap::Subcommand;
use grantor_crypto::KeyAlgorithm;
use grantor_server::audit::AuditEvent;
use grantor_server::key_ring::{KeyRing, Rotation, Withdrawal};
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Listing, instant, instant_or_none, print, warn};
use crate::progress::waiting;
use crate::setup::{Opened, Setup};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the keys that sign and those that decrypt
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Publish the next key, and let one take its turn that has been published long enough
    Rotate {
        /// The algorithm, such as RS256, ES256 or RSA-OAEP-256; without it, all that are in use
        #[arg(long, value_name = "ALGORITHM", value_parser = algorithm)]
        alg: Option<KeyAlgorithm>,
        /// Use the new key at once, before clients had time to fetch it: for emergencies
        #[arg(long)]
        now: bool,
    },
    /// Take a key that leaked out of the published set: the next one at once, another after rotate --now
    Withdraw {
        /// Its kid, as `keys list` shows it
        kid: String,
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
        Command::Withdraw { kid } => match ring.withdraw(&kid, opened.now.ms).await? {
            Withdrawal::Withdrawn => {
                opened.record(&AuditEvent::KeyWithdrawn { kid: kid.clone() });
                warn("relying parties believe it until they fetch the key set again");
                print(&format!("{kid} is withdrawn: what it signed is worth nothing any more"))
            }
            Withdrawal::InUse(algorithm) => Err(Failure::new(format!(
                "{kid} is in use, or about to be: withdraw the next {name} key first if there is one that leaked too, since \
                 it would be used then; run `grantor keys rotate --alg {name} --now`, and this 3 seconds later",
                name = algorithm.name()
            ))),
            Withdrawal::Unknown => Err(Failure::new(format!("there is no key {kid}"))),
        },
        Command::Rewrap => {
            let changed = waiting("rewrapping the data keys", ring.rewrap(opened.now.ms)).await?;
            opened.record(&AuditEvent::KeysRewrapped { count: changed as u64 });
            print(&format!(
                "{changed} data keys were rewrapped; all are sealed with the first system secret now"
            ))
        }
        Command::RevokeTokens => {
            ring.revoke_tokens(opened.now.ms).await?;
            opened.record(&AuditEvent::TokensRevoked {});
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
    let mut listing = Listing::new(["KID", "USE", "ALG", "STATE", "PUBLISHED", "USED FROM", "USED UNTIL"]);
    for key in keys.lives() {
        let (kid, state) = (key.kid.as_str(), key.state(now));
        let row = [
            kid.to_owned(),
            key.algorithm.key_use().to_owned(),
            key.algorithm.name().to_owned(),
            state.to_owned(),
            instant(key.published_at),
            instant_or_none(key.signs_from),
            instant_or_none(key.superseded_at),
        ];
        let document = json!({
            "kid": kid,
            "use": key.algorithm.key_use(),
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
    alg: Option<KeyAlgorithm>,
    at_once: bool,
) -> Result<(), Failure> {
    let policy = opened.config.key_policy();
    let in_use: Vec<_> = ring.current(opened.now.ms).await?.algorithms().collect();
    for algorithm in alg.map_or(in_use, |algorithm| vec![algorithm]) {
        let done = ring.rotate(algorithm, policy, at_once, opened.now.ms).await?;
        let is_promoted = done.iter().any(|done| matches!(done, Rotation::Promoted { .. }));
        for done in done {
            let line = match done {
                Rotation::Published { kid } if is_promoted => format!("published {kid}"),
                Rotation::Published { kid } => {
                    let ready_at = opened.now.timestamp().plus(policy.publish_ahead);
                    format!("published {kid}; it may be used from {}: run this again then", instant(ready_at))
                }
                Rotation::Promoted { kid, signs_from } => {
                    format!("{kid} is used from {}", instant(signs_from))
                }
                Rotation::Waiting { kid, ready_at } => format!(
                    "{kid} is published and may be used from {}; run this again then, or add --now",
                    instant(ready_at)
                ),
            };
            print(&format!("{}: {line}", algorithm.name()))?;
        }
    }
    Ok(())
}

fn algorithm(name: &str) -> Result<KeyAlgorithm, String> {
    let known = KeyAlgorithm::all().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name));
    known.ok_or_else(|| {
        let names: Vec<_> = KeyAlgorithm::all().map(KeyAlgorithm::name).collect();
        format!("use one of {}", names.join(", "))
    })
}
