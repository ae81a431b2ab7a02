//! When signing keys are replaced.

use grantor_protocol::Lifetime;

use super::Config;
use super::reader::Reader;
use crate::key_ring::KeyPolicy;

/// The schedule of signing keys.
#[derive(Debug)]
pub struct Keys {
    /// How long a key signs before the next takes over; zero: until `grantor keys rotate`.
    pub rotation_interval: Lifetime,
    /// How long a key is published before it signs, so that every client's cached copy has it by then.
    pub publish_ahead: Lifetime,
    /// How long clients may keep the published keys.
    pub jwks_max_age: Lifetime,
}

impl Config {
    /// The schedule that a key ring keeps. A key stays published until the last token it signed has expired and the
    /// last client has fetched the keys again, and verifies hints as long as any session may last.
    pub fn key_policy(&self) -> KeyPolicy {
        KeyPolicy {
            interval: self.keys.rotation_interval.seconds(),
            publish_ahead: self.keys.publish_ahead.seconds(),
            keep_after: self.tokens.longest_signed_lifetime().seconds() + self.keys.jwks_max_age.seconds(),
            verify_after: self.session.lifetime.max(self.session.remembered_lifetime).seconds(),
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Keys> {
    let rotation_interval = reader.lifetime_or_zero("keys.rotation_interval");
    let publish_ahead = reader.lifetime("keys.publish_ahead");
    let jwks_max_age = reader.lifetime("keys.jwks_max_age");
    reader.at_most(("keys.jwks_max_age", jwks_max_age), ("keys.publish_ahead", publish_ahead));
    if rotation_interval.is_some_and(|interval| interval.seconds() > 0) {
        reader.at_most(("keys.publish_ahead", publish_ahead), ("keys.rotation_interval", rotation_interval));
    }
    Some(Keys {
        rotation_interval: rotation_interval?,
        publish_ahead: publish_ahead?,
        jwks_max_age: jwks_max_age?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, problems_and_warnings};

    #[test]
    fn scheduled_rotation_can_be_switched_off() {
        assert_eq!(config("keys.rotation_interval = '0s'").keys.rotation_interval.seconds(), 0);
    }

    #[test]
    fn a_key_is_published_for_longer_than_clients_cache_and_shorter_than_it_signs() {
        assert_eq!(
            problems_and_warnings("keys = { publish_ahead = '1m', jwks_max_age = '5m' }").0,
            ["keys.jwks_max_age: is 5m, longer than keys.publish_ahead (1m)"]
        );
        assert_eq!(
            problems_and_warnings("keys = { publish_ahead = '2d', rotation_interval = '1d' }").0,
            ["keys.publish_ahead: is 2d, longer than keys.rotation_interval (1d)"]
        );
    }
}
