//! Keycloak's credential of a user, as a realm export has it.

use serde::Deserialize;
use serde_json::Value;

use super::{
    PasswordHash, argon2_phc,
    encoding::{b64, from_b64},
    pbkdf2::{Digest, Pbkdf2},
    refused::HashRefused,
};

const SCHEME: &str = "Keycloak";

/// The export holds two documents as texts within the document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    secret_data: Nested<SecretData>,
    credential_data: Nested<CredentialData>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Nested<T> {
    Text(String),
    Document(T),
}

#[derive(Deserialize)]
struct SecretData {
    value: String,
    salt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    hash_iterations: u32,
    algorithm: String,
    #[serde(default)]
    additional_parameters: serde_json::Map<String, Value>,
}

impl<T: for<'de> Deserialize<'de>> Nested<T> {
    fn read(self) -> Result<T, HashRefused> {
        match self {
            Self::Document(document) => Ok(document),
            Self::Text(text) => serde_json::from_str(&text)
                .map_err(|_| broken("secretData and credentialData must hold what an export has there")),
        }
    }
}

fn broken(reason: &'static str) -> HashRefused {
    HashRefused::Broken { scheme: SCHEME, reason }
}

/// Reads `{"secretData": ..., "credentialData": ...}`.
pub(super) fn read(text: &str) -> Result<PasswordHash, HashRefused> {
    let credential: Credential =
        serde_json::from_str(text).map_err(|_| broken("a credential has secretData and credentialData"))?;
    let (secret, data) = (credential.secret_data.read()?, credential.credential_data.read()?);
    let salt = from_b64(&secret.salt).ok_or(broken("the salt must be base64"))?;
    let hash = from_b64(&secret.value).ok_or(broken("the value must be base64"))?;
    let digest = match data.algorithm.as_str() {
        "pbkdf2" => Digest::Sha1,
        "pbkdf2-sha256" => Digest::Sha256,
        "pbkdf2-sha512" => Digest::Sha512,
        "argon2" => return argon2(&data, &salt, &hash),
        _ => return Err(HashRefused::NotOffered("these Keycloak")),
    };
    Pbkdf2::new(digest, data.hash_iterations, salt, hash).map(PasswordHash::Pbkdf2)
}

/// Its parameters are lists of one text each.
fn argon2(data: &CredentialData, salt: &[u8], hash: &[u8]) -> Result<PasswordHash, HashRefused> {
    let parameter = |name: &str| match data.additional_parameters.get(name) {
        Some(Value::Array(list)) => list.first().and_then(Value::as_str),
        Some(Value::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let number = |name| parameter(name).and_then(|text| text.parse::<u32>().ok());
    let variant = parameter("type").filter(|variant| matches!(*variant, "id" | "i" | "d"));
    let version = match parameter("version") {
        Some("1.0") => Some(16),
        Some("1.3") | None => Some(19),
        Some(_) => None,
    };
    let (Some(variant), Some(version), Some(memory), Some(lanes)) =
        (variant, version, number("memory"), number("parallelism"))
    else {
        return Err(broken("argon2 needs type, memory and parallelism in its additionalParameters"));
    };
    let passes = data.hash_iterations;
    argon2_phc(&format!(
        "$argon2{variant}$v={version}$m={memory},t={passes},p={lanes}${}${}",
        b64(salt),
        b64(hash)
    ))
}
