use super::*;
use crate::client_metadata::ClientAuthMethod;
use proptest::prelude::*;

const CHALLENGE: &str =
    "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn confidential() -> ClientMetadata {
    ClientMetadata {
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        audience: vec!["https://api.example".to_owned()],
        ..ClientMetadata::default()
    }
}

fn public() -> ClientMetadata {
    ClientMetadata { token_endpoint_auth_method: ClientAuthMethod::None, ..confidential() }
}

fn check(
    query: &str,
    client: &ClientMetadata,
    rules: &AuthorizationRules,
) -> Result<ValidatedParams, RequestRefusal> {
    validate(&Params::parse(query.as_bytes()).unwrap(), client, rules)
}

fn read(query: &str) -> Result<ValidatedParams, RequestRefusal> {
    let query = format!("response_type=code&scope=openid&nonce=n&{query}");
    check(&query, &confidential(), &AuthorizationRules::default())
}

#[test]
fn everything_a_request_may_say_is_kept() {
    let request = read(&format!(
        "state=s%20%C3%A9&{CHALLENGE}&prompt=consent+login&max_age=0&login_hint=ada&acr_values=a+b&ui_locales=fr-CA+en+%3C\
         &display=popup&resource=https://api.example&audience=https://api.example&response_mode=form_post\
         &claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D&made_up=1&claims_locales=en&id_token_hint=x"
    ))
    .unwrap();
    assert_eq!(request.response_type, ResponseType::CODE);
    assert_eq!(request.response_mode, ResponseMode::FormPost);
    assert_eq!(request.state.as_deref(), Some("s \u{e9}"));
    assert_eq!(request.nonce.as_deref(), Some("n"));
    assert!(request.challenge.is_some());
    assert_eq!(request.prompt, Prompt { login: true, consent: true, ..Prompt::default() });
    assert_eq!(request.max_age, Some(0));
    assert_eq!(request.login_hint.as_deref(), Some("ada"));
    assert_eq!(request.acr_values, ["a", "b"]);
    assert_eq!(request.ui_locales, ["fr-CA", "en"]);
    assert_eq!(request.display, Some(Display::Popup));
    assert_eq!(request.resource, ["https://api.example"]);
    assert_eq!(request.audience, ["https://api.example"]);
    assert_eq!(request.claims.names(), ["email"]);
    assert_eq!(request.claims.locales, ["en"]);
    assert_eq!(request.claims_beyond_scope, ["email"]);
}

#[test]
fn bad_parameters_go_back_to_the_client_with_their_code() {
    let long = |name: &str, length: usize| format!("{name}={}", "a".repeat(length));
    let scopes = format!("response_type=code&scope={}", "a+".repeat(2000));
    for (query, code) in [
        ("scope=openid", "invalid_request"),
        ("response_type=&scope=openid", "invalid_request"),
        ("response_type=magic&scope=openid", "unsupported_response_type"),
        ("response_type=token&scope=openid", "unsupported_response_type"),
        ("response_type=code+id_token&scope=openid", "unsupported_response_type"),
        ("response_type=code+code&scope=openid", "unsupported_response_type"),
        ("response_type=code&response_mode=web_message", "invalid_request"),
        ("response_type=code&scope=openid+admin", "invalid_scope"),
        ("response_type=code&scope=Openid", "invalid_scope"),
        ("response_type=code&scope=a%22b", "invalid_scope"),
        (scopes.as_str(), "invalid_scope"),
        ("response_type=code&state=a&state=b", "invalid_request"),
        ("response_type=code&made_up=a&made_up=b", "invalid_request"),
        ("response_type=code&prompt=none+login", "invalid_request"),
        ("response_type=code&prompt=create&scope=openid&nonce=n", "invalid_request"),
        ("response_type=code&request=x&request_uri=https://app.example/r", "invalid_request"),
        ("response_type=code&registration=x", "registration_not_supported"),
        (&long("response_type=code&state", 4097), "invalid_request"),
        (&long("response_type=code&nonce", 513), "invalid_request"),
        (&long("response_type=code&login_hint", 513), "invalid_request"),
    ] {
        let refusal = check(query, &confidential(), &AuthorizationRules::default()).unwrap_err();
        assert_eq!(refusal.code.name(), code, "{query}: {refusal}");
    }
}

#[test]
fn bad_values_of_optional_parameters_are_refused() {
    let acr_values = format!("acr_values={}", "a+".repeat(21));
    for (query, code) in [
        ("max_age=-1", "invalid_request"),
        ("max_age=+1", "invalid_request"),
        ("max_age=1.5", "invalid_request"),
        ("max_age=soon", "invalid_request"),
        ("max_age=99999999999999999999", "invalid_request"),
        ("claims=%7B", "invalid_request"),
        ("claims=[]", "invalid_request"),
        ("claims=%7B%22userinfo%22%3A1%7D", "invalid_request"),
        ("claims=%7B%22id_token%22%3A%7B%22acr%22%3A1%7D%7D", "invalid_request"),
        (&acr_values, "invalid_request"),
        ("resource=https://other.example", "invalid_target"),
        ("resource=api", "invalid_target"),
        ("audience=other", "invalid_target"),
    ] {
        assert_eq!(read(query).unwrap_err().code.name(), code, "{query}");
    }
    assert_eq!(read("display=hologram").unwrap().display, None);
    assert!(read("state=&nonce_2=&prompt=").unwrap().state.is_none());
    let deep = format!("claims={}{}", "%5B".repeat(500), "%5D".repeat(500));
    assert!(read(&deep).is_err());
}

