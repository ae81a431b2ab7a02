//! What is known about a user when claims are released.

use grantor_protocol::{Subject, UserClaims};
use grantor_store::UserFacts;
use serde_json::json;

use crate::error::Failure;

/// The user's claims, for a client that knows the user as `subject`. Every account has `updated_at`: where nobody set it, it is
/// when the account's data last changed. An address that nobody called verified is not verified, which relying parties want to
/// hear. `preferred_username`, which many of them make their account of, is the user name where nobody set another; but never
/// where the subject is pairwise, since the same name at every client would undo that, nor where it is an address, which the
/// scope `email` is for.
pub(crate) fn claims_of(user: &UserFacts, subject: &Subject) -> Result<UserClaims, Failure> {
    let mut claims = user.claims.clone();
    let mut defaults = vec![("updated_at", json!(user.updated_at.seconds()))];
    for (address, verified) in [("email", "email_verified"), ("phone_number", "phone_number_verified")] {
        if claims.get(address).is_some() {
            defaults.push((verified, json!(false)));
        }
    }
    if subject.as_str() == user.id.to_string() && !user.username_display.contains('@') {
        defaults.push(("preferred_username", json!(user.username_display)));
    }
    for (name, value) in defaults {
        claims.set_default(name, value).map_err(|error| Failure::Internal(error.to_string()))?;
    }
    Ok(claims)
}
