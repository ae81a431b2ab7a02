//! From a metadata file and options of the command line to valid client metadata.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use grantor_crypto::Secret;
use grantor_protocol::ClientMetadata;
use serde_json::{Map, Value, json};

use super::members_of;
use crate::failure::Failure;
use crate::output::warn;

/// What a registration answer says beside the metadata; exported clients carry it, and it is no mistake there.
const NOT_METADATA: &[&str] = &[
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "previous_client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
    "created_at",
    "updated_at",
];

/// Options that name metadata (RFC 7591 section 2).
#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "the comments are the help, which shows backticks as they are")]
pub(crate) struct MetadataArguments {
    /// The name users see
    #[arg(long)]
    name: Option<String>,
    /// Where answers go (repeatable)
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Where a logout may end (repeatable)
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Vec<String>,
    /// How it gets tokens: authorization_code, refresh_token, client_credentials (repeatable)
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    grant_type: Vec<String>,
    /// What it may ask of the authorization endpoint, such as code (repeatable)
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    response_type: Vec<String>,
    /// The scope it may ask for (repeatable, or separated by spaces)
    #[arg(long)]
    scope: Vec<String>,
    /// How it proves who it is: client_secret_basic, client_secret_post, none
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    /// Its public keys: a JSON Web Key Set, or the name of a file that holds one
    #[arg(long, value_name = "JWKS")]
    jwks: Option<String>,
    /// Any other member, such as backchannel_logout_uri=ADDRESS; null takes it away (repeatable)
    #[arg(long, value_name = "MEMBER=VALUE", value_parser = member)]
    set: Vec<(String, Value)>,
    /// A file with its metadata as RFC 7591 and Ory Hydra name it (JSON); what other options say wins over it
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
}

/// What was read: metadata, and what a file may say of the client beside it.
pub(super) struct Document {
    pub(super) metadata: ClientMetadata,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret>,
}

impl MetadataArguments {
    /// The metadata these options mean: over the file's, or else over what the client has, or else over the defaults.
    pub(super) fn document(self, present: Option<&ClientMetadata>) -> Result<Document, Failure> {
        let mut members = match &self.metadata {
            Some(path) => {
                let name = path.display();
                let text = fs::read_to_string(path)
                    .map_err(|error| Failure::new(format!("--metadata: {name}: {error}")))?;
                let document = serde_json::from_str(&text);
                document.map_err(|error| {
                    Failure::new(format!("--metadata: {name} is not a JSON object: {error}"))
                })?
            }
            None => present.map(members_of).unwrap_or_default(),
        };
        self.lay_over(&mut members)?;
        let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (client_id, client_secret) =
            (text("client_id").map(str::to_owned), text("client_secret").map(Secret::from));
        let metadata = ClientMetadata::from_json(Value::Object(members.clone()))
            .map_err(|error| Failure::new(format!("the client's metadata: {error}")))?;
        for name in ignored(&members, &metadata) {
            warn(&format!("the member {name} is not known and was left out"));
        }
        Ok(Document { metadata, client_id, client_secret })
    }

    fn lay_over(self, members: &mut Map<String, Value>) -> Result<(), Failure> {
        let jwks = self.jwks.as_deref().map(read_jwks).transpose()?;
        let scope = (!self.scope.is_empty()).then(|| json!(self.scope.join(" ")));
        let list = |values: Vec<String>| (!values.is_empty()).then(|| json!(values));
        let given = [
            ("client_name", self.name.map(Value::String)),
            ("redirect_uris", list(self.redirect_uri)),
            ("post_logout_redirect_uris", list(self.post_logout_redirect_uri)),
            ("grant_types", list(self.grant_type)),
            ("response_types", list(self.response_type)),
            ("scope", scope),
            ("token_endpoint_auth_method", self.auth_method.map(Value::String)),
            ("jwks", jwks),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                members.insert(name.to_owned(), value);
            }
        }
        for (name, value) in self.set {
            if value.is_null() {
                members.shift_remove(&name);
            } else {
                members.insert(name, value);
            }
        }
        Ok(())
    }
}

