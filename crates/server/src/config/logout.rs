//! Telling clients that a session has ended (Back-Channel Logout).

use grantor_protocol::{Lifetime, Timestamp};

use super::reader::Reader;

/// Logout notifications.
#[derive(Debug)]
pub struct Logout {
    /// How long a client that does not answer is tried again.
    pub retry_for: Lifetime,
}

impl Logout {
    /// Until when a client is tried that is to be told of what happened at `now`.
    pub fn give_up_at(&self, now: Timestamp) -> Timestamp {
        now.plus(self.retry_for.seconds())
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Logout> {
    Some(Logout { retry_for: reader.lifetime("logout.retry_for")? })
}
