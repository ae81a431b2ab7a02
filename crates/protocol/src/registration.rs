//! What a client asks for itself: to be registered (RFC 7591 section 3.1), or to replace its registration (RFC 7592
//! section 2.2). Metadata like any other, less what only the operator or this server decides.

mod limits;
mod terms;

use serde_json::{Map, Value};

use crate::client_auth::PresentedSecret;
use crate::client_metadata::{ClientMetadata, MetadataError};
use crate::ids::ClientId;

pub use limits::{RedirectPattern, RegistrationLimits};
pub use terms::{RegistrationTerms, SoftwareStatement};

/// Members of other servers' metadata that would widen what a client may do. They have no meaning here, but who sends
/// them expects one, so they are refused as ours are.
const OTHERS_PRIVILEGES: &[&str] = &["skip_logout_consent", "first_party"];
/// The same for a family: how long tokens last.
const LIFESPANS: &str = "_lifespan";
/// The shortest secret that a client may choose, and how many different characters it must have.
const LEAST_SECRET: usize = 16;
const LEAST_DIFFERENT: usize = 8;
const LONGEST_SECRET: usize = 255;

/// A replaced registration.
#[derive(Clone, Debug)]
pub struct ReplacedRegistration {
    /// The metadata from now on, operator members included as they were.
    pub metadata: ClientMetadata,
    /// `client_secret` in the document: the present secret, or the one that takes its place.
    pub secret: Option<PresentedSecret>,
}

/// Reads the document of a client that registers itself: nobody chooses identifier and secret but this server.
pub fn new_registration(document: Value) -> Result<ClientMetadata, MetadataError> {
    let members = object(document)?;
    refuse_privileges(&members)?;
    for member in ["client_id", "client_secret"] {
        if is_sent(&members, member) {
            return Err(refused(member, "is chosen by this server; leave it out"));
        }
    }
    ClientMetadata::from_json(Value::Object(members))
}

/// Reads the document that takes the place of a client's registration. What it leaves out goes back to its default;
/// the operator's members stay as the operator set them. The other members of an answer of ours may come back in it:
/// whoever reads, changes one member and writes must not lose the rest.
pub fn replaced_registration(
    document: Value,
    client_id: &ClientId,
    present: &ClientMetadata,
) -> Result<ReplacedRegistration, MetadataError> {
    let members = object(document)?;
    refuse_privileges(&members)?;
    if is_sent(&members, "client_id") && members.get("client_id") != Some(&Value::from(client_id.as_str())) {
        return Err(refused("client_id", "must be the client_id of this client"));
    }
    let secret = match members.get("client_secret") {
        Some(Value::String(text)) if !text.is_empty() => Some(PresentedSecret::from(text.clone())),
        Some(Value::Null | Value::String(_)) | None => None,
        Some(_) => return Err(refused("client_secret", "must be text")),
    };
    let mut metadata = ClientMetadata::from_json(Value::Object(members))?;
    metadata.keep_operator_members(present);
    if !metadata.has_secret() && secret.is_some() {
        let reason = format!("belongs to no client of {}", metadata.token_endpoint_auth_method);
        return Err(refused("client_secret", &reason));
    }
    Ok(ReplacedRegistration { metadata, secret })
}

/// What a client may know of its registration: its metadata without the operator's members.
pub fn registered_members(metadata: &ClientMetadata) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(metadata) else {
        return Map::new();
    };
    members.retain(|name, _| !ClientMetadata::OPERATOR_MEMBERS.contains(&name.as_str()));
    members
}

/// Whether a secret that a client of this metadata chose can stand in for one of ours: it is guessed at the token
/// endpoint, by anyone, and some clients use it as a key.
pub fn check_chosen_secret(secret: &str, metadata: &ClientMetadata) -> Result<(), MetadataError> {
    let printable = secret.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let different = secret.bytes().collect::<std::collections::BTreeSet<_>>().len();
    let least = metadata.least_secret().max(LEAST_SECRET);
    if !printable || !(least..=LONGEST_SECRET).contains(&secret.len()) || different < LEAST_DIFFERENT {
        let reason = format!(
            "must have {least} to {LONGEST_SECRET} printable ASCII characters, {LEAST_DIFFERENT} of them different"
        );
        return Err(MetadataError { member: "client_secret".to_owned(), reason });
    }
    Ok(())
}

fn object(document: Value) -> Result<Map<String, Value>, MetadataError> {
    match document {
        Value::Object(members) => Ok(members),
        _ => Err(MetadataError { member: String::new(), reason: "must be a JSON object".to_owned() }),
    }
}

/// A privilege at the value that everybody has is none: models send all members they know.
fn refuse_privileges(members: &Map<String, Value>) -> Result<(), MetadataError> {
    let is_privilege = |name: &str| {
        ClientMetadata::OPERATOR_MEMBERS.contains(&name)
            || OTHERS_PRIVILEGES.contains(&name)
            || name.ends_with(LIFESPANS)
    };
    let is_everybodys =
        |name: &str, value: &Value| name != "refresh_token_rotation" && *value == Value::Bool(false);
    let sent = members
        .iter()
        .find(|(name, value)| is_privilege(name) && is_sent(members, name) && !is_everybodys(name, value));
    match sent {
        Some((name, _)) => Err(refused(name, "is for the operator to set, not for the client")),
        None => Ok(()),
    }
}

fn is_sent(members: &Map<String, Value>, name: &str) -> bool {
    members.get(name).is_some_and(|value| !crate::client_metadata::is_left_out(value))
}

