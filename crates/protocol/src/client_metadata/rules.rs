//! What each member of client metadata must be, beyond its type. The first broken row is reported.

use url::Url;

use super::algorithms::{
    authentication_keys, authentication_signature, content_encryption, encryption, id_token_signature,
    request_encryption, signature,
};
use super::{ApplicationType, ClientMetadata, GrantType, SubjectType};
use crate::authorization::CONSENT_TO_CLAIM;
use crate::redirect_uri::{RedirectUri, is_loopback_host, is_uri_text};
use crate::resource;

type Rule = fn(&ClientMetadata) -> Result<(), String>;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("client_name", |client| client.client_name.as_deref().map_or(Ok(()), name)),
    ("redirect_uris", |client| redirects(client, &client.redirect_uris)),
    ("redirect_uris", redirect_for_the_answer),
    ("redirect_uris", redirect_for_tokens),
    ("post_logout_redirect_uris", |client| redirects(client, &client.post_logout_redirect_uris)),
    ("grant_types", grants_agree),
    ("scope", no_consent_to_claims),
    ("response_types", |client| at_most(client.response_types.len(), 20)),
    ("jwks", |client| client.jwks.as_ref().map_or(Ok(()), super::keys::check)),
    ("jwks_uri", |client| {
        if client.jwks.is_some() && client.jwks_uri.is_some() {
            return Err("jwks and jwks_uri must not both be sent".to_owned());
        }
        optional(client.jwks_uri.as_ref(), fetched_uri)
    }),
    ("token_endpoint_auth_method", authentication_keys),
    ("token_endpoint_auth_signing_alg", authentication_signature),
    ("id_token_signed_response_alg", id_token_signature),
    ("userinfo_signed_response_alg", |client| signature(client, client.userinfo_signed_response_alg)),
    ("request_object_signing_alg", |client| signature(client, client.request_object_signing_alg)),
    ("id_token_encrypted_response_alg", |client| encryption(client, client.id_token_encrypted_response_alg)),
    ("userinfo_encrypted_response_alg", |client| encryption(client, client.userinfo_encrypted_response_alg)),
    ("request_object_encryption_alg", |client| {
        request_encryption(client, client.request_object_encryption_alg)
    }),
    ("id_token_encrypted_response_enc", |client| {
        content_encryption(client.id_token_encrypted_response_alg, client.id_token_encrypted_response_enc)
    }),
    ("userinfo_encrypted_response_enc", |client| {
        content_encryption(client.userinfo_encrypted_response_alg, client.userinfo_encrypted_response_enc)
    }),
    ("request_object_encryption_enc", |client| {
        content_encryption(client.request_object_encryption_alg, client.request_object_encryption_enc)
    }),
    ("contacts", |client| texts(&client.contacts, 20)),
    ("logo_uri", |client| optional(client.logo_uri.as_ref(), web_page)),
    ("client_uri", |client| optional(client.client_uri.as_ref(), web_page)),
    ("policy_uri", |client| optional(client.policy_uri.as_ref(), web_page)),
    ("tos_uri", |client| optional(client.tos_uri.as_ref(), web_page)),
    ("sector_identifier_uri", |client| optional(client.sector_identifier_uri.as_ref(), https)),
    ("subject_type", one_sector),
    ("default_max_age", |client| match client.default_max_age {
        Some(age) if age < 0 => Err("must be a number of seconds, 0 or more".to_owned()),
        _ => Ok(()),
    }),
    ("default_acr_values", |client| texts(&client.default_acr_values, 20)),
    ("initiate_login_uri", |client| optional(client.initiate_login_uri.as_ref(), https)),
    ("request_uris", |client| each(&client.request_uris, 50, request_uri)),
    ("frontchannel_logout_uri", frontchannel_logout),
    ("backchannel_logout_uri", |client| optional(client.backchannel_logout_uri.as_ref(), fetched_uri)),
    ("audience", |client| {
        each(&client.audience, 50, |audience| {
            if resource::is_audience(audience) {
                Ok(())
            } else {
                Err("must be printable ASCII without spaces".to_owned())
            }
        })
    }),
    ("software_id", |client| optional(client.software_id.as_ref(), short_text)),
    ("software_version", |client| optional(client.software_version.as_ref(), short_text)),
    ("allowed_cors_origins", |client| each(&client.allowed_cors_origins, 50, origin)),
];

/// Shown to users: hostile names must not reorder or hide the text around them.
pub(super) fn name(text: &str) -> Result<(), String> {
    let reorders = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if text.chars().count() > 200 || text.chars().any(reorders) {
        return Err("must have at most 200 characters, none of them invisible or reordering".to_owned());
    }
    Ok(())
}

fn redirects(client: &ClientMetadata, uris: &[String]) -> Result<(), String> {
    each(uris, 50, |uri| {
        RedirectUri::register(uri, client.application_type).map(|_| ()).map_err(|error| error.to_string())
    })
}

fn redirect_for_the_answer(client: &ClientMetadata) -> Result<(), String> {
    if client.redirect_uris.is_empty() && !client.response_types.is_empty() {
        return Err("the authorization endpoint needs at least one redirect URI to answer to".to_owned());
    }
    Ok(())
}

