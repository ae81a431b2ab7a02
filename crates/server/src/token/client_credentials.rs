//! The client credentials grant (RFC 6749 section 4.4): the client acts for itself. Runs no statement.

use grantor_protocol::{ErrorCode, GrantType, Scope, Targets, TokenResponse, scope};

use super::{TokenContext, issue};
use crate::error::Failure;

/// Issues a token to the client itself. Without `scope` it gets all that it is registered for, less what only a
/// user can give.
pub(super) async fn redeem(
    context: &TokenContext<'_>,
    asked: Option<Scope>,
    targets: &Targets,
) -> Result<TokenResponse, Failure> {
    let metadata = &context.client.client.row.metadata;
    let granted = match asked {
        Some(asked) if asked.is_subset_of(&metadata.scope) => asked,
        Some(asked) => {
            let expected = format!("at most {}", metadata.scope);
            return Err(Failure::refused(
                ErrorCode::InvalidScope,
                "scope of the client",
                expected,
                asked.to_string(),
            )
            .with_setting("scope of the client"));
        }
        None => of_the_client_itself(&metadata.scope),
    };
    targets.check_allowed(&metadata.audience)?;
    let recorded = context.app.audit.has_tokens().then(|| granted.clone());
    let response = issue::for_client(context.issuing(), granted, targets.all()).await?;
    if let Some(granted) = recorded {
        context.issued(GrantType::ClientCredentials, None, &granted);
    }
    Ok(response)
}

/// What is left of a registered scope when no user takes part.
fn of_the_client_itself(registered: &Scope) -> Scope {
    let of_users = [scope::OPENID, scope::OFFLINE_ACCESS, scope::OFFLINE].join(" ");
    Scope::parse(&of_users).map_or_else(|_| registered.clone(), |of_users| registered.difference(&of_users))
}
