//! What the server acknowledged, how often it said what, and where it broke its word.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One grant, from its code on, as its relying party knows it.
#[derive(Debug)]
pub(crate) struct Life {
    /// The code that began it.
    pub(crate) code: String,
    /// Its PKCE verifier.
    pub(crate) verifier: String,
    /// Every refresh token that was acknowledged, the latest last.
    pub(crate) refresh: Vec<String>,
    /// The latest access token.
    pub(crate) access: String,
    /// Whether its revocation was acknowledged.
    pub(crate) revoked: bool,
    /// Whether it changed since it was last audited.
    pub(crate) changed: bool,
}

/// A client that registered itself, and the token by which it finds itself again.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// Everything acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) lives: Mutex<Vec<Arc<Mutex<Life>>>>,
    /// Session cookies of acknowledged logins.
    pub(crate) sessions: Mutex<Vec<String>>,
    pub(crate) registered: Mutex<Vec<Registered>>,
    /// Names of users that a command made.
    pub(crate) users: Mutex<Vec<String>>,
    /// Tokens of `client_credentials`, and whether each was revoked.
    pub(crate) own_tokens: Mutex<Vec<(String, bool)>>,
    /// Codes whose answer was lost, so that nobody has what they gave.
    spent: Mutex<usize>,
    counts: Mutex<BTreeMap<String, usize>>,
    broken: Mutex<Vec<String>>,
    times: Mutex<BTreeMap<&'static str, Vec<Duration>>>,
}

impl Ledger {
    pub(crate) fn begin(&self, life: Life) -> Arc<Mutex<Life>> {
        let life = Arc::new(Mutex::new(life));
        self.lives.lock().unwrap().push(Arc::clone(&life));
        life
    }

    pub(crate) fn spend_code(&self) {
        *self.spent.lock().unwrap() += 1;
    }

    pub(crate) fn count(&self, what: &str, outcome: &str) {
        *self.counts.lock().unwrap().entry(format!("{what}: {outcome}")).or_default() += 1;
    }

    /// A promise that was not kept; the run goes on and fails at its end.
    pub(crate) fn broken(&self, what: String) {
        eprintln!("BROKEN {what}");
        self.broken.lock().unwrap().push(what);
    }

    pub(crate) fn promises_broken(&self) -> usize {
        self.broken.lock().unwrap().len()
    }

    pub(crate) fn took(&self, what: &'static str, time: Duration) {
        self.times.lock().unwrap().entry(what).or_default().push(time);
    }

    /// How often requests ended so, whatever they were.
    pub(crate) fn total(&self, matches: impl Fn(&str) -> bool) -> usize {
        self.counts.lock().unwrap().iter().filter(|(name, _)| matches(name)).map(|(_, count)| count).sum()
    }

    /// Answers that acknowledged something.
    pub(crate) fn acknowledged(&self) -> usize {
        self.total(|name| name.ends_with(": 200") || name.ends_with(": 201") || name.ends_with(": 303"))
    }

    /// Prints the figures of a run, and fails where a promise was broken.
    pub(crate) fn close(&self, run: &str) {
        println!("=== {run}\n{self}");
        let broken = self.broken.lock().unwrap();
        assert!(broken.is_empty(), "{run}: {} promises broken, such as {:#?}", broken.len(), first(&broken));
        assert!(self.acknowledged() > 0, "{run}: nothing was acknowledged, so nothing was tried");
    }
}

fn first(broken: &[String]) -> &[String] {
    broken.get(..broken.len().min(10)).unwrap_or_default()
}

impl fmt::Display for Ledger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lives = self.lives.lock().unwrap();
        let revoked = lives.iter().filter(|life| life.lock().unwrap().revoked).count();
        writeln!(
            out,
            "acknowledged {} answers: {} grants ({revoked} revoked), {} sessions, {} clients, {} users; codes spent by \
             lost answers {}; promises broken {}",
            self.acknowledged(),
            lives.len(),
            self.sessions.lock().unwrap().len(),
            self.registered.lock().unwrap().len(),
            self.users.lock().unwrap().len(),
            self.spent.lock().unwrap(),
            self.broken.lock().unwrap().len(),
        )?;
        for (name, times) in self.times.lock().unwrap().iter() {
            let mut times = times.clone();
            times.sort();
            let median = times.get(times.len() / 2).copied().unwrap_or_default();
            let longest = times.last().copied().unwrap_or_default();
            writeln!(out, "  {name}: {} times, median {median:?}, longest {longest:?}", times.len())?;
        }
        for (name, count) in self.counts.lock().unwrap().iter() {
            writeln!(out, "  {count:>7} {name}")?;
        }
        Ok(())
    }
}
