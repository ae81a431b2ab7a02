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
    let is_everybodys = |name: &str, value: &Value| {
        !["refresh_token_rotation", "metadata"].contains(&name) && *value == Value::Bool(false)
    };
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
    use proptest::prelude::*;
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

    /// Members that registration knows, at values of every kind.
    fn arbitrary_document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
            proptest::sample::select(vec![
                "https://app.example/cb",
                "http://127.0.0.1/cb",
                "com.example.app:/cb",
                "code",
                "code id_token",
                "none",
                "authorization_code",
                "implicit",
                "client_credentials",
                "RS256",
                "HS256",
                "dir",
                "A128GCM",
                "openid api",
                "native",
                "pairwise",
                "private_key_jwt",
            ])
            .prop_map(Value::from),
        ];
        let value = leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::hash_map("[a-z]{1,5}", inner, 0..4)
                    .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
            ]
        });
        let mut names: Vec<String> =
            serde_json::to_value(full()).unwrap().as_object().unwrap().keys().cloned().collect();
        names.extend(
            ["client_id", "client_secret", "made_up", "logo_uri#de", "client_name#"].map(str::to_owned),
        );
        let name = proptest::sample::select(names);
        proptest::collection::vec((name, value), 0..5).prop_map(|members| {
            let mut document = json!({ "redirect_uris": ["https://app.example/cb"] });
            document.as_object_mut().unwrap().extend(members);
            document
        })
    }

    /// A client of every member.
    fn full() -> ClientMetadata {
        let mut document = json!({ "jwks_uri": "https://app.example/jwks" });
        for name in
            ["client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri", "sector_identifier_uri"]
        {
            document[name] = json!("https://app.example/x");
        }
        for name in ["contacts", "default_acr_values", "audience"] {
            document[name] = json!(["x"]);
        }
        for name in ["id_token", "userinfo", "request_object"] {
            let part = if name == "request_object" { "encryption" } else { "encrypted_response" };
            document[format!("{name}_{part}_alg")] = json!("ECDH-ES");
            document[format!("{name}_{part}_enc")] = json!("A256GCM");
        }
        for name in ["request_object_signing_alg", "userinfo_signed_response_alg"] {
            document[name] = json!("ES256");
        }
        for (name, value) in [
            ("client_name", json!("Shop")),
            ("client_name#de", json!("Laden")),
            ("software_id", json!("shop")),
            ("software_version", json!("1")),
            ("default_max_age", json!(60)),
            ("post_logout_redirect_uris", json!(["https://app.example/bye"])),
            ("request_uris", json!(["https://app.example/request"])),
            ("frontchannel_logout_uri", json!("https://app.example/out")),
            ("backchannel_logout_uri", json!("https://app.example/out")),
            ("allowed_cors_origins", json!(["https://spa.example"])),
            ("token_endpoint_auth_signing_alg", json!("RS256")),
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("application_type", json!("web")),
        ] {
            document[name] = value;
        }
        new_registration(self::document(&document)).unwrap()
    }

    proptest! {
        /// Whatever is sent is registered so that it reads back the same, or refused by the name of a member.
        #[test]
        fn any_document_is_registered_or_refused_by_a_name(document in arbitrary_document()) {
            match new_registration(document.clone()) {
                Ok(metadata) => {
                    let read = registered_members(&metadata);
                    prop_assert_eq!(&new_registration(Value::Object(read.clone())).unwrap(), &metadata);
                    let written = replaced_registration(Value::Object(read), &id(), &metadata).unwrap();
                    prop_assert_eq!(written.metadata, metadata);
                }
                Err(error) => {
                    let member = error.member.split(['[', '.']).next().unwrap_or_default();
                    // A rule may speak of a member by what it leaves out.
                    let is_known = document.get(member).is_some()
                        || ["grant_types", "redirect_uris", "token_endpoint_auth_method", "subject_type"].contains(&member)
                        || member.ends_with("_alg") || member.ends_with("_enc");
                    prop_assert!(is_known && !error.reason.is_empty(), "{}: {}", document, error);
                }
            }
        }

        /// The same for a document that is none.
        #[test]
        fn anything_that_is_no_object_is_refused(text in "\\PC{0,12}", number in any::<i64>()) {
            for value in [json!(text), json!(number), json!([number]), Value::Null] {
                prop_assert!(new_registration(value).unwrap_err().member.is_empty());
            }
        }
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
