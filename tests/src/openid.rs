//! What tests ask of the `openidconnect` crate: a login from discovery to refresh, and registration. What it accepts, others
//! do.

use std::pin::Pin;

use openidconnect::core::{
    CoreClientAuthMethod, CoreClientRegistrationRequest, CoreGrantType, CoreProviderMetadata,
    CoreUserInfoClaims,
};
use openidconnect::registration::{ClientRegistrationError, EmptyAdditionalClientMetadata};
use openidconnect::{
    AccessToken, AsyncHttpClient, ClientContactEmail, ClientName, HttpRequest, HttpResponse, IssuerUrl,
    LanguageTag, LocalizedClaim, OAuth2TokenResponse, RedirectUrl,
};
use reqwest::Client;

use crate::http::{Left, http_client};
use crate::journal::Journal;
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
    let journal = Journal::discover(Http(http_client()), issuer, client_id, client_secret, redirect_uri)
        .await
        .unwrap_or_else(|fault| panic!("discovery at {issuer}: {fault:?}"));
    let (url, begun) = journal.begins();
    let left = walk(url.to_string()).await;
    let user = journal
        .finishes(begun, left.get("state").unwrap_or_default(), &left.code())
        .await
        .unwrap_or_else(|fault| panic!("redemption: {fault:?}"));
    let userinfo = journal.userinfo(&user).await.unwrap_or_else(|fault| panic!("userinfo: {fault:?}"));
    let refresh_token = user.tokens.refresh_token().expect("offline_access gives a refresh token");
    let refreshed = journal.refresh(refresh_token).await.unwrap_or_else(|fault| panic!("refresh: {fault:?}"));
    assert!(journal.is_still(&user, &refreshed).expect("the refreshed ID token"), "{refreshed:?}");
    LoginWithOpenidconnect {
        subject: user.subject.to_string(),
        userinfo,
        access_token: user.tokens.access_token().secret().clone(),
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
    let http = Http(http_client());
    let provider = CoreProviderMetadata::discover_async(IssuerUrl::new(issuer.to_owned()).unwrap(), &http)
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
        .register_async(address, &http)
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

/// How the crate sends its requests here. Its own feature would bring another `reqwest` along.
#[derive(Debug, Clone)]
pub struct Http(pub Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(exchange(self.0.clone(), request))
    }
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
