//! What is known about a user when claims are released.

use grantor_protocol::UserClaims;
use grantor_store::UserFacts;
use serde_json::json;

use crate::error::Failure;

/// The user's claims. Every account has `updated_at`: where nobody set it, it is when the account's data last changed.
pub(crate) fn claims_of(user: &UserFacts) -> Result<UserClaims, Failure> {
    let mut claims = user.claims.clone();
    claims
        .set_default("updated_at", json!(user.updated_at.seconds()))
        .map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(claims)
}