/// A value is JSON, or else text: who sets an address need not quote it.
fn member(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as MEMBER=VALUE")?;
    if NOT_METADATA.contains(&name) {
        return Err(format!("{name} is no metadata and cannot be set here"));
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}

fn read_jwks(argument: &str) -> Result<Value, Failure> {
    let text = if argument.trim_start().starts_with('{') {
        argument.to_owned()
    } else {
        fs::read_to_string(argument).map_err(|error| Failure::new(format!("--jwks: {argument}: {error}")))?
    };
    serde_json::from_str(&text).map_err(|error| Failure::new(format!("--jwks: not JSON: {error}")))
}

/// Members that say something and did not arrive, which RFC 7591 section 2 permits and an operator wants to know.
fn ignored(members: &Map<String, Value>, metadata: &ClientMetadata) -> Vec<String> {
    let kept = members_of(metadata);
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    let ignored = members.iter().filter(|(name, value)| !is_empty(value) && !kept.contains_key(*name));
    ignored.map(|(name, _)| name.clone()).filter(|name| !NOT_METADATA.contains(&name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use grantor_protocol::{ClientAuthMethod, GrantType};

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        metadata: MetadataArguments,
    }

    fn document(arguments: &[&str], present: Option<&ClientMetadata>) -> Result<Document, Failure> {
        Line::parse_from(std::iter::once(&"test").chain(arguments)).metadata.document(present)
    }

    #[test]
    fn a_client_that_says_only_its_redirect_gets_the_defaults_of_rfc_7591() {
        let metadata = document(&["--redirect-uri", "https://a.example/cb"], None).unwrap().metadata;
        assert_eq!(metadata.redirect_uris, ["https://a.example/cb"]);
        assert_eq!(metadata.grant_types, [GrantType::AuthorizationCode]);
        assert_eq!(metadata.token_endpoint_auth_method, ClientAuthMethod::Basic);
        assert_eq!(metadata.scope.to_string(), "openid offline_access profile email");
    }

    #[test]
    fn lists_may_be_repeated_and_scopes_be_separated_by_spaces() {
        let line = "--redirect-uri https://a.example/1 --redirect-uri https://a.example/2 \
                    --grant-type authorization_code,refresh_token --grant-type client_credentials \
                    --auth-method client_secret_post --name A --scope openid --scope";
        let mut arguments: Vec<_> = line.split_whitespace().collect();
        arguments.push("email profile");
        let metadata = document(&arguments, None).unwrap().metadata;
        assert_eq!(metadata.redirect_uris.len(), 2);
        assert_eq!(metadata.grant_types.len(), 3);
        assert_eq!(metadata.scope.to_string(), "openid email profile");
        assert_eq!(metadata.client_name.as_deref(), Some("A"));
    }

    #[test]
    fn options_go_before_the_file_and_the_file_before_what_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("client.json");
        let text = r#"{"client_id": "app", "client_secret": "s3cret", "client_name": "File", "skip_consent": true,
                       "redirect_uris": ["https://a.example/cb"], "owner": null}"#;
        fs::write(&path, text).unwrap();
        let file = path.to_str().unwrap();
        let present =
            ClientMetadata { client_uri: Some("https://a.example".to_owned()), ..ClientMetadata::default() };
        let read = document(&["--metadata", file, "--name", "Option"], Some(&present)).unwrap();
        assert_eq!(read.metadata.client_name.as_deref(), Some("Option"));
        assert!(read.metadata.skip_consent && read.metadata.client_uri.is_none());
        assert_eq!(
            (read.client_id.as_deref(), read.client_secret),
            (Some("app"), Some(Secret::from("s3cret")))
        );

        let present = read.metadata;
        let changed = document(&["--name", "New"], Some(&present)).unwrap().metadata;
        assert_eq!(changed, ClientMetadata { client_name: Some("New".to_owned()), ..present });
    }

    #[test]
    fn every_member_can_be_set_and_taken_away_alone() {
        let arguments = [
            "--redirect-uri",
            "https://a.example/cb",
            "--set",
            "skip_consent=true",
            "--set",
            "client_uri=https://a.example",
            "--set",
            "contacts=[\"ops@a.example\"]",
        ];
        let metadata = document(&arguments, None).unwrap().metadata;
        assert!(metadata.skip_consent);
        assert_eq!(metadata.client_uri.as_deref(), Some("https://a.example"));
        let changed = document(&["--set", "client_uri=null"], Some(&metadata)).unwrap().metadata;
        assert_eq!(changed, ClientMetadata { client_uri: None, ..metadata });
        for wrong in ["client_uri", "client_secret=x", "client_id=x"] {
            assert!(Line::try_parse_from(["test", "--set", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn wrong_metadata_is_refused_with_its_member() {
        let wrong: [&[&str]; 4] = [
            &["--redirect-uri", "/relative"],
            &["--grant-type", "password"],
            &["--jwks", "/nonexistent"],
            &["--metadata", "/nonexistent"],
        ];
        for arguments in wrong {
            assert!(document(arguments, None).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn members_that_are_not_known_are_noticed() {
        let members =
            json!({ "client_name": "A", "contacts": [], "shoe_size": 42, "client_id": "x", "owner": "" });
        let Value::Object(members) = members else { panic!("not an object") };
        assert_eq!(
            ignored(&members, &ClientMetadata { client_name: Some("A".into()), ..ClientMetadata::default() }),
            ["shoe_size"]
        );
    }
}
