//! Request objects (OpenID Connect Core section 6, RFC 9101): where a request carries one, the parameters that count.
//! What they mean is decided afterwards, as if they had been sent plainly.

use std::time::Duration;

use grantor_crypto::{
    Claims, ContentEncryption, JwsError, KeyManagement, NO_TYP, Protection, UnverifiedJwe, UnverifiedJws,
    base64url, read_unsigned, sha256,
};
use grantor_protocol::request_object::{
    Carried, ObjectReference, ObjectRules, TYP, TYPS, check_absence, check_algorithm, check_object,
    check_reference, effective,
};
use grantor_protocol::{ErrorCode, KeyManagementAlgorithm, Params, SigningAlgorithm};
use zeroize::Zeroizing;

use crate::client_cache::KnownClient;
use crate::error::Failure;
use crate::extract::{Unproved, client_secrets, prove, registered_claims, unreadable, use_once};
use crate::key_ring::key_management;
use crate::outbound::{FetchError, Fetched, Kind, MaxAge, Wanted};
use crate::visit::Visit;

/// What an object is called where its id is remembered.
const KIND: &str = "request object";

/// A document that may be an object. Web pages are none, whoever serves them.
const OBJECT: Wanted = Wanted {
    kind: Kind::Object,
    accept: "application/oauth-authz-req+jwt, application/jwt, text/plain;q=0.5",
    media_types: &[
        "application/oauth-authz-req+jwt",
        "application/jwt",
        "application/jose",
        "application/octet-stream",
        "text/plain",
        "",
    ],
    body_bytes: 32 * 1024,
    max_age: MaxAge::AsServed,
    // A user is waiting (security.md T125).
    time: Some(Duration::from_secs(3)),
};

/// The parameters that count of a request whose client sent `outside`; `None` when they are these.
pub(super) async fn read(
    visit: &Visit,
    client: &KnownClient,
    outside: &Params,
) -> Result<Option<Params>, Failure> {
    let Some(carried) = Carried::read(outside) else {
        check_absence(&client.row.metadata)?;
        return Ok(None);
    };
    // Before any of them can be superseded (RFC 6749 section 3.1).
    outside
        .check_no_repeats(grantor_protocol::resource::REPEATABLE)
        .map_err(|error| unreadable("query", &error))?;
    let token = match &carried {
        Carried::Value(token) => Zeroizing::new(token.clone()),
        Carried::Reference(uri) => Zeroizing::new(fetch(visit, client, uri).await?),
    };
    let token = if is_encrypted(&token) { decrypt(visit, client, &token).await? } else { token };
    let object = open(visit, client, &carried, &token).await?;
    let rules = ObjectRules::of(outside, object.typ.as_deref(), &client.row.metadata);
    check(visit, client, &object.claims, rules).await?;
    Ok(Some(effective(outside, object.claims.members(), rules)?))
}

/// Whether this has the five parts of a JWE (RFC 7516 section 7.1).
fn is_encrypted(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 4
}

/// What is in an encrypted object. Anybody may have encrypted it, so it has to prove itself like one that came plain
/// (security.md T109). A client that registered how it encrypts does so in no other way; `dir` has to be registered, since
/// its key is the client's secret.
async fn decrypt(visit: &Visit, client: &KnownClient, token: &str) -> Result<Zeroizing<String>, Failure> {
    let metadata = &client.row.metadata;
    let undecryptable = |error: grantor_crypto::JweError| {
        invalid("an object that is encrypted for this server", error.to_string())
            .with_setting("request_object_encryption_alg of the client")
    };
    let jwe = UnverifiedJwe::parse(token).map_err(undecryptable)?;
    let encryptions = match metadata.request_object_encryption_enc {
        Some(registered) => registered.name().parse().into_iter().collect(),
        None => ContentEncryption::ALL.to_vec(),
    };
    let algorithms = match metadata.request_object_encryption_alg {
        Some(KeyManagementAlgorithm::Direct) => {
            let mut outcome = Err(invalid("a secret of the client that is kept itself", "only a hash of it")
                .with_setting("`clients rotate-secret`"));
            for secret in client_secrets(&visit.app, visit.now, client).await? {
                outcome = jwe.decrypt_direct(&secret, &encryptions).map_err(undecryptable);
                if outcome.is_ok() {
                    break;
                }
            }
            return outcome;
        }
        Some(registered) => key_management(registered).into_iter().collect(),
        None => KeyManagement::ALL.to_vec(),
    };
    visit.app.keys.decrypt(token, &algorithms, &encryptions, visit.now.ms).await?.map_err(undecryptable)
}

