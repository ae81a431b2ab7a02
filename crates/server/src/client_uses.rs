//! That clients which registered themselves are in use: noted in memory when they get tokens, and written down in the
//! background, at most once an hour for each, so that no request waits for it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use grantor_protocol::{ClientRowId, Timestamp};
use grantor_store::{Fault, Store};

use crate::client_cache::KnownClient;
use crate::clock::Now;

/// Seconds between two notes of one client: nothing against the days that a client may be silent.
const EVERY_SECONDS: i64 = 3600;
/// Clients noted between two rounds at most; what is beyond is noted when it is used again.
const MOST: usize = 50_000;

/// Uses that are not written down yet.
#[derive(Debug, Default)]
pub(crate) struct ClientUses(Mutex<HashMap<ClientRowId, Timestamp>>);

impl ClientUses {
    /// The client got tokens.
    pub(crate) fn note(&self, client: &KnownClient, now: Now) {
        let Some(registered) = &client.row.registered else {
            return;
        };
        let now = now.timestamp();
        if registered.last_used_at.is_some_and(|noted| noted.plus(EVERY_SECONDS) > now) {
            return;
        }
        let mut uses = self.noted();
        if uses.len() < MOST {
            uses.insert(client.row.row, now);
        }
    }

    /// Writes down what was noted. What fails stays for the next round, and what is not reached when this is dropped for the
    /// last one, before the process ends.
    pub(crate) async fn write(&self, store: &Store) -> Result<(), Fault> {
        let noted: Vec<_> = self.noted().iter().map(|(row, at)| (*row, *at)).collect();
        for (row, at) in noted {
            store.clients().note_use(row, at, at.plus(-EVERY_SECONDS)).await?;
            self.noted().remove(&row);
        }
        Ok(())
    }

    fn noted(&self) -> MutexGuard<'_, HashMap<ClientRowId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