/// OpenID Connect Dynamic Client Registration section 2 (`application_type`): tokens for a web client travel over https, and
/// not to whatever runs on the user's machine.
fn redirect_for_tokens(client: &ClientMetadata) -> Result<(), String> {
    let is_safe = |uri: &String| {
        Url::parse(uri).is_ok_and(|url| {
            url.scheme() == "https" && url.host_str().is_some_and(|host| !is_loopback_host(host))
        })
    };
    let is_web = client.application_type == ApplicationType::Web;
    if is_web && client.allows_grant(GrantType::Implicit) && !client.redirect_uris.iter().all(is_safe) {
        return Err("must be https, and not on localhost, for a web client of the implicit grant".to_owned());
    }
    Ok(())
}

/// A value of that form stands for consent to one claim, and is nobody's to ask for.
fn no_consent_to_claims(client: &ClientMetadata) -> Result<(), String> {
    match client.scope.iter().find(|value| value.starts_with(CONSENT_TO_CLAIM)) {
        Some(value) => Err(format!("\"{value}\": scopes must not begin with {CONSENT_TO_CLAIM}")),
        None => Ok(()),
    }
}

/// OpenID Connect Core section 8.1: without a document that joins them, the redirect URIs must have one host.
fn one_sector(client: &ClientMetadata) -> Result<(), String> {
    match client.subject_type {
        SubjectType::Pairwise if client.sector().is_none() => {
            Err("pairwise needs a sector_identifier_uri, or https redirect URIs that all have the same host"
                .to_owned())
        }
        SubjectType::Pairwise | SubjectType::Public => Ok(()),
    }
}

fn grants_agree(client: &ClientMetadata) -> Result<(), String> {
    let asks_code = client.response_types.iter().any(|response_type| response_type.has_code());
    if asks_code != client.allows_grant(GrantType::AuthorizationCode) {
        return Err("authorization_code belongs to response types with code, and they to it".to_owned());
    }
    let asks_tokens =
        client.response_types.iter().any(|response_type| response_type.has_front_channel_token());
    if asks_tokens && !client.allows_grant(GrantType::Implicit) {
        return Err("response types with id_token or token need the implicit grant".to_owned());
    }
    if client.is_public() && client.allows_grant(GrantType::ClientCredentials) {
        return Err("client_credentials needs a client that authenticates".to_owned());
    }
    Ok(())
}

/// Front-Channel Logout section 2: on the scheme, host and port of a redirect URI.
fn frontchannel_logout(client: &ClientMetadata) -> Result<(), String> {
    let Some(uri) = &client.frontchannel_logout_uri else {
        return Ok(());
    };
    let origin = url(uri)?.origin().ascii_serialization();
    let own = client
        .registered(&client.redirect_uris)
        .any(|redirect| redirect.origin().as_deref() == Some(&origin));
    if own { Ok(()) } else { Err("must have scheme, host and port of a redirect URI".to_owned()) }
}

fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| text.len() <= 2048 && is_uri_text(text) && url.has_host());
    match url {
        Some(url) if url.username().is_empty() && url.password().is_none() && url.fragment().is_none() => {
            Ok(url)
        }
        _ => Err("must be an absolute URL without user name and fragment".to_owned()),
    }
}

/// Offered to users as a link or an image.
pub(super) fn web_page(text: &str) -> Result<(), String> {
    let text = text.split('#').next().unwrap_or(text);
    if matches!(url(text)?.scheme(), "https" | "http") {
        Ok(())
    } else {
        Err("must be an http or https URL".to_owned())
    }
}

/// Called by this server; plain http only on this machine, for development.
fn fetched_uri(text: &str) -> Result<(), String> {
    let url = url(text)?;
    if url.scheme() == "https" || url.scheme() == "http" && url.host_str().is_some_and(is_loopback_host) {
        Ok(())
    } else {
        Err("must be an https URL".to_owned())
    }
}

fn https(text: &str) -> Result<(), String> {
    if url(text)?.scheme() == "https" { Ok(()) } else { Err("must be an https URL".to_owned()) }
}

/// OpenID Connect Core section 6.2: at most 512 characters; the fragment may carry a hash.
fn request_uri(text: &str) -> Result<(), String> {
    if text.len() > 512 {
        return Err("must have at most 512 characters".to_owned());
    }
    fetched_uri(text.split('#').next().unwrap_or(text))
}

fn origin(text: &str) -> Result<(), String> {
    let url = url(text)?;
    if matches!(url.scheme(), "https" | "http") && url.origin().ascii_serialization() == text {
        Ok(())
    } else {
        Err("must be an origin such as https://app.example".to_owned())
    }
}

fn optional(value: Option<&String>, check: fn(&str) -> Result<(), String>) -> Result<(), String> {
    value.map_or(Ok(()), |text| check(text))
}

fn each(values: &[String], most: usize, check: impl Fn(&str) -> Result<(), String>) -> Result<(), String> {
    at_most(values.len(), most)?;
    values.iter().try_for_each(|value| check(value).map_err(|reason| format!("{value:?}: {reason}")))
}

fn texts(values: &[String], most: usize) -> Result<(), String> {
    each(values, most, short_text)
}

fn short_text(text: &str) -> Result<(), String> {
    let shown = !text.is_empty() && text.len() <= 255 && !text.chars().any(char::is_control);
    if shown { Ok(()) } else { Err("must be 1 to 255 bytes of text".to_owned()) }
}

pub(super) fn at_most(count: usize, most: usize) -> Result<(), String> {
    if count <= most { Ok(()) } else { Err(format!("must have at most {most} entries")) }
}