/// An object that the client made, as far as its registration asks for a proof of that.
struct Object {
    typ: Option<String>,
    claims: Claims,
}

async fn open(
    visit: &Visit,
    client: &KnownClient,
    carried: &Carried,
    token: &str,
) -> Result<Object, Failure> {
    let metadata = &client.row.metadata;
    let allow_unsigned = visit.app.config.clients.allow_unsigned;
    let permitted = |algorithm| check_algorithm(algorithm, metadata, allow_unsigned, carried);
    let jws = match UnverifiedJws::parse(token) {
        Ok(jws) => jws,
        Err(JwsError::Algorithm(name)) if name == Protection::Unsigned.name() => {
            permitted(SigningAlgorithm::Unsigned)?;
            return unsigned(token);
        }
        Err(error) => return Err(invalid("a signed JWT", error.to_string())),
    };
    let name = jws.protection().name();
    permitted(SigningAlgorithm::parse(name).ok_or_else(|| invalid("an algorithm that is offered", name))?)?;
    let typ: Vec<&str> = TYPS.iter().copied().chain([NO_TYP]).collect();
    let proved = prove(&visit.app, visit.now, client, &jws, &typ).await;
    let claims = proved.map_err(|error| match error {
        Unproved::Wrong(reason) => invalid("one that the client signed", reason),
        Unproved::Failure(failure) => failure.with_code(ErrorCode::InvalidRequestObject),
    })?;
    Ok(Object { typ: jws.typ().map(str::to_owned), claims: claims.into() })
}

/// An object that anybody may have made: worth as much as the parameters of a query.
fn unsigned(token: &str) -> Result<Object, Failure> {
    let (claims, typ) = if let Ok(claims) = read_unsigned(token, &[TYP]) {
        (claims, Some(TYP.to_owned()))
    } else {
        let typ: Vec<&str> = TYPS.iter().copied().chain([NO_TYP]).collect();
        let claims = read_unsigned(token, &typ);
        (claims.map_err(|error| invalid("an unsigned JWT", error.to_string()))?, None)
    };
    Ok(Object { typ, claims })
}

/// Checks what the object says of itself, and uses up its `jti` where it has one.
async fn check(
    visit: &Visit,
    client: &KnownClient,
    claims: &Claims,
    rules: ObjectRules,
) -> Result<(), Failure> {
    let (client_id, issuer) = (client.row.client_id.as_str(), &visit.issuer.url);
    let registered = registered_claims(claims);
    let Some((jti, until)) = check_object(&registered, rules, client_id, issuer, visit.now.timestamp())?
    else {
        return Ok(());
    };
    if use_once(&visit.app, client, KIND, jti, until).await? {
        return Ok(());
    }
    Err(Failure::refused(
        ErrorCode::InvalidRequestObject,
        "jti of the request object",
        "one that was not used before",
        jti,
    ))
}

/// The document behind a `request_uri`.
async fn fetch(visit: &Visit, client: &KnownClient, uri: &str) -> Result<String, Failure> {
    let must_be_registered = visit.app.config.clients.require_request_uri_registration;
    let ObjectReference { url, hash } = check_reference(uri, &client.row.metadata, must_be_registered)?;
    let refused = |expected: &str, received: String| {
        Failure::refused(ErrorCode::InvalidRequestUri, "request_uri", expected, received)
    };
    let get = async |max_age| {
        let fetched = visit.app.fetcher.get(&url, Wanted { max_age, ..OBJECT }, visit.now).await;
        fetched.map_err(|error: FetchError| {
            let failure = refused("a document that can be fetched", error.to_string());
            error.setting().into_iter().fold(failure, Failure::with_setting)
        })
    };
    let fits = |fetched: &Fetched| {
        hash.as_ref().is_none_or(|hash| base64url::encode(sha256(&fetched.body)) == *hash)
    };
    let mut fetched = get(MaxAge::AsServed).await?;
    if !fits(&fetched) {
        // Its client may have another document there by now (OpenID Connect Core section 6.2).
        fetched = get(MaxAge::Newest).await?;
    }
    if !fits(&fetched) {
        return Err(refused("a document whose SHA-256 is the fragment", "another document".to_owned()));
    }
    let text = std::str::from_utf8(&fetched.body).map_err(|error| refused("text", error.to_string()))?;
    Ok(text.trim_ascii().to_owned())
}

fn invalid(expected: &str, received: impl Into<String>) -> Failure {
    Failure::refused(ErrorCode::InvalidRequestObject, "request object", expected, received)
}
