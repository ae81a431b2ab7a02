//! One entry of an import file as a user.

use grantor_crypto::import_password_hash;
use grantor_protocol::{UserClaims, Username};
use grantor_store::ImportedUser;
use serde_json::{Map, Value};

const MEMBERS: &str = "username, sub, email, email_verified, claims, disabled and password_hash";

/// The user that an entry describes, or what is wrong with it.
pub(super) fn read(entry: Value) -> Result<ImportedUser, String> {
    let Value::Object(members) = entry else {
        return Err("a user is a JSON object".to_owned());
    };
    let mut typed_name = None;
    let (mut id, mut password, mut disabled) = (None, None, None);
    let (mut claims, mut of_their_own) = (Map::new(), Map::new());
    for (name, value) in members {
        match name.as_str() {
            "username" => typed_name = Some(text(&name, value)?),
            "sub" if value.is_null() => {}
            "sub" => {
                let sub = text(&name, value)?;
                // Another spelling of the same UUID would be another sub to clients.
                let known = sub.parse().ok().filter(|id: &grantor_protocol::UserId| id.to_string() == sub);
                id = Some(known.ok_or("sub: must be a UUID in small letters; leave it out for a new one")?);
            }
            "email" | "email_verified" => {
                of_their_own.insert(name, value);
            }
            "claims" => match value {
                Value::Object(members) => claims = members,
                _ => return Err("claims: must be a JSON object".to_owned()),
            },
            "disabled" => disabled = Some(value.as_bool().ok_or("disabled: must be true or false")?),
            "password_hash" => password = password_hash(value)?,
            "password" => return Err("password: only hashes are taken over, as password_hash".to_owned()),
            _ => return Err(format!("{name:?} is not known: a user has {MEMBERS}")),
        }
    }
    let typed_name: String = typed_name.ok_or("there is no username")?;
    let username = Username::parse(&typed_name).map_err(|error| format!("username: {error}"))?;
    claims.extend(of_their_own);
    let (removed, set): (Vec<_>, Vec<_>) = claims.into_iter().partition(|(_, value)| value.is_null());
    let claims = UserClaims::parse(Value::Object(set.into_iter().collect()));
    Ok(ImportedUser {
        id,
        username: username.as_str().to_owned(),
        username_display: typed_name.trim().to_owned(),
        password,
        claims: claims.map_err(|error| error.to_string())?,
        removed_claims: removed.into_iter().map(|(name, _)| name).collect(),
        disabled,
    })
}

fn text(name: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(format!("{name}: must be text")),
    }
}

/// A text, or a credential of Keycloak as the object that an export holds.
fn password_hash(value: Value) -> Result<Option<String>, String> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        Value::Object(_) => value.to_string(),
        _ => return Err("password_hash: must be text".to_owned()),
    };
    import_password_hash(&text).map(Some).map_err(|refused| format!("password_hash: {refused}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_is_read_into_a_user() {
        let user = read(json!({
            "username": " Ada ",
            "sub": "11111111-2222-4333-8444-55555555abcd",
            "email": "ada@example.com",
            "email_verified": true,
            "claims": { "name": "Ada", "email": "old@example.com", "nickname": null },
            "disabled": true,
            "password_hash": "bcrypt$$2b$04$vrWtGrWN45Zr4Rn11ub1FengZlL9IeJb8u8TRSDV0ETKSuv.0gcku",
        }))
        .unwrap();
        assert_eq!((user.username.as_str(), user.username_display.as_str()), ("ada", "Ada"));
        assert_eq!(user.id.unwrap().to_string(), "11111111-2222-4333-8444-55555555abcd");
        assert_eq!(user.claims.text("email"), Some("ada@example.com"));
        assert_eq!(user.claims.text("name"), Some("Ada"));
        assert_eq!(user.removed_claims, ["nickname"]);
        assert_eq!(user.disabled, Some(true));
        assert!(user.password.unwrap().starts_with("$2b$04$"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (entry, expected) in [
            (json!([]), "a user is a JSON object"),
            (json!({}), "there is no username"),
            (json!({ "username": 1 }), "username: must be text"),
            (json!({ "username": "" }), "username: a user name must have 1 to 255 bytes"),
            (json!({ "username": "a", "sub": "42" }), "sub: must be a UUID"),
            (
                json!({ "username": "a", "sub": "11111111-2222-4333-8444-55555555ABCD" }),
                "sub: must be a UUID",
            ),
            (json!({ "username": "a", "email": "x" }), "claim email: must be an e-mail address"),
            (json!({ "username": "a", "claims": { "iss": "x" } }), "claim iss: "),
            (json!({ "username": "a", "disabled": "yes" }), "disabled: must be true or false"),
            (json!({ "username": "a", "password": "x" }), "password: only hashes"),
            (json!({ "username": "a", "passwordhash": "x" }), "\"passwordhash\" is not known"),
            (
                json!({ "username": "a", "password_hash": "hunter2" }),
                "password_hash: the password hash is in no form",
            ),
            (json!({ "username": "a", "password_hash": 1 }), "password_hash: must be text"),
        ] {
            let error = read(entry.clone()).unwrap_err();
            assert!(error.starts_with(expected), "{entry}: {error}");
        }
    }
}
