//! What can be bound to a statement on both engines.

use grantor_crypto::SecretHash;
use grantor_protocol::{
    ClientRowId, GrantId, InitialTokenId, IssuerId, SessionId, Timestamp, TokenId, UserId,
};
use uuid::Uuid;

/// A parameter. Each kind knows its column type even when it is absent, which Postgres insists on.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Integer(Option<i64>),
    Boolean(Option<bool>),
    Uuid(Option<Uuid>),
}

macro_rules! values {
    ($($from:ty => $kind:ident($convert:expr);)*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Value::$kind(Some($convert(value)))
            }
        }

        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Value::$kind(value.map($convert))
            }
        }
    )*};
}

values! {
    &str => Text(str::to_owned);
    String => Text(String::from);
    &String => Text(String::clone);
    &[u8] => Bytes(<[u8]>::to_vec);
    Vec<u8> => Bytes(Vec::from);
    &SecretHash => Bytes(|hash: &SecretHash| hash.bytes().to_vec());
    i64 => Integer(i64::from);
    Timestamp => Integer(|at: Timestamp| at.seconds());
    IssuerId => Integer(|issuer: IssuerId| issuer.0);
    bool => Boolean(bool::from);
    Uuid => Uuid(Uuid::from);
    ClientRowId => Uuid(|id: ClientRowId| id.uuid());
    UserId => Uuid(|id: UserId| id.uuid());
    GrantId => Uuid(|id: GrantId| id.uuid());
    SessionId => Uuid(|id: SessionId| id.uuid());
    InitialTokenId => Uuid(|id: InitialTokenId| id.uuid());
    TokenId => Uuid(|id: TokenId| id.uuid());
}
