//! Key rotation as relying parties see it, which keep the key set they read: issue item 9, design.md 4.

use std::collections::BTreeSet;

use grantor_crypto::Algorithm;
use grantor_tests::{InProcess, Jws};
use serde_json::Value;

use crate::stage::Stage;

const DAY: i64 = 24 * 3600;
/// How long `Cache-Control` of the key set lets relying parties keep it, in seconds.
const CACHED: i64 = 300;
const SCOPE: &str = "openid";

/// A relying party's copy of the key set.
struct Cache<'a> {
    stage: &'a Stage,
    keys: Vec<Value>,
    read_at: i64,
    /// The keys that signed what it was shown.
    signers: BTreeSet<String>,
}

impl<'a> Cache<'a> {
    async fn of(stage: &'a Stage) -> Self {
        let mut cache = Self { stage, keys: Vec::new(), read_at: 0, signers: BTreeSet::new() };
        cache.reads().await;
        cache
    }

    async fn reads(&mut self) {
        let answer = self.stage.app.reads("/.well-known/jwks.json").await;
        self.keys.clone_from(answer.ok()["keys"].as_array().unwrap());
        self.read_at = self.stage.server.now().seconds();
    }

    fn key(&self, kid: &Value) -> Option<&Value> {
        self.keys.iter().find(|key| &key["kid"] == kid)
    }

    /// Reads again only what is older than its lifetime, as late as that allows.
    async fn expires(&mut self) {
        if self.stage.server.now().seconds() - self.read_at >= CACHED {
            self.reads().await;
        }
    }

    /// Somebody logs in; `refetches` says whether a key that is not known is a reason to read again.
    async fn logs_in(&mut self, refetches: bool) {
        self.expires().await;
        let tokens = self.stage.tokens(SCOPE).await;
        let token = Jws::of(tokens.id_token.as_deref().unwrap());
        let kid = &token.header["kid"];
        if refetches && self.key(kid).is_none() {
            self.reads().await;
        }
        let key = self.key(kid).expect("the kid of a token is in the key set that the client keeps");
        assert!(token.is_signed_by(key), "{key}");
        self.signers.insert(kid.as_str().unwrap().to_owned());
    }
}

/// `keys rotate --now`.
async fn rotates_now(server: &InProcess) {
    let (policy, now_ms) = (server.app.config.key_policy(), server.app.clock.now_ms());
    server.app.keys.rotate(Algorithm::RS256, policy, true, now_ms).await.unwrap();
}

/// What every node does by itself.
async fn keeps_schedule(server: &InProcess) {
    let (policy, now_ms) = (server.app.config.key_policy(), server.app.clock.now_ms());
    server.app.keys.keep_schedule(policy, now_ms).await.unwrap();
}

#[tokio::test]
async fn the_key_set_may_be_kept_for_five_minutes() {
    let stage = Stage::new().await;
    let answer = stage.app.reads("/.well-known/jwks.json").await;
    let kept = answer.header("cache-control").unwrap();
    assert!(kept.split(", ").any(|part| part == format!("max-age={CACHED}")), "{kept}");
}

#[tokio::test]
async fn a_relying_party_that_keeps_keys_for_five_minutes_never_fails_under_the_schedule() {
    let stage = Stage::new().await;
    let mut cache = Cache::of(&stage).await;
    // Steps of 97 seconds divide neither the lifetime nor the schedule, around all that the schedule does: it publishes
    // a key, lets it sign a day later, and takes the old one away when nothing it signed is good.
    for quiet in [89 * DAY - 1500, DAY - 3000, 0] {
        stage.server.advance(quiet);
        for _ in 0..45 {
            stage.server.advance(97);
            keeps_schedule(&stage.server).await;
            cache.logs_in(false).await;
        }
    }
    assert_eq!(cache.signers.len(), 2, "the schedule did rotate");
    cache.reads().await;
    assert_eq!(cache.keys.len(), 1, "and took the old key away: {:?}", cache.keys);
}

#[tokio::test]
async fn a_relying_party_that_refetches_on_an_unknown_key_never_fails_when_keys_rotate_at_once() {
    let stage = Stage::new().await;
    let mut cache = Cache::of(&stage).await;
    for _ in 0..3 {
        rotates_now(&stage.server).await;
        for _ in 0..8 {
            cache.logs_in(true).await;
            stage.server.advance(1);
        }
    }
    assert_eq!(cache.signers.len(), 4, "each rotation changed the key");
}
