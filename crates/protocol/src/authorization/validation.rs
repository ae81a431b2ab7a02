//! Every other check of an authorization request, in the order of the specifications.

use super::{AuthorizationRules, Display, PkceRule, ValidatedParams};
use crate::claims::ClaimScopes;
use crate::claims_request::ClaimsRequest;
use crate::client_metadata::{ClientMetadata, GrantType};
use crate::error::{ErrorCode, RequestRefusal};
use crate::language_tag::is_language_tag;
use crate::params::Params;
use crate::pkce::Challenge;
use crate::prompt::Prompt;
use crate::resource::{self, Targets};
use crate::response::{ResponseMode, ResponseType};
use crate::scope::Scope;

/// The most bytes a parameter may have; what is not listed may have 4096.
const CAPS: &[(&str, usize)] =
    &[("nonce", 512), ("login_hint", 512), ("client_id", 255), ("id_token_hint", 16 * 1024)];
const DEFAULT_CAP: usize = 4096;

/// Parameters whose effect is not offered, with the code that says so (OpenID Connect Core section 7.2.1).
const NOT_OFFERED: &[(&str, ErrorCode)] = &[("registration", ErrorCode::RegistrationNotSupported)];

const MOST_LIST_VALUES: usize = 20;

/// Checks the request of a client whose redirect URI is known to be good.
pub fn validate(
    params: &Params,
    client: &ClientMetadata,
    rules: &AuthorizationRules,
) -> Result<ValidatedParams, RequestRefusal> {
    check_shape(params)?;
    let response_type = response_type(params, client, rules)?;
    let response_mode = response_mode(params, response_type)?;
    let scope = scope(params, client)?;
    if response_type.has_id_token() && !scope.wants_openid() {
        return Err(invalid("scope", "openid, because an ID token is asked for", scope.as_str()));
    }
    let nonce = single(params, "nonce")?;
    if response_type.has_id_token() && nonce.is_none() {
        return Err(invalid("nonce", "a nonce, because the ID token travels through the browser", "none"));
    }
    let challenge = challenge(params, client, rules, response_type, &scope, nonce)?;
    let prompt = single(params, "prompt")?.map_or(Ok(Prompt::default()), |text| {
        Prompt::parse(text).map_err(|error| invalid("prompt", error.to_string(), text))
    })?;
    let targets = Targets::read(params)?;
    targets.check_allowed(&client.audience)?;
    let claims = claims(params, &rules.claims)?;
    let acr_values = list(params, "acr_values")?;
    let locales = list(params, "ui_locales")?.into_iter().filter(|tag| is_language_tag(tag));
    Ok(ValidatedParams {
        response_type,
        response_mode,
        state: single(params, "state")?.map(str::to_owned),
        nonce: nonce.map(str::to_owned),
        challenge,
        prompt,
        max_age: max_age(params)?.or(client.default_max_age),
        login_hint: single(params, "login_hint")?.map(str::to_owned),
        acr_values: if acr_values.is_empty() { client.default_acr_values.clone() } else { acr_values },
        ui_locales: locales.collect(),
        display: single(params, "display")?.and_then(Display::from_name),
        audience: targets.audience,
        resource: targets.resource,
        claims_beyond_scope: beyond_scope(&claims, &scope, &rules.claims),
        claims,
        scope,
    })
}

/// The mode an error should travel in, as far as the request can be understood.
pub fn requested_mode(params: &Params) -> Option<ResponseMode> {
    let text = params.single("response_type").ok().flatten();
    let response_type = text.and_then(|text| ResponseType::parse(text).ok());
    let suits = |mode: &ResponseMode| response_type.is_none_or(|response_type| mode.suits(&response_type));
    let named = params.single("response_mode").ok().flatten().and_then(ResponseMode::from_name).filter(suits);
    named.or_else(|| response_type.map(|response_type| ResponseMode::default_for(&response_type)))
}

/// The `state` that an error should carry, when it is one.
pub fn requested_state(params: &Params) -> Option<&str> {
    params.single("state").ok().flatten().filter(|state| state.len() <= cap("state"))
}

fn check_shape(params: &Params) -> Result<(), RequestRefusal> {
    params
        .check_no_repeats(resource::REPEATABLE)
        .map_err(|error| invalid("repeated parameter", "every parameter once", error.to_string()))?;
    if let Some((name, value)) = params.iter().find(|(name, value)| value.len() > cap(name)) {
        let received = format!("{name} of {} bytes", value.len());
        return Err(invalid("parameter length", format!("at most {} bytes", cap(name)), received));
    }
    if single(params, "request")?.is_some() && single(params, "request_uri")?.is_some() {
        return Err(invalid("request", "request or request_uri", "both"));
    }
    for (name, code) in NOT_OFFERED {
        if single(params, name)?.is_some() {
            return Err(RequestRefusal::new(*code, name, "a request without it", *name));
        }
    }
    Ok(())
}

fn response_type(
    params: &Params,
    client: &ClientMetadata,
    rules: &AuthorizationRules,
) -> Result<ResponseType, RequestRefusal> {
    const CHECK: &str = "response_type";
    let text = single(params, CHECK)?.ok_or_else(|| invalid(CHECK, "a response_type", "none"))?;
    let unsupported =
        |expected: String| RequestRefusal::new(ErrorCode::UnsupportedResponseType, CHECK, expected, text);
    let response_type = ResponseType::parse(text).map_err(|error| unsupported(error.to_string()))?;
    if !rules.response_types.contains(&response_type) {
        return Err(unsupported(one_of(&rules.response_types)).because_of("clients.response_types"));
    }
    if !client.allows_response_type(response_type)
        || response_type.has_code() && !client.allows_grant(GrantType::AuthorizationCode)
    {
        let expected = one_of(&client.response_types);
        return Err(RequestRefusal::new(ErrorCode::UnauthorizedClient, CHECK, expected, text)
            .because_of("the client's response_types"));
    }
    Ok(response_type)
}