#[test]
fn t040_public_clients_need_pkce_whatever_the_rule() {
    for pkce in [PkceRule::Always, PkceRule::Nonce, PkceRule::Public] {
        let rules = AuthorizationRules { pkce, ..AuthorizationRules::default() };
        let query = "response_type=code&scope=openid&nonce=n";
        assert_eq!(check(query, &public(), &rules).unwrap_err().code, ErrorCode::InvalidRequest);
        assert!(check(&format!("{query}&{CHALLENGE}"), &public(), &rules).is_ok());
    }
}

#[test]
fn confidential_clients_need_what_the_rule_says() {
    let nonce = "response_type=code&scope=openid&nonce=n";
    let nothing = "response_type=code&scope=openid";
    let oauth = "response_type=code&scope=email&nonce=n";
    for (pkce, query, passes) in [
        (PkceRule::Always, nonce, false),
        (PkceRule::Nonce, nonce, true),
        (PkceRule::Nonce, nothing, false),
        (PkceRule::Nonce, oauth, false),
        (PkceRule::Public, nothing, true),
        (PkceRule::Public, oauth, true),
    ] {
        let rules = AuthorizationRules { pkce, ..AuthorizationRules::default() };
        let checked = check(query, &confidential(), &rules);
        assert_eq!(checked.is_ok(), passes, "{pkce:?} {query}");
        if let Err(refusal) = checked {
            assert_eq!(refusal.setting, Some("clients.pkce"));
        }
        assert!(check(&format!("{nothing}&{CHALLENGE}"), &confidential(), &rules).is_ok(), "{pkce:?}");
    }
}

#[test]
fn t041_weak_or_broken_pkce_is_refused_even_where_none_is_needed() {
    let challenge = CHALLENGE.split('&').next().unwrap();
    for query in [
        challenge.to_owned(),
        format!("{challenge}&code_challenge_method="),
        format!("{challenge}&code_challenge_method=plain"),
        format!("{challenge}&code_challenge_method=s256"),
        "code_challenge_method=S256".to_owned(),
        "code_challenge=short&code_challenge_method=S256".to_owned(),
        format!("{CHALLENGE}&{CHALLENGE}"),
    ] {
        assert_eq!(read(&query).unwrap_err().code, ErrorCode::InvalidRequest, "{query}");
    }
}

#[test]
fn other_response_types_have_rules_of_their_own() {
    let all: Vec<_> =
        ["code", "id_token", "code id_token", "none"].map(|text| ResponseType::parse(text).unwrap()).into();
    let rules = AuthorizationRules { response_types: all.clone(), ..AuthorizationRules::default() };
    let client = ClientMetadata { response_types: all, ..confidential() };
    assert!(check("response_type=id_token&scope=openid&nonce=n", &client, &rules).is_ok());
    assert!(check("response_type=none&scope=openid", &client, &rules).is_ok());
    for query in [
        "response_type=id_token&scope=openid",
        "response_type=id_token&scope=email&nonce=n",
        "response_type=id_token&scope=openid&nonce=n&response_mode=query",
    ] {
        assert_eq!(check(query, &client, &rules).unwrap_err().code, ErrorCode::InvalidRequest, "{query}");
    }
    let narrow = check("response_type=id_token&scope=openid&nonce=n", &confidential(), &rules).unwrap_err();
    assert_eq!(narrow.code, ErrorCode::UnauthorizedClient);
}

#[test]
fn the_clients_defaults_fill_what_the_request_leaves_out() {
    let client = ClientMetadata {
        default_max_age: Some(60),
        default_acr_values: vec!["gold".to_owned()],
        ..confidential()
    };
    let query = "response_type=code&scope=openid&nonce=n";
    let rules = AuthorizationRules::default();
    let defaults = check(query, &client, &rules).unwrap();
    assert_eq!((defaults.max_age, defaults.acr_values), (Some(60), vec!["gold".to_owned()]));
    let asked = check(&format!("{query}&max_age=5&acr_values=silver"), &client, &rules).unwrap();
    assert_eq!((asked.max_age, asked.acr_values), (Some(5), vec!["silver".to_owned()]));
}

#[test]
fn errors_travel_in_the_mode_that_was_asked_for() {
    for (query, mode) in [
        ("response_type=code&response_mode=form_post", Some(ResponseMode::FormPost)),
        ("response_mode=form_post", Some(ResponseMode::FormPost)),
        ("response_type=magic&response_mode=fragment", Some(ResponseMode::Fragment)),
        ("response_type=id_token", Some(ResponseMode::Fragment)),
        ("response_type=id_token&response_mode=query", Some(ResponseMode::Fragment)),
        ("response_type=code&response_mode=magic", Some(ResponseMode::Query)),
        ("response_type=code&response_mode=form_post&response_mode=query", Some(ResponseMode::Query)),
        ("response_type=magic", None),
    ] {
        assert_eq!(requested_mode(&Params::parse(query.as_bytes()).unwrap()), mode, "{query}");
    }
    for (query, state) in [("state=abc", Some("abc")), ("state=a&state=b", None), ("state=", None)] {
        assert_eq!(requested_state(&Params::parse(query.as_bytes()).unwrap()), state, "{query}");
    }
}

proptest! {
    #[test]
    fn any_request_is_validated_or_refused(pairs in proptest::collection::vec(
        ("(response_type|scope|prompt|max_age|claims|code_challenge|resource|nonce|state)", "\\PC{0,20}"), 0..8)
    ) {
        let params: Params = pairs.into_iter().collect();
        let _ = validate(&params, &confidential(), &AuthorizationRules::default());
        let _ = requested_mode(&params);
    }
}
