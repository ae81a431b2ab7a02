//! Row ids are made here and nowhere else: UUID version 7, so that new rows lie next to each other.

use grantor_protocol::{ClientRowId, GrantId, InitialTokenId, SessionId, TokenId, UserId};
use uuid::Uuid;

/// One try of something that must happen once. The row it changes keeps it, so whoever lost the connection
/// in between can tell its own success from somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt(Uuid);

impl Attempt {
    /// A try of its own.
    #[expect(clippy::new_without_default, reason = "every value differs, which nobody expects of a default")]
    pub fn new() -> Attempt {
        Attempt(Uuid::now_v7())
    }

    pub(crate) fn uuid(self) -> Uuid {
        self.0
    }
}

/// An id that a row carries.
pub(crate) trait RowId: Sized {
    fn from_uuid(uuid: Uuid) -> Self;

    /// An id for a row that is about to be written.
    fn fresh() -> Self {
        Self::from_uuid(Uuid::now_v7())
    }
}

macro_rules! row_ids {
    ($($id:ident),*) => {$(
        impl RowId for $id {
            fn from_uuid(uuid: Uuid) -> Self {
                $id::from_uuid(uuid)
            }
        }
    )*};
}

row_ids!(ClientRowId, GrantId, InitialTokenId, SessionId, TokenId, UserId);