fn refused(member: &str, reason: &str) -> MetadataError {
    MetadataError { member: member.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(members: &Value) -> Value {
        let mut document = json!({ "redirect_uris": ["https://app.example/cb"] });
        document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        document
    }

    fn id() -> ClientId {
        ClientId::parse("c1").unwrap()
    }

    /// T195: privileged flags, token lifetimes, a chosen identifier and a chosen secret.
    #[test]
    fn what_the_client_must_not_decide_is_refused_by_name() {
        for (members, member) in [
            (json!({ "skip_consent": true }), "skip_consent"),
            (json!({ "skip_consent": "yes" }), "skip_consent"),
            (json!({ "metadata": { "vip": true } }), "metadata"),
            (json!({ "access_token_strategy": "jwt" }), "access_token_strategy"),
            (json!({ "refresh_token_rotation": false }), "refresh_token_rotation"),
            (json!({ "introspect_any": true }), "introspect_any"),
            (json!({ "skip_logout_consent": true }), "skip_logout_consent"),
            (json!({ "first_party": true }), "first_party"),
            (
                json!({ "authorization_code_grant_access_token_lifespan": "1000h" }),
                "authorization_code_grant_access_token_lifespan",
            ),
        ] {
            let error = new_registration(document(&members)).unwrap_err();
            assert_eq!(error.member, member, "{members}");
            let error =
                replaced_registration(document(&members), &id(), &ClientMetadata::default()).unwrap_err();
            assert_eq!(error.member, member, "{members}");
        }
        for member in ["client_id", "client_secret"] {
            let error = new_registration(document(&json!({ member: "a choice of 16 chars" }))).unwrap_err();
            assert_eq!(error.member, member);
        }
    }

    #[test]
    fn members_at_the_value_that_everybody_has_are_no_privilege() {
        let harmless = json!({
            "skip_consent": false, "introspect_any": false, "metadata": {}, "access_token_strategy": "",
            "client_id": "", "client_secret": null, "skip_logout_consent": null, "implicit_grant_id_token_lifespan": null,
        });
        assert_eq!(
            new_registration(document(&harmless)).unwrap(),
            new_registration(document(&json!({}))).unwrap()
        );
    }

    /// T196: reading, changing nothing and writing loses nothing, the operator's members included.
    #[test]
    fn what_was_read_can_be_written_back() {
        let present = ClientMetadata {
            skip_consent: true,
            refresh_token_rotation: Some(false),
            metadata: Some(json!({ "team": "a" })),
            ..new_registration(document(&json!({
                "client_name": "Shop", "contacts": ["a@b.example"], "default_max_age": 60, "tos_uri": "https://app.example/tos",
            })))
            .unwrap()
        };
        let mut read = registered_members(&present);
        assert!(ClientMetadata::OPERATOR_MEMBERS.iter().all(|member| !read.contains_key(*member)));
        for (name, value) in [
            ("client_id", json!("c1")),
            ("client_id_issued_at", json!(1)),
            ("client_secret_expires_at", json!(0)),
            ("registration_access_token", json!("gr_ra_x")),
            ("registration_client_uri", json!("https://id.example/oauth2/register/c1")),
        ] {
            read.insert(name.to_owned(), value);
        }
        let written = replaced_registration(Value::Object(read), &id(), &present).unwrap();
        assert_eq!(written.metadata, present);
        assert!(written.secret.is_none());
    }

    #[test]
    fn what_is_left_out_goes_back_to_its_default() {
        let present =
            new_registration(document(&json!({ "client_name": "Shop", "contacts": ["a@b.example"] })))
                .unwrap();
        let written = replaced_registration(document(&json!({})), &id(), &present).unwrap();
        assert_eq!(written.metadata, new_registration(document(&json!({}))).unwrap());
    }

    #[test]
    fn another_clients_id_and_a_public_clients_secret_are_refused() {
        let present = ClientMetadata::default();
        let error =
            replaced_registration(document(&json!({ "client_id": "c2" })), &id(), &present).unwrap_err();
        assert_eq!(error.member, "client_id");
        let public = json!({ "token_endpoint_auth_method": "none", "client_secret": "a choice of 16 chars" });
        let error = replaced_registration(document(&public), &id(), &present).unwrap_err();
        assert_eq!(error.member, "client_secret");
        let error =
            replaced_registration(document(&json!({ "client_secret": 7 })), &id(), &present).unwrap_err();
        assert_eq!(error.member, "client_secret");
    }

    #[test]
    fn a_chosen_secret_must_be_hard_to_guess() {
        let client = ClientMetadata::default();
        for weak in [
            "short",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "0123456789abcde",
            "with a tab\tin between it",
            "ein gro\u{df}es Geheimnis",
        ] {
            assert_eq!(check_chosen_secret(weak, &client).unwrap_err().member, "client_secret", "{weak}");
        }
        assert!(check_chosen_secret(&"ab".repeat(128), &client).is_err());
        assert!(check_chosen_secret("0123456789abcdef", &client).is_ok());
        assert!(check_chosen_secret("correct horse battery staple", &client).is_ok());
    }

    // RFC 7518 section 3.2
    #[test]
    fn a_chosen_secret_that_is_a_key_has_32_bytes_at_least() {
        let client = ClientMetadata {
            id_token_signed_response_alg: crate::SigningAlgorithm::HS256,
            ..ClientMetadata::default()
        };
        let error = check_chosen_secret("correct horse battery staple 12", &client).unwrap_err();
        assert!(error.reason.contains("32 to 255"), "{error}");
        assert!(check_chosen_secret("correct horse battery staple 123", &client).is_ok());
    }
}
