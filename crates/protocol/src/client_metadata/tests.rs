use super::*;
use serde_json::json;

fn with(members: &Value) -> Value {
    let mut document = json!({"redirect_uris": ["https://app.example/cb"]});
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes the value in place")]
fn client(members: Value) -> ClientMetadata {
    ClientMetadata::from_json(with(&members)).unwrap()
}

#[test]
fn defaults_are_those_of_rfc_7591() {
    let metadata = client(json!({}));
    assert_eq!(metadata.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!(metadata.response_types, [ResponseType::CODE]);
    assert_eq!(metadata.token_endpoint_auth_method, ClientAuthMethod::Basic);
    assert_eq!(metadata.application_type, ApplicationType::Web);
    assert_eq!(metadata.scope.as_str(), DEFAULT_SCOPE);
    assert_eq!(metadata.id_token_signed_response_alg, SigningAlgorithm::RS256);
}

#[test]
fn what_is_written_reads_back_the_same() {
    let metadata = client(json!({
        "client_name": "Shop", "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "scope": "openid api", "token_endpoint_auth_method": "client_secret_post", "jwks_uri": "https://app.example/jwks",
        "contacts": ["ops@app.example"], "audience": ["https://api.example"], "default_max_age": 3600,
        "post_logout_redirect_uris": ["https://app.example/bye"], "frontchannel_logout_uri": "https://app.example/out",
        "skip_consent": true, "access_token_strategy": "jwt", "metadata": {"team": "a"}, "refresh_token_rotation": false,
        "client_name#de": "Laden", "tos_uri#fr-CA": "https://app.example/conditions", "software_id": "shop",
        "software_version": "2.1",
    }));
    assert_eq!(metadata.localized.of("client_name").collect::<Vec<_>>(), [("de", "Laden")]);
    let written = serde_json::to_value(&metadata).unwrap();
    assert_eq!(ClientMetadata::from_json(written).unwrap(), metadata);
}

#[test]
fn exported_clients_with_nulls_empty_texts_and_unknown_members_are_read() {
    let metadata = client(json!({
        "client_name": "", "contacts": null, "jwks": {}, "logo_uri": "", "tos_uri": null, "client_id": "x", "client_secret": "y",
        "made_up": {"a": 1}, "made_up#de": 7, "client_name#de": "",
    }));
    assert_eq!(metadata, client(json!({})));
    assert!(serde_json::to_value(&metadata).unwrap().get("made_up").is_none());
}

/// What Hydra exports of a client that said nothing.
#[test]
fn empty_lists_of_grants_and_types_and_plain_userinfo_are_left_out() {
    let exported = json!({ "grant_types": [], "response_types": [], "userinfo_signed_response_alg": "none" });
    assert_eq!(client(exported), client(json!({})));
    let machine = client(json!({ "grant_types": ["client_credentials"], "response_types": [] }));
    assert!(machine.response_types.is_empty());
}

/// OpenID Connect Core section 8.1: nobody joins a sector by writing its host into a scheme of its own.
#[test]
fn a_sector_is_the_https_host_that_a_client_answers_at() {
    let pairwise = |uris: &[&str], kind: &str| {
        let document = json!({ "redirect_uris": uris, "subject_type": "pairwise", "application_type": kind });
        ClientMetadata::from_json(with(&document)).map(|client| client.sector().unwrap())
    };
    let shop = pairwise(&["https://shop.example/cb", "https://shop.example:8443/b"], "web");
    assert_eq!(shop.unwrap(), "shop.example");
    for uri in ["com.evil.app://shop.example/cb", "com.evil.app:/cb", "http://127.0.0.1/cb"] {
        assert_eq!(pairwise(&[uri], "native").unwrap_err().member, "subject_type", "{uri}");
    }
    let mixed = pairwise(&["https://shop.example/cb", "com.evil.app://shop.example/cb"], "native");
    assert_eq!(mixed.unwrap_err().member, "subject_type");
}

#[test]
fn bad_members_are_refused_by_name() {
    let long_list: Vec<_> = (0..51).map(|n| format!("https://app.example/{n}")).collect();
    for (members, member) in [
        (json!({"redirect_uris": ["javascript:alert(1)"]}), "redirect_uris"),
        (json!({"redirect_uris": ["https://app.example/cb#f"]}), "redirect_uris"),
        (json!({"redirect_uris": long_list}), "redirect_uris"),
        (json!({"redirect_uris": []}), "redirect_uris"),
        (json!({"redirect_uris": "https://app.example"}), "redirect_uris"),
        (json!({"scope": "openid claim:phone_number"}), "scope"),
        (
            json!({"redirect_uris": ["http://localhost:3000/cb"], "response_types": ["id_token"], "grant_types": ["implicit"]}),
            "redirect_uris",
        ),
        (
            json!({"redirect_uris": ["https://localhost/cb"], "response_types": ["code token"], "grant_types": ["authorization_code", "implicit"]}),
            "redirect_uris",
        ),
        (json!({"redirect_uris": ["com.example.app:/cb"]}), "redirect_uris"),
        (json!({"post_logout_redirect_uris": ["/bye"]}), "post_logout_redirect_uris"),
        (json!({"grant_types": ["password"]}), "grant_types[0]"),
        (json!({"grant_types": ["client_credentials"], "response_types": ["code"]}), "grant_types"),
        (json!({"response_types": ["id_token"], "grant_types": ["authorization_code"]}), "grant_types"),
        (json!({"response_types": ["code id_token"], "grant_types": ["authorization_code"]}), "grant_types"),
        (json!({"response_types": ["id_token"], "redirect_uris": []}), "redirect_uris"),
        (json!({"response_types": ["code code"]}), "response_types[0]"),
        (
            json!({"grant_types": ["authorization_code", "client_credentials"], "token_endpoint_auth_method": "none"}),
            "grant_types",
        ),
        (json!({"token_endpoint_auth_method": "tls_client_auth"}), "token_endpoint_auth_method"),
        (
            json!({"subject_type": "pairwise", "redirect_uris": ["https://a.example/cb", "https://b.example/cb"]}),
            "subject_type",
        ),
        (
            json!({"subject_type": "pairwise", "application_type": "native", "redirect_uris": ["com.example.app:/cb"]}),
            "subject_type",
        ),
        (json!({"sector_identifier_uri": "http://app.example/sector"}), "sector_identifier_uri"),
        (json!({"token_endpoint_auth_method": "private_key_jwt"}), "token_endpoint_auth_method"),
        (
            json!({"token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "RS256"}),
            "token_endpoint_auth_signing_alg",
        ),
        (
            json!({
                "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "HS256",
                "jwks_uri": "https://app.example/jwks",
            }),
            "token_endpoint_auth_signing_alg",
        ),
        (json!({"token_endpoint_auth_signing_alg": "none"}), "token_endpoint_auth_signing_alg"),
        (
            json!({"id_token_signed_response_alg": "none", "response_types": ["code", "code id_token"]}),
            "id_token_signed_response_alg",
        ),
        (json!({"id_token_signed_response_alg": "RS1"}), "id_token_signed_response_alg"),
        (
            json!({"id_token_signed_response_alg": "HS256", "token_endpoint_auth_method": "none"}),
            "id_token_signed_response_alg",
        ),
        (json!({"id_token_encrypted_response_alg": "RSA1_5"}), "id_token_encrypted_response_alg"),
        (json!({"id_token_encrypted_response_alg": "ECDH-ES"}), "id_token_encrypted_response_alg"),
        (
            json!({"userinfo_encrypted_response_alg": "dir", "token_endpoint_auth_method": "none"}),
            "userinfo_encrypted_response_alg",
        ),
        (json!({"userinfo_encrypted_response_enc": "A128GCM"}), "userinfo_encrypted_response_enc"),
        (json!({"request_object_encryption_enc": "A128GCM"}), "request_object_encryption_enc"),
        (json!({"scope": "a\"b"}), "scope"),
        (json!({"jwks": {"keys": []}, "jwks_uri": "https://app.example/jwks"}), "jwks_uri"),
        (json!({"jwks": {"keys": [{"kty": "RSA", "n": "x", "e": "AQAB", "d": "y"}]}}), "jwks"),
        (json!({"jwks": {"keys": [{"kty": "RSA", "n": "w".repeat(171), "e": "AQAB"}]}}), "jwks"),
        (json!({"jwks": []}), "jwks"),
        (json!({"client_name#de": 7}), "client_name#de"),
        (json!({"client_name#de": "La\u{202e}den"}), "client_name#de"),
        (json!({"client_name#": "Laden"}), "client_name#"),
        (json!({"client_name#de_DE": "Laden"}), "client_name#de_DE"),
        (json!({"logo_uri#fr": "javascript:alert(1)"}), "logo_uri#fr"),
        (json!({"software_id": "a\u{0}b"}), "software_id"),
        (json!({"software_version": "v".repeat(256)}), "software_version"),
        (json!({"jwks_uri": "http://app.example/jwks"}), "jwks_uri"),
        (json!({"client_uri": "javascript:alert(1)"}), "client_uri"),
        (json!({"logo_uri": "data:image/svg+xml,x"}), "logo_uri"),
        (json!({"policy_uri": "//app.example"}), "policy_uri"),
        (json!({"tos_uri": "https://user@app.example"}), "tos_uri"),
        (json!({"initiate_login_uri": "http://app.example/login"}), "initiate_login_uri"),
        (json!({"client_name": "Shop\u{202e}knaB"}), "client_name"),
        (json!({"default_max_age": -1}), "default_max_age"),
        (json!({"frontchannel_logout_uri": "https://other.example/out"}), "frontchannel_logout_uri"),
        (json!({"backchannel_logout_uri": "http://10.0.0.1/out"}), "backchannel_logout_uri"),
        (json!({"allowed_cors_origins": ["https://app.example/"]}), "allowed_cors_origins"),
        (json!({"allowed_cors_origins": ["*"]}), "allowed_cors_origins"),
        (json!({"audience": ["a b"]}), "audience"),
    ] {
        let error = ClientMetadata::from_json(with(&members)).unwrap_err();
        assert_eq!(error.member, member, "{members}: {error}");
        let is_redirect = member == "redirect_uris";
        assert_eq!(error.code() == ErrorCode::InvalidRedirectUri, is_redirect, "{members}");
    }
    assert!(ClientMetadata::from_json(json!([])).is_err());
}

// OpenID Connect Dynamic Client Registration section 2: the grants that each response type is made of.
#[test]
fn a_client_that_names_no_grants_is_given_those_of_its_response_types() {
    use GrantType::{AuthorizationCode, Implicit};
    for (response_types, grants) in [
        (json!(["code"]), &[AuthorizationCode][..]),
        (json!(["id_token"]), &[Implicit]),
        (json!(["code token"]), &[AuthorizationCode, Implicit]),
        (json!(["code", "id_token token"]), &[AuthorizationCode, Implicit]),
        (json!(["none"]), &[]),
    ] {
        assert_eq!(client(json!({"response_types": response_types})).grant_types, grants, "{response_types}");
    }
}

// OpenID Connect Dynamic Client Registration section 2: `enc` has a default once there is an `alg`.
#[test]
fn an_encryption_without_enc_uses_the_default() {
    let metadata = client(json!({"id_token_encrypted_response_alg": "dir"}));
    let enc = metadata.id_token_encrypted_response_enc;
    assert_eq!(enc, Some(ContentEncryptionAlgorithm::A128CbcHs256));
    assert_eq!(metadata.userinfo_encrypted_response_enc, None);
}

// OpenID Connect Core section 8.1
#[test]
fn a_sector_is_the_host_of_its_document_or_of_every_redirect() {
    let sector = |members: Value| client(members).sector();
    assert_eq!(sector(json!({})).as_deref(), Some("app.example"));
    let two = json!({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]});
    assert_eq!(sector(two), None);
    let joined = json!({
        "redirect_uris": ["https://a.example/cb", "https://b.example/cb"], "subject_type": "pairwise",
        "sector_identifier_uri": "https://group.example/sector.json",
    });
    assert_eq!(sector(joined).as_deref(), Some("group.example"));
}

#[test]
fn only_clients_whose_secret_is_a_key_need_it_back() {
    for (members, needs) in [
        (json!({}), false),
        (json!({"token_endpoint_auth_method": "client_secret_jwt"}), true),
        (json!({"id_token_signed_response_alg": "HS256"}), true),
        (json!({"userinfo_signed_response_alg": "HS256"}), true),
        (json!({"request_object_signing_alg": "HS256"}), true),
        (json!({"request_object_encryption_alg": "dir"}), true),
        (json!({"userinfo_signed_response_alg": "RS256"}), false),
    ] {
        assert_eq!(client(members.clone()).needs_recoverable_secret(), needs, "{members}");
    }
}

#[test]
fn a_client_that_acts_only_for_itself_needs_no_redirect() {
    let metadata = ClientMetadata::from_json(json!({"grant_types": ["client_credentials"]})).unwrap();
    assert!(metadata.response_types.is_empty() && metadata.redirect_uris.is_empty());
    let written = serde_json::to_value(&metadata).unwrap();
    assert_eq!(ClientMetadata::from_json(written).unwrap(), metadata);
}

#[test]
fn the_operators_members_are_cleared_and_listed() {
    let mut metadata = client(json!({
        "skip_consent": true, "access_token_strategy": "jwt", "metadata": {"a": 1}, "refresh_token_rotation": false,
        "client_assertion_audience": "issuer", "introspect_any": true, "scope_claims_in_id_token": true,
        "offline_access_ends_with_session": true,
    }));
    let before = serde_json::to_value(&metadata).unwrap();
    assert!(ClientMetadata::OPERATOR_MEMBERS.iter().all(|member| before.get(*member).is_some()));
    metadata.clear_operator_members();
    assert_eq!(metadata, client(json!({})));
}

#[test]
fn only_public_native_clients_without_an_assured_redirect_are_asked_each_time() {
    for (redirect, application, method, asked) in [
        ("http://127.0.0.1/cb", "native", "none", true),
        ("com.example.app:/cb", "native", "none", true),
        ("https://app.example/cb", "native", "none", false),
        ("http://127.0.0.1/cb", "web", "none", false),
        ("http://127.0.0.1/cb", "native", "client_secret_basic", false),
    ] {
        let metadata = client(json!({
            "redirect_uris": [redirect], "application_type": application, "token_endpoint_auth_method": method,
        }));
        assert_eq!(metadata.asks_consent_each_time(), asked, "{redirect} {application} {method}");
    }
}

#[test]
fn public_clients_always_rotate() {
    let rotation = |method: &str, rotation: Value| {
        client(json!({"token_endpoint_auth_method": method, "refresh_token_rotation": rotation}))
            .rotates_refresh_tokens()
    };
    assert!(rotation("client_secret_basic", Value::Null));
    assert!(!rotation("client_secret_basic", json!(false)));
    assert!(rotation("none", json!(false)));
}

#[test]
fn origins_come_from_redirects_and_from_the_list() {
    let metadata = client(json!({"allowed_cors_origins": ["https://spa.example"]}));
    assert_eq!(metadata.cors_origins().collect::<Vec<_>>(), ["https://app.example", "https://spa.example"]);
    assert!(metadata.matching_redirect_uri("https://app.example/cb").is_some());
    assert!(metadata.matching_redirect_uri("https://app.example/cb/").is_none());
    assert!(metadata.matching_post_logout_redirect_uri("https://app.example/cb").is_none());
}

// RFC 7591 section 2.2: a member with a language tag is for readers of that language.
#[test]
fn a_client_introduces_itself_in_the_language_of_its_reader() {
    let metadata = ClientMetadata::from_json(json!({
        "redirect_uris": ["https://app.example/cb"],
        "client_name": "Shop", "client_name#de": "Laden", "client_name#de-AT": "Geschäft",
        "policy_uri#fr-CA": "https://app.example/confidentialite",
        "logo_uri": "https://app.example/logo.svg", "logo_uri#ar": "https://app.example/logo-ar.svg",
    }))
    .unwrap();
    for (language, name) in
        [("en", "Shop"), ("de", "Laden"), ("de-CH", "Laden"), ("de-AT", "Geschäft"), ("fr", "Shop")]
    {
        assert_eq!(metadata.introduction(language).name, Some(name), "{language}");
    }
    assert_eq!(metadata.introduction("fr").policy, Some("https://app.example/confidentialite"));
    assert_eq!(metadata.introduction("de").policy, None);
    assert_eq!(metadata.introduction("ar").logo, Some("https://app.example/logo-ar.svg"));
    assert_eq!(metadata.logos().count(), 2);
}
