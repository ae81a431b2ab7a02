//! Browsers that an account has signed in from before. Their tries are counted apart from everybody else's, so that
//! somebody who guesses at an account cannot keep its owner out (security.md T164). Nothing is stored: the cookie holds
//! a secret of the browser and a keyed tag for each account, which only this server can make.

use grantor_crypto::{MacKey, Secret, base64url};

/// How many accounts one browser is known for.
const ACCOUNTS_PER_DEVICE: usize = 6;
const LABEL: &[u8] = b"known device";

/// What the device cookie says.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    secret: Secret,
    tags: Vec<String>,
}

impl Device {
    /// A browser that nobody has signed in from.
    pub(super) fn new() -> Self {
        Self { secret: Secret::generate(), tags: Vec::new() }
    }

    /// Reads the cookie; `None` unless every part has the right form.
    pub(super) fn read(value: &str) -> Option<Self> {
        let mut parts = value.split('.').filter(|part| super::cookies::is_secret(part)).map(str::to_owned);
        let secret = Secret::from(parts.next()?);
        Some(Self { secret, tags: parts.take(ACCOUNTS_PER_DEVICE).collect() })
    }

    /// The cookie's value.
    pub(super) fn value(&self) -> String {
        let mut parts = vec![self.secret.expose().to_owned()];
        parts.extend(self.tags.iter().cloned());
        parts.join(".")
    }

    /// What the tries of this browser for this account are counted under, if the account is known here.
    pub(crate) fn key_for(&self, mac: &MacKey, username: &str) -> Option<[u8; 32]> {
        let tag = self.tag(mac, username);
        let encoded = Secret::from(base64url::encode(tag));
        let known = self.tags.iter().any(|held| Secret::from(held.clone()) == encoded);
        known.then(|| mac.tag(&[LABEL, b"throttle", self.secret.expose().as_bytes(), username.as_bytes()]))
    }

    /// Knows the account from now on.
    pub(crate) fn learn(&mut self, mac: &MacKey, username: &str) {
        let tag = base64url::encode(self.tag(mac, username));
        self.tags.retain(|held| *held != tag);
        self.tags.insert(0, tag);
        self.tags.truncate(ACCOUNTS_PER_DEVICE);
    }

    fn tag(&self, mac: &MacKey, username: &str) -> [u8; 32] {
        mac.tag(&[LABEL, self.secret.expose().as_bytes(), username.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_knows_only_accounts_it_learned_and_only_with_its_own_secret() {
        let mac = MacKey::random();
        let mut device = Device::new();
        assert!(device.key_for(&mac, "alice").is_none());
        device.learn(&mac, "alice");
        let again = Device::read(&device.value()).unwrap();
        assert!(again.key_for(&mac, "alice").is_some());
        assert!(again.key_for(&mac, "bob").is_none());
        assert!(again.key_for(&MacKey::random(), "alice").is_none(), "a tag of another server");
        let tag = device.value().split('.').nth(1).unwrap().to_owned();
        let forged = format!("{}.{tag}", Secret::generate().expose());
        assert!(
            Device::read(&forged).unwrap().key_for(&mac, "alice").is_none(),
            "a tag carried to another browser"
        );
    }

    #[test]
    fn a_device_forgets_the_oldest_account_past_six() {
        let mac = MacKey::random();
        let mut device = Device::new();
        for account in ["a", "b", "c", "d", "e", "f", "g"] {
            device.learn(&mac, account);
        }
        assert!(device.key_for(&mac, "a").is_none() && device.key_for(&mac, "b").is_some());
        assert!(device.value().len() < 4000);
    }
}
