//! A relying party on the `openidconnect` crate, as docs/integrating/rust.md shows it: every request that the crate knows.

use std::error::Error;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreGrantType, CoreIdToken, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalProviderMetadata, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, EndSessionUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet, IntrospectionUrl, IssuerUrl,
    LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadata, RedirectUrl, RefreshToken, RevocationUrl, Scope, SubjectIdentifier, TokenResponse,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::openid::Http;

type Fault = Box<dyn Error>;

// region discover
/// What discovery names beyond what the crate reads.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct Endpoints {
    #[serde(rename = "introspection_endpoint")]
    introspection: IntrospectionUrl,
    #[serde(rename = "revocation_endpoint")]
    revocation: RevocationUrl,
    #[serde(rename = "end_session_endpoint")]
    end_session: EndSessionUrl,
}

impl AdditionalProviderMetadata for Endpoints {}

type Provider = ProviderMetadata<
    Endpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<
    EndpointSet,      // authorization
    EndpointNotSet,   // device authorization
    EndpointSet,      // introspection
    EndpointSet,      // revocation
    EndpointMaybeSet, // token
    EndpointMaybeSet, // userinfo
>;

/// The application, as a relying party.
pub struct Journal {
    client: Client,
    end_session: EndSessionUrl,
    http: Http, // with the crate's feature `reqwest`, a `reqwest::Client` that follows no redirects
}

impl Journal {
    /// Reads what the issuer says of itself, and its keys.
    pub async fn discover(
        http: Http,
        issuer: &str,
        client_id: &str,
        client_secret: Option<&str>,
        redirect_uri: &str,
    ) -> Result<Self, Fault> {
        let provider = Provider::discover_async(IssuerUrl::new(issuer.to_owned())?, &http).await?;
        let also = provider.additional_metadata().clone();
        let secret = client_secret.map(|secret| ClientSecret::new(secret.to_owned()));
        let client =
            CoreClient::from_provider_metadata(provider, ClientId::new(client_id.to_owned()), secret)
                .set_redirect_uri(RedirectUrl::new(redirect_uri.to_owned())?)
                .set_introspection_url(also.introspection)
                .set_revocation_url(also.revocation);
        Ok(Self { client, end_session: also.end_session, http })
    }
    // endregion discover

    // region login
    /// Where to send the browser, and what to remember in its session until it is back.
    pub fn begins(&self) -> (Url, Begun) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let scopes = ["profile", "email", "offline_access"].map(|scope| Scope::new(scope.to_owned()));
        let request = self.client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let (url, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        (url, Begun { state, nonce, verifier })
    }

    /// The user, when the browser is back with a `state` and a `code`.
    pub async fn finishes(&self, begun: Begun, state: &str, code: &str) -> Result<LoggedIn, Fault> {
        if begun.state.secret() != state {
            return Err("this is not the answer to a login of this browser".into());
        }
        let request = self.client.exchange_code(AuthorizationCode::new(code.to_owned()))?;
        let tokens = request.set_pkce_verifier(begun.verifier).request_async(&self.http).await?;
        let id_token = tokens.id_token().ok_or("no ID token")?;
        let verifier = self.client.id_token_verifier();
        let claims = id_token.claims(&verifier, &begun.nonce)?;
        if let Some(expected) = claims.access_token_hash() {
            let (algorithm, key) = (id_token.signing_alg()?, id_token.signing_key(&verifier)?);
            if AccessTokenHash::from_token(tokens.access_token(), algorithm, key)? != *expected {
                return Err("the access token is not the one that the ID token is about".into());
            }
        }
        Ok(LoggedIn { subject: claims.subject().clone(), id_token: id_token.clone(), tokens })
    }

    /// Claims of the user, checked to be of this one.
    pub async fn userinfo(&self, user: &LoggedIn) -> Result<CoreUserInfoClaims, Fault> {
        let token = user.tokens.access_token().clone();
        Ok(self.client.user_info(token, Some(user.subject.clone()))?.request_async(&self.http).await?)
    }
    // endregion login

    // region tokens
    /// New tokens for a refresh token; the refresh token among them takes the place of this one.
    pub async fn refresh(&self, token: &RefreshToken) -> Result<CoreTokenResponse, Fault> {
        Ok(self.client.exchange_refresh_token(token)?.request_async(&self.http).await?)
    }

    /// A token for the application itself.
    pub async fn machine_token(&self, scope: &str) -> Result<AccessToken, Fault> {
        let request = self.client.exchange_client_credentials()?.add_scope(Scope::new(scope.to_owned()));
        Ok(request.request_async(&self.http).await?.access_token().clone())
    }

    /// What an access token is worth, for an API that is sent one.
    pub async fn introspect(&self, token: &AccessToken) -> Result<CoreTokenIntrospectionResponse, Fault> {
        Ok(self.client.introspect(token).request_async(&self.http).await?)
    }

    /// Ends what a refresh token stands for, and every access token of it; over https only.
    pub async fn revoke(&self, token: RefreshToken) -> Result<(), Fault> {
        Ok(self.client.revoke_token(CoreRevocableToken::from(token))?.request_async(&self.http).await?)
    }

    /// Where to send the browser to sign out of the server as well.
    pub fn end_session(&self, user: &LoggedIn, home: &str) -> Result<Url, Fault> {
        let request = LogoutRequest::from(self.end_session.clone()).set_id_token_hint(&user.id_token);
        let home = PostLogoutRedirectUrl::new(home.to_owned())?;
        Ok(request.set_post_logout_redirect_uri(home).http_get_url())
    }
    // endregion tokens

    /// Checks an ID token that came with a refresh, which need not have a nonce (OpenID Connect Core 1.0 section 12.2).
    pub(crate) fn is_still(&self, user: &LoggedIn, refreshed: &CoreTokenResponse) -> Result<bool, Fault> {
        let verifier = self.client.id_token_verifier();
        let no_nonce = |_: Option<&Nonce>| Ok(());
        let Some(id_token) = refreshed.id_token() else { return Ok(true) };
        let before = user.id_token.claims(&verifier, no_nonce)?;
        let after = id_token.claims(&verifier, no_nonce)?;
        Ok(after.subject() == before.subject() && after.auth_time() == before.auth_time())
    }
}

/// What the application remembers of a login that has begun.
#[derive(Debug)]
pub struct Begun {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// A user who logged in.
#[derive(Debug)]
pub struct LoggedIn {
    /// `sub` of the verified ID token.
    pub subject: SubjectIdentifier,
    /// The ID token, for the logout.
    pub id_token: CoreIdToken,
    /// All of the answer.
    pub tokens: CoreTokenResponse,
}
