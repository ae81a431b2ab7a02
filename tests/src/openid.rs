//! A relying party built on the `openidconnect` crate: discovery, the code flow with PKCE, the ID
//! token's signature and claims, userinfo, refresh. What it accepts, others do.

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreClientRegistrationRequest, CoreGrantType,
    CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::registration::{ClientRegistrationError, EmptyAdditionalClientMetadata};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClientContactEmail, ClientId, ClientName, ClientSecret,
    CsrfToken, HttpRequest, HttpResponse, IssuerUrl, LanguageTag, LocalizedClaim, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, RedirectUrl, Scope, TokenResponse,
};
use reqwest::Client;

use crate::http::{Left, http_client};
use crate::server::Client as Registered;

/// What the library concluded.
#[derive(Debug)]
pub struct LoginWithOpenidconnect {
    /// `sub` of the verified ID token.
    pub subject: String,
    /// Claims of userinfo.
    pub userinfo: CoreUserInfoClaims,
    /// The first access token.
    pub access_token: String,
    /// The access token that the refresh gave.
    pub refreshed_access_token: String,
    /// The refresh token that the refresh gave.
    pub refresh_token: String,
}

/// Logs in as any relying party would; `walk` takes the authorization URL through the pages to
/// the redirect back.
pub async fn login_with_openidconnect(
    issuer: &str,
    client_id: &str,
    client_secret: Option<&str>,
    redirect_uri: &str,
    walk: impl AsyncFnOnce(String) -> Left,
) -> LoginWithOpenidconnect {
    let http = http_client();
    let send = |request: HttpRequest| exchange(http.clone(), request);

    let provider = CoreProviderMetadata::discover_async(IssuerUrl::new(issuer.to_owned()).unwrap(), &send)
        .await
        .unwrap_or_else(|fault| panic!("discovery at {issuer}: {fault:?}"));
    let secret = client_secret.map(|secret| ClientSecret::new(secret.to_owned()));
    let client = CoreClient::from_provider_metadata(provider, ClientId::new(client_id.to_owned()), secret)
        .set_redirect_uri(RedirectUrl::new(redirect_uri.to_owned()).unwrap());

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client.authorize_url(
        CoreAuthenticationFlow::AuthorizationCode,
        CsrfToken::new_random,
        Nonce::new_random,
    );
    for scope in ["profile", "email", "offline_access"] {
        request = request.add_scope(Scope::new(scope.to_owned()));
    }
    let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
    let left = walk(url.to_string()).await;
    assert_eq!(left.get("state"), Some(state.secret().as_str()), "state: {left}");

    let tokens = client
        .exchange_code(AuthorizationCode::new(left.code()))
        .expect("discovery names the token endpoint")
        .set_pkce_verifier(verifier)
        .request_async(&send)
        .await
        .unwrap_or_else(|fault| panic!("redemption: {fault:?}"));
    let id_token = tokens.id_token().expect("an ID token");
    let id_token_verifier = client.id_token_verifier();
    let claims =
        id_token.claims(&id_token_verifier, &nonce).unwrap_or_else(|fault| panic!("ID token: {fault:?}"));
    if let Some(expected) = claims.access_token_hash() {
        let key = id_token.signing_key(&id_token_verifier).unwrap();
        let actual =
            AccessTokenHash::from_token(tokens.access_token(), id_token.signing_alg().unwrap(), key).unwrap();
        assert_eq!(&actual, expected, "at_hash");
    }

    let userinfo: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .expect("discovery names the userinfo endpoint")
        .request_async(&send)
        .await
        .unwrap_or_else(|fault| panic!("userinfo: {fault:?}"));

    let refresh_token = tokens.refresh_token().expect("offline_access gives a refresh token");
    let refreshed = client
        .exchange_refresh_token(refresh_token)
        .expect("discovery names the token endpoint")
        .request_async(&send)
        .await
        .unwrap_or_else(|fault| panic!("refresh: {fault:?}"));
    if let Some(again) = refreshed.id_token() {
        // No nonce has to be in it (OpenID Connect Core 1.0 section 12.2).
        let claims_again =
            again.claims(&id_token_verifier, |_: Option<&Nonce>| Ok(())).expect("the refreshed ID token");
        assert_eq!(claims_again.subject(), claims.subject(), "sub of the refreshed ID token");
        assert_eq!(claims_again.auth_time(), claims.auth_time(), "auth_time of the refreshed ID token");
    }
    LoginWithOpenidconnect {
        subject: claims.subject().to_string(),
        userinfo,
        access_token: tokens.access_token().secret().clone(),
        refreshed_access_token: refreshed.access_token().secret().clone(),
        refresh_token: refreshed.refresh_token().unwrap_or(refresh_token).secret().clone(),
    }
}

/// Registers a confidential client at the address that discovery names, with an initial access token where one is given;
/// or what the library says went wrong.
pub async fn register_with_openidconnect(
    issuer: &str,
    redirect_uri: &str,
    initial_access_token: Option<&str>,
) -> Result<Registered, String> {
    let http = http_client();
    let send = |request: HttpRequest| exchange(http.clone(), request);
    let provider = CoreProviderMetadata::discover_async(IssuerUrl::new(issuer.to_owned()).unwrap(), &send)
        .await
        .unwrap_or_else(|fault| panic!("discovery at {issuer}: {fault:?}"));
    let address = provider.registration_endpoint().expect("discovery names the registration endpoint");
    let redirect_uris = vec![RedirectUrl::new(redirect_uri.to_owned()).unwrap()];
    let mut name = LocalizedClaim::new();
    name.insert(None, ClientName::new("Shop".to_owned()));
    name.insert(Some(LanguageTag::new("de".to_owned())), ClientName::new("Laden".to_owned()));
    let response = CoreClientRegistrationRequest::new(redirect_uris, EmptyAdditionalClientMetadata {})
        .set_initial_access_token(initial_access_token.map(|token| AccessToken::new(token.to_owned())))
        .set_client_name(Some(name.clone()))
        .set_contacts(Some(vec![ClientContactEmail::new("ops@app.example".to_owned())]))
        .set_grant_types(Some(vec![CoreGrantType::AuthorizationCode, CoreGrantType::RefreshToken]))
        .set_token_endpoint_auth_method(Some(CoreClientAuthMethod::ClientSecretBasic))
        .register_async(address, &send)
        .await
        .map_err(|fault| match fault {
            // What it does not take for an error of a registration: anything but a 400.
            ClientRegistrationError::Response(status, body, _) => {
                format!("{status} {}", String::from_utf8_lossy(&body))
            }
            other => other.to_string(),
        })?;
    assert_eq!(response.client_name(), Some(&name), "the names come back");
    assert!(response.registration_access_token().is_some() && response.registration_client_uri().is_some());
    Ok(Registered {
        id: response.client_id().to_string(),
        secret: response.client_secret().map(|secret| secret.secret().clone()),
        registration: serde_json::to_value(&response).unwrap(),
    })
}

async fn exchange(http: Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let (parts, body) = request.into_parts();
    let answer =
        http.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body).send().await?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().await?.to_vec();
    Ok(response)
}
