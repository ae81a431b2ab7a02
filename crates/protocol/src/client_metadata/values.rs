//! The values that members of client metadata may have: closed lists, by the names of the registries.

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, as discovery lists them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that requests and metadata use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value of that name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

names! {
    /// How a client gets tokens (`grant_types`).
    GrantType {
        /// RFC 6749 section 4.1.
        AuthorizationCode = "authorization_code",
        /// RFC 6749 section 4.2, OpenID Connect Core section 3.2: tokens from the authorization endpoint.
        Implicit = "implicit",
        /// RFC 6749 section 6.
        RefreshToken = "refresh_token",
        /// RFC 6749 section 4.4.
        ClientCredentials = "client_credentials",
    }
}

impl GrantType {
    /// What the token endpoint trades for tokens: the implicit grant gives its own with the redirect.
    pub const AT_TOKEN_ENDPOINT: &[Self] =
        &[Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials];
}

names! {
    /// How a client proves who it is (`token_endpoint_auth_method`).
    ClientAuthMethod {
        /// The secret in an `Authorization: Basic` header.
        Basic = "client_secret_basic",
        /// The secret in the body.
        Post = "client_secret_post",
        /// A JWT that the secret authenticates (RFC 7523, OpenID Connect Core section 9).
        SecretJwt = "client_secret_jwt",
        /// A JWT signed with a key of the client (RFC 7523, OpenID Connect Core section 9).
        PrivateKeyJwt = "private_key_jwt",
        /// A public client: it cannot keep a secret.
        None = "none",
    }
}

names! {
    /// Where the client runs; decides which redirect URIs it may have.
    ApplicationType {
        /// On a web server or in a browser.
        Web = "web",
        /// On the user's machine (RFC 8252).
        Native = "native",
    }
}

names! {
    /// How a JWT is signed (RFC 7518 section 3.1). Which of them a member may name is a rule of its own.
    SigningAlgorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256: every relying party can verify it.
        RS256 = "RS256",
        /// RSASSA-PSS with SHA-256.
        PS256 = "PS256",
        /// ECDSA on P-256 with SHA-256.
        ES256 = "ES256",
        /// Ed25519.
        EdDSA = "EdDSA",
        /// HMAC with SHA-256 over the client's secret: for a client that keeps one.
        HS256 = "HS256",
        /// Not at all: only where the operator allows it and nothing passes through the browser.
        Unsigned = "none",
    }
}

names! {
    /// How the content key of an encrypted JWT reaches its reader (RFC 7518 section 4.1).
    KeyManagementAlgorithm {
        /// RSAES OAEP with SHA-256.
        RsaOaep256 = "RSA-OAEP-256",
        /// Elliptic curve Diffie-Hellman, its result used directly.
        EcdhEs = "ECDH-ES",
        /// Elliptic curve Diffie-Hellman, then AES key wrap.
        EcdhEsA128Kw = "ECDH-ES+A128KW",
        /// The same with 192 bits.
        EcdhEsA192Kw = "ECDH-ES+A192KW",
        /// The same with 256 bits.
        EcdhEsA256Kw = "ECDH-ES+A256KW",
        /// A key made of the client's secret (OpenID Connect Core section 10.2).
        Direct = "dir",
    }
}

names! {
    /// How the content of an encrypted JWT is encrypted (RFC 7518 section 5.1).
    ContentEncryptionAlgorithm {
        /// AES-128 in CBC mode with HMAC SHA-256: what is used where nothing is named.
        A128CbcHs256 = "A128CBC-HS256",
        /// AES-192 in CBC mode with HMAC SHA-384.
        A192CbcHs384 = "A192CBC-HS384",
        /// AES-256 in CBC mode with HMAC SHA-512.
        A256CbcHs512 = "A256CBC-HS512",
        /// AES-128 in GCM.
        A128Gcm = "A128GCM",
        /// AES-192 in GCM.
        A192Gcm = "A192GCM",
        /// AES-256 in GCM.
        A256Gcm = "A256GCM",
    }
}

names! {
    /// Who may recognise a user by `sub`.
    SubjectType {
        /// Every client sees the same `sub`.
        Public = "public",
        /// Each sector sees another `sub` (OpenID Connect Core section 8.1).
        Pairwise = "pairwise",
    }
}

names! {
    /// The shape of a client's access tokens.
    AccessTokenStrategy {
        /// Sealed values that only this server reads.
        Opaque = "opaque",
        /// Signed JWTs (RFC 9068).
        Jwt = "jwt",
    }
}

names! {
    /// Whom the assertions of a client must name as their audience.
    AssertionAudience {
        /// The issuer, or the address of an endpoint, alone or in a list (OpenID Connect Core section 9).
        Endpoint = "endpoint",
        /// The issuer alone, as one string (RFC 10070, FAPI 2).
        Issuer = "issuer",
    }
}
