//! Which algorithms a client may name (OpenID Connect Dynamic Client Registration section 2), and what they presuppose:
//! a secret for HMAC and `dir`, keys of the client for every other encryption.

use super::{
    ClientAuthMethod, ClientMetadata, ContentEncryptionAlgorithm, KeyManagementAlgorithm, SigningAlgorithm,
};

impl SigningAlgorithm {
    /// What client assertions may be signed with, as discovery lists it: everything but `none`.
    pub fn of_assertions() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|algorithm| *algorithm != Self::Unsigned)
    }

    /// Whether this signs with a private key, so that everybody who has the public one can verify it.
    pub const fn is_asymmetric(self) -> bool {
        match self {
            Self::RS256 | Self::PS256 | Self::ES256 | Self::EdDSA => true,
            Self::HS256 | Self::Unsigned => false,
        }
    }
}

impl ClientMetadata {
    /// Whether the client's secret itself is needed, where a hash of it is enough for the others: it is the key of HMACs
    /// and of encryption.
    pub fn needs_recoverable_secret(&self) -> bool {
        let signing = [
            Some(self.id_token_signed_response_alg),
            self.userinfo_signed_response_alg,
            self.request_object_signing_alg,
        ];
        let encryption = [
            self.id_token_encrypted_response_alg,
            self.userinfo_encrypted_response_alg,
            self.request_object_encryption_alg,
        ];
        self.token_endpoint_auth_method == ClientAuthMethod::SecretJwt
            || signing.contains(&Some(SigningAlgorithm::HS256))
            || encryption.contains(&Some(KeyManagementAlgorithm::Direct))
    }

    /// The fewest bytes that a chosen secret of this client may have: HMAC SHA-256 wants a key as long as its hash
    /// (RFC 7518 section 3.2).
    pub fn least_secret(&self) -> usize {
        if self.needs_recoverable_secret() { 32 } else { 1 }
    }

    /// Whether the client may sign its assertions so: as `token_endpoint_auth_signing_alg` says, or, where it says nothing,
    /// in any way that its method has.
    pub fn accepts_assertion(&self, algorithm: SigningAlgorithm) -> bool {
        let fits = match self.token_endpoint_auth_method {
            ClientAuthMethod::SecretJwt => algorithm == SigningAlgorithm::HS256,
            ClientAuthMethod::PrivateKeyJwt => algorithm.is_asymmetric(),
            ClientAuthMethod::Basic | ClientAuthMethod::Post | ClientAuthMethod::None => false,
        };
        fits && self.token_endpoint_auth_signing_alg.is_none_or(|registered| registered == algorithm)
    }

    /// Whether the client names `none` anywhere, which the operator has to allow (`clients.allow_unsigned`).
    pub fn unsigned_member(&self) -> Option<&'static str> {
        let unsigned = Some(SigningAlgorithm::Unsigned);
        [
            ("id_token_signed_response_alg", Some(self.id_token_signed_response_alg)),
            ("userinfo_signed_response_alg", self.userinfo_signed_response_alg),
            ("request_object_signing_alg", self.request_object_signing_alg),
        ]
        .into_iter()
        .find_map(|(member, algorithm)| (algorithm == unsigned).then_some(member))
    }

    /// The content encryption of a client that names only how its key travels.
    pub(super) fn fill_content_encryption(&mut self) {
        for (algorithm, encryption) in [
            (self.id_token_encrypted_response_alg, &mut self.id_token_encrypted_response_enc),
            (self.userinfo_encrypted_response_alg, &mut self.userinfo_encrypted_response_enc),
            (self.request_object_encryption_alg, &mut self.request_object_encryption_enc),
        ] {
            if algorithm.is_some() && encryption.is_none() {
                *encryption = Some(ContentEncryptionAlgorithm::A128CbcHs256);
            }
        }
    }

    fn has_keys(&self) -> bool {
        self.jwks.is_some() || self.jwks_uri.is_some()
    }
}

pub(super) fn authentication_keys(client: &ClientMetadata) -> Result<(), String> {
    if client.token_endpoint_auth_method == ClientAuthMethod::PrivateKeyJwt && !client.has_keys() {
        return Err("private_key_jwt needs jwks or jwks_uri".to_owned());
    }
    Ok(())
}

pub(super) fn authentication_signature(client: &ClientMetadata) -> Result<(), String> {
    let Some(algorithm) = client.token_endpoint_auth_signing_alg else {
        return Ok(());
    };
    let fits = match client.token_endpoint_auth_method {
        ClientAuthMethod::SecretJwt => algorithm == SigningAlgorithm::HS256,
        ClientAuthMethod::PrivateKeyJwt => algorithm.is_asymmetric(),
        ClientAuthMethod::Basic | ClientAuthMethod::Post | ClientAuthMethod::None => {
            algorithm != SigningAlgorithm::Unsigned
        }
    };
    if fits { Ok(()) } else { Err(format!("{algorithm} is not for {}", client.token_endpoint_auth_method)) }
}

/// OpenID Connect Dynamic Client Registration section 2: `none` only when no ID token passes through the browser.
pub(super) fn id_token_signature(client: &ClientMetadata) -> Result<(), String> {
    let in_browser = client.response_types.iter().any(|asked| asked.has_id_token());
    if client.id_token_signed_response_alg == SigningAlgorithm::Unsigned && in_browser {
        return Err("none is only for clients whose response types have no id_token".to_owned());
    }
    signature(client, Some(client.id_token_signed_response_alg))
}

pub(super) fn signature(client: &ClientMetadata, algorithm: Option<SigningAlgorithm>) -> Result<(), String> {
    if algorithm == Some(SigningAlgorithm::HS256) && !client.has_secret() {
        return Err("HS256 needs a client that authenticates with a secret".to_owned());
    }
    Ok(())
}

/// What we encrypt for the client, with a key of its own or with its secret.
pub(super) fn encryption(
    client: &ClientMetadata,
    algorithm: Option<KeyManagementAlgorithm>,
) -> Result<(), String> {
    match algorithm {
        None => Ok(()),
        Some(KeyManagementAlgorithm::Direct) => request_encryption(client, algorithm),
        Some(
            KeyManagementAlgorithm::RsaOaep256
            | KeyManagementAlgorithm::EcdhEs
            | KeyManagementAlgorithm::EcdhEsA128Kw
            | KeyManagementAlgorithm::EcdhEsA192Kw
            | KeyManagementAlgorithm::EcdhEsA256Kw,
        ) if client.has_keys() => Ok(()),
        Some(algorithm) => Err(format!("{algorithm} needs jwks or jwks_uri")),
    }
}

/// What the client encrypts for us: with our key, which needs nothing of its own, or with its secret.
pub(super) fn request_encryption(
    client: &ClientMetadata,
    algorithm: Option<KeyManagementAlgorithm>,
) -> Result<(), String> {
    if algorithm == Some(KeyManagementAlgorithm::Direct) && !client.has_secret() {
        return Err("dir needs a client that authenticates with a secret".to_owned());
    }
    Ok(())
}

/// A content encryption is nothing by itself (section 2: `alg` is required with `enc`).
pub(super) fn content_encryption(
    algorithm: Option<KeyManagementAlgorithm>,
    encryption: Option<ContentEncryptionAlgorithm>,
) -> Result<(), String> {
    if encryption.is_some() && algorithm.is_none() {
        return Err("needs the alg that belongs to it".to_owned());
    }
    Ok(())
}