fn response_mode(params: &Params, response_type: ResponseType) -> Result<ResponseMode, RequestRefusal> {
    const CHECK: &str = "response_mode";
    let Some(name) = single(params, CHECK)? else {
        return Ok(ResponseMode::default_for(&response_type));
    };
    let mode =
        ResponseMode::from_name(name).ok_or_else(|| invalid(CHECK, one_of(ResponseMode::ALL), name))?;
    if mode.suits(&response_type) {
        Ok(mode)
    } else {
        Err(invalid(CHECK, "fragment or form_post for tokens", name))
    }
}

fn scope(params: &Params, client: &ClientMetadata) -> Result<Scope, RequestRefusal> {
    let text = single(params, "scope")?.unwrap_or_default();
    let refused = |expected: String, received: &str| {
        RequestRefusal::new(ErrorCode::InvalidScope, "scope", expected, received)
    };
    let scope = Scope::parse(text).map_err(|error| refused(error.to_string(), text))?;
    match scope.first_outside(&client.scope) {
        None => Ok(scope),
        Some(value) => {
            let expected = format!("a part of the client's scope: {}", client.scope);
            Err(refused(expected, value).because_of("the client's scope"))
        }
    }
}

fn challenge(
    params: &Params,
    client: &ClientMetadata,
    rules: &AuthorizationRules,
    response_type: ResponseType,
    scope: &Scope,
    nonce: Option<&str>,
) -> Result<Option<Challenge>, RequestRefusal> {
    const CHECK: &str = "code_challenge";
    let method = params
        .contains("code_challenge_method")
        .then(|| single(params, "code_challenge_method"))
        .transpose()?;
    // A method sent without a value is no S256 either: `plain` must not slip in as "absent".
    let method = method.map(Option::unwrap_or_default);
    let challenge = single(params, CHECK)?;
    let received = method.unwrap_or("no method");
    let method = method.filter(|method| !method.is_empty() || challenge.is_some());
    let challenge =
        Challenge::parse(challenge, method).map_err(|error| invalid(CHECK, error.to_string(), received))?;
    if challenge.is_some() || !response_type.has_code() {
        return Ok(challenge);
    }
    if client.is_public() {
        return Err(invalid(CHECK, "PKCE with S256, because the client is public", "none"));
    }
    let excused = match rules.pkce {
        PkceRule::Always => false,
        PkceRule::Nonce => scope.wants_openid() && nonce.is_some(),
        PkceRule::Public => true,
    };
    if excused {
        return Ok(None);
    }
    let expected = match rules.pkce {
        PkceRule::Nonce => "PKCE with S256, or openid with a nonce",
        PkceRule::Always | PkceRule::Public => "PKCE with S256",
    };
    Err(invalid(CHECK, expected, "none").because_of("clients.pkce"))
}

fn max_age(params: &Params) -> Result<Option<i64>, RequestRefusal> {
    let Some(text) = single(params, "max_age")? else {
        return Ok(None);
    };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    // A century is as good as forever, and leaves room for every sum.
    let age = text.parse::<i64>().ok().filter(|age| digits && *age <= 4_000_000_000);
    age.map(Some).ok_or_else(|| invalid("max_age", "a number of seconds", text))
}

fn claims(params: &Params, known: &ClaimScopes) -> Result<ClaimsRequest, RequestRefusal> {
    const CHECK: &str = "claims";
    let claims = match single(params, CHECK)? {
        None => ClaimsRequest::default(),
        Some(text) => ClaimsRequest::parse(text, known).map_err(|error| {
            invalid(CHECK, error.to_string(), format!("{} bytes of something else", text.len()))
        })?,
    };
    Ok(match single(params, "claims_locales")? {
        None => claims,
        Some(locales) => claims.in_languages(locales),
    })
}

/// The claims that are asked for one by one and not by any scope.
fn beyond_scope(claims: &ClaimsRequest, scope: &Scope, known: &ClaimScopes) -> Vec<String> {
    let released = known.released_by(scope);
    claims.names().into_iter().filter(|claim| !released.contains(claim)).map(str::to_owned).collect()
}

fn list(params: &Params, name: &'static str) -> Result<Vec<String>, RequestRefusal> {
    let text = single(params, name)?.unwrap_or_default();
    let values: Vec<_> = text.split(' ').filter(|value| !value.is_empty()).map(str::to_owned).collect();
    if values.len() > MOST_LIST_VALUES {
        let received = format!("{} values", values.len());
        return Err(invalid(name, format!("at most {MOST_LIST_VALUES} values"), received));
    }
    Ok(values)
}

fn single<'a>(params: &'a Params, name: &'static str) -> Result<Option<&'a str>, RequestRefusal> {
    params.single(name).map_err(|error| invalid(name, "the parameter once", error.to_string()))
}

fn cap(name: &str) -> usize {
    CAPS.iter().find(|(own, _)| *own == name).map_or(DEFAULT_CAP, |(_, cap)| *cap)
}

fn one_of<T: std::fmt::Display>(values: &[T]) -> String {
    let names: Vec<_> = values.iter().map(ToString::to_string).collect();
    format!("one of: {}", names.join(", "))
}

fn invalid(check: &'static str, expected: impl Into<String>, received: impl Into<String>) -> RequestRefusal {
    RequestRefusal::new(ErrorCode::InvalidRequest, check, expected, received)
}

#[cfg(test)]
#[path = "validation_tests.rs"]
mod tests;
