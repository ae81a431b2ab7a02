use super::*;
use crate::authorization::RequestOrigin;
use crate::claims::ClaimScopes;
use crate::claims_request::ClaimsRequest;
use crate::ids::{ClientId, ClientRowId};
use crate::prompt::Prompt;
use crate::response::{ResponseMode, ResponseType};
use ErrorCode::{ConsentRequired, LoginRequired, UnmetAuthenticationRequirements};
use Step::{Consent, Login, Nothing, Refuse, SelectAccount};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

const NOW: i64 = 1_700_000_000_000;
const SCOPE: &str = "openid profile";

fn request(prompt: &str) -> AuthorizationRequest {
    AuthorizationRequest {
        client: ClientRowId::from_uuid(Uuid::from_u128(1)),
        client_id: ClientId::parse("shop").unwrap(),
        redirect_uri: "https://app.example/cb".to_owned(),
        redirect_uri_given: true,
        response_type: ResponseType::CODE,
        response_mode: ResponseMode::Query,
        scope: Scope::parse(SCOPE).unwrap(),
        state: None,
        nonce: None,
        challenge: None,
        prompt: Prompt::parse(prompt).unwrap(),
        max_age: None,
        login_hint: None,
        id_token_hint_subject: None,
        acr_values: Vec::new(),
        ui_locales: Vec::new(),
        display: None,
        audience: Vec::new(),
        resource: Vec::new(),
        claims: ClaimsRequest::default(),
        claims_beyond_scope: Vec::new(),
        origin: RequestOrigin::Query,
    }
}

fn claims(document: &Value) -> ClaimsRequest {
    ClaimsRequest::parse(&document.to_string(), &ClaimScopes::default()).unwrap()
}

fn id(name: &str) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(name.bytes().fold(0, |sum, byte| sum * 256 + u128::from(byte))))
}

/// A session of a minute ago whose subject is `sub-<name>`.
fn session(name: &str) -> SessionFacts {
    SessionFacts {
        id: id(name),
        subject: Subject::parse(&format!("sub-{name}")).unwrap(),
        username: name.to_owned(),
        auth_time_ms: NOW - 60_000,
        acr: Some("1".to_owned()),
    }
}

fn signed_in(names: &[&str], consented: Option<&str>) -> InteractionState {
    InteractionState {
        sessions: names.iter().map(|name| session(name)).collect(),
        consented_scope: consented.map(|scope| Scope::parse(scope).unwrap()),
        created_at_ms: NOW - 1_000,
        ..InteractionState::default()
    }
}

/// The state after `name` authenticated within the interaction.
fn authenticated(name: &str, consented: Option<&str>) -> InteractionState {
    let mut state = signed_in(&[name], consented);
    state.sessions[0].auth_time_ms = NOW - 500;
    InteractionState { chosen: Some(id(name)), authenticated_here: true, ..state }
}

#[test]
fn every_prompt_for_every_remembered_state() {
    // prompt, nobody signed in, signed in without consent, with narrower consent, with the same consent
    let table = [
        ("", [Login, Consent, Consent, Nothing]),
        ("none", [Refuse(LoginRequired), Refuse(ConsentRequired), Refuse(ConsentRequired), Nothing]),
        ("login", [Login, Login, Login, Login]),
        ("consent", [Login, Consent, Consent, Consent]),
        ("select_account", [Login, SelectAccount, SelectAccount, SelectAccount]),
        ("login consent", [Login, Login, Login, Login]),
        ("login select_account", [Login, SelectAccount, SelectAccount, SelectAccount]),
        ("consent select_account", [Login, SelectAccount, SelectAccount, SelectAccount]),
    ];
    let states = [
        signed_in(&[], None),
        signed_in(&["ada"], None),
        signed_in(&["ada"], Some("openid")),
        signed_in(&["ada"], Some("openid profile email")),
    ];
    for (prompt, steps) in table {
        for (state, step) in states.iter().zip(steps) {
            assert_eq!(needed(&request(prompt), state, NOW), step, "{prompt:?} {state:?}");
        }
    }
}

/// OpenID Connect Core section 3.1.2.2.
#[test]
fn whoever_answers_meets_the_hint_and_every_value_of_sub() {
    let asked = |hint: Option<&str>, sub: Value| AuthorizationRequest {
        id_token_hint_subject: hint.map(|name| format!("sub-{name}")),
        claims: claims(&json!({ "id_token": { "sub": sub } })),
        ..request("none")
    };
    let both = signed_in(&["ada", "bob"], Some(SCOPE));
    for (hint, sub, who) in [
        (None, json!({ "value": "sub-bob" }), Some("bob")),
        (None, json!({ "values": ["sub-cyd", "sub-bob"] }), Some("bob")),
        (None, json!({ "values": ["sub-cyd"] }), None),
        (None, json!({ "value": 7 }), None),
        (Some("ada"), json!({ "value": "sub-bob" }), None),
        (Some("ada"), json!({ "values": ["sub-bob", "sub-ada"] }), Some("ada")),
        (Some("ada"), Value::Null, Some("ada")),
        (None, Value::Null, Some("ada")),
    ] {
        let request = asked(hint, sub.clone());
        assert_eq!(selected(&request, &both).map(|session| session.id), who.map(id), "{hint:?} {sub}");
        let step = if who.is_some() { Nothing } else { Refuse(LoginRequired) };
        assert_eq!(needed(&request, &both, NOW), step, "{hint:?} {sub}");
    }
}

#[test]
fn each_page_leads_to_the_next_and_the_last_to_the_answer() {
    for (prompt, after_login, after_consent) in [
        ("", Nothing, Nothing),
        ("login", Nothing, Nothing),
        ("consent", Consent, Nothing),
        ("select_account", Nothing, Nothing),
        ("login consent select_account", Consent, Nothing),
    ] {
        let state = authenticated("ada", Some(SCOPE));
        assert_eq!(needed(&request(prompt), &state, NOW), after_login, "{prompt}");
        let state = InteractionState { consent_given_here: true, ..state };
        assert_eq!(needed(&request(prompt), &state, NOW), after_consent, "{prompt}");
        assert_eq!(needed(&request(prompt), &authenticated("ada", None), NOW), Consent, "{prompt}");
    }
}

#[test]
fn a_chosen_account_answers_select_account_but_not_login() {
    let state = InteractionState { chosen: Some(id("bob")), ..signed_in(&["ada", "bob"], Some(SCOPE)) };
    assert_eq!(needed(&request("select_account"), &state, NOW), Nothing);
    assert_eq!(selected(&request("select_account"), &state).unwrap().id, id("bob"));
    assert_eq!(needed(&request("select_account login"), &state, NOW), Login);
    let ended = InteractionState { chosen: Some(id("eve")), ..state };
    assert_eq!(needed(&request("select_account"), &ended, NOW), Login, "the chosen session ended meanwhile");
}

#[test]
fn max_age_measures_the_last_authentication() {
    // max_age, milliseconds since authentication, expected
    for (max_age, elapsed, step) in [
        (None, i64::MAX / 4, Nothing),
        (Some(0), 0, Login),
        (Some(0), 60_000, Login),
        (Some(1), 1_000, Nothing),
        (Some(1), 1_001, Login),
        (Some(60), 59_999, Nothing),
        (Some(60), 60_001, Login),
        (Some(60), -5_000, Nothing),
        (Some(10_000), 60_000, Nothing),
        (Some(i64::MAX), 60_000, Nothing),
    ] {
        let mut state = signed_in(&["ada"], Some(SCOPE));
        state.sessions[0].auth_time_ms = NOW - elapsed;
        let asked = AuthorizationRequest { max_age, ..request("") };
        assert_eq!(needed(&asked, &state, NOW), step, "{max_age:?} {elapsed}");
        let silent = AuthorizationRequest { max_age, ..request("none") };
        let refused = if step == Login { Refuse(LoginRequired) } else { step };
        assert_eq!(needed(&silent, &state, NOW), refused, "{max_age:?} {elapsed}");
    }
}

#[test]
fn authenticating_here_satisfies_any_max_age_however_long_consent_takes() {
    let state = authenticated("ada", Some(SCOPE));
    for max_age in [0, 1, 60] {
        let asked = AuthorizationRequest { max_age: Some(max_age), ..request("login") };
        assert_eq!(needed(&asked, &state, NOW + 600_000), Nothing, "{max_age}");
    }
}

#[test]
fn only_this_interactions_authentication_satisfies_prompt_login() {
    let state = authenticated("ada", Some(SCOPE));
    let unbound = InteractionState { chosen: None, ..state.clone() };
    assert_eq!(needed(&request("login"), &unbound, NOW), Login);
    let other = InteractionState { chosen: Some(id("bob")), ..signed_in(&["ada", "bob"], Some(SCOPE)) };
    assert_eq!(needed(&request("login"), &other, NOW), Login);
    let mut older = state.clone();
    older.sessions[0].auth_time_ms = older.created_at_ms - CLOCK_SKEW_MS - 1;
    assert_eq!(needed(&request("login"), &older, NOW), Login);
    let mut skewed = state;
    skewed.sessions[0].auth_time_ms = skewed.created_at_ms - CLOCK_SKEW_MS;
    assert_eq!(needed(&request("login"), &skewed, NOW), Nothing, "the other node's clock is behind");
}

#[test]
fn an_id_token_hint_lets_only_its_user_answer() {
    let hinted = |prompt, name: &str| AuthorizationRequest {
        id_token_hint_subject: Some(format!("sub-{name}")),
        ..request(prompt)
    };
    for (prompt, hint, state, step) in [
        ("", "ada", signed_in(&["ada"], Some(SCOPE)), Nothing),
        ("", "bob", signed_in(&["ada"], Some(SCOPE)), Login),
        ("none", "ada", signed_in(&["ada"], Some(SCOPE)), Nothing),
        ("none", "bob", signed_in(&["ada"], Some(SCOPE)), Refuse(LoginRequired)),
        ("none", "bob", signed_in(&["ada", "bob"], Some(SCOPE)), Nothing),
        ("", "bob", signed_in(&["ada", "bob"], Some(SCOPE)), Nothing),
        ("", "bob", authenticated("bob", Some(SCOPE)), Nothing),
        ("", "bob", authenticated("ada", Some(SCOPE)), Refuse(LoginRequired)),
        ("select_account", "bob", signed_in(&["ada", "bob"], Some(SCOPE)), SelectAccount),
    ] {
        assert_eq!(needed(&hinted(prompt, hint), &state, NOW), step, "{prompt:?} {hint}");
    }
    let chosen = InteractionState { chosen: Some(id("ada")), ..signed_in(&["ada", "bob"], Some(SCOPE)) };
    assert_eq!(needed(&hinted("select_account", "bob"), &chosen, NOW), Login);
    let both = signed_in(&["ada", "bob"], Some(SCOPE));
    assert_eq!(selected(&hinted("", "bob"), &both).unwrap().id, id("bob"));
}

#[test]
fn a_subject_asked_for_in_claims_binds_as_a_hint_does() {
    let claims = claims(&json!({"id_token": {"sub": {"value": "sub-bob"}}}));
    let asked = |prompt| AuthorizationRequest { claims: claims.clone(), ..request(prompt) };
    assert_eq!(needed(&asked("none"), &signed_in(&["ada"], Some(SCOPE)), NOW), Refuse(LoginRequired));
    assert_eq!(needed(&asked("none"), &signed_in(&["ada", "bob"], Some(SCOPE)), NOW), Nothing);
}

#[test]
fn several_sessions_without_a_wish_use_the_current_one() {
    let state = signed_in(&["ada", "bob"], Some(SCOPE));
    for prompt in ["", "none"] {
        assert_eq!(needed(&request(prompt), &state, NOW), Nothing, "{prompt}");
        assert_eq!(selected(&request(prompt), &state).unwrap().id, id("ada"), "{prompt}");
    }
    assert_eq!(needed(&request("select_account"), &state, NOW), SelectAccount);
}

#[test]
fn a_login_hint_prefers_its_session_and_never_refuses() {
    let state = signed_in(&["ada", "bob"], Some(SCOPE));
    for (hint, expected) in
        [("bob", "bob"), (" BOB ", "bob"), ("sub-bob", "bob"), ("carol", "ada"), ("\0", "ada")]
    {
        let asked = AuthorizationRequest { login_hint: Some(hint.to_owned()), ..request("") };
        assert_eq!(selected(&asked, &state).unwrap().id, id(expected), "{hint:?}");
        assert_eq!(needed(&asked, &state, NOW), Nothing, "{hint:?}");
    }
}

#[test]
fn consent_is_remembered_for_what_it_covered() {
    let asked =
        |prompt, scope: &str| AuthorizationRequest { scope: Scope::parse(scope).unwrap(), ..request(prompt) };
    for (scope, consented, step) in [
        ("openid", Some("openid profile"), Nothing),
        ("openid offline_access", Some("openid"), Consent),
        ("openid offline_access", Some("openid offline_access"), Nothing),
        ("", None, Consent),
        ("", Some(""), Nothing),
        ("openid", Some("OPENID"), Consent),
    ] {
        assert_eq!(
            needed(&asked("", scope), &signed_in(&["ada"], consented), NOW),
            step,
            "{scope:?} {consented:?}"
        );
    }
}

#[test]
fn clients_that_skip_consent_never_ask_and_native_ones_ask_each_time() {
    let state = |skips, each_time, given| InteractionState {
        client_skips_consent: skips,
        client_must_ask_each_time: each_time,
        consent_given_here: given,
        ..signed_in(&["ada"], Some(SCOPE))
    };
    for (prompt, skips, each_time, given, step) in [
        ("", true, false, false, Nothing),
        ("consent", true, false, false, Nothing),
        ("none", true, true, false, Nothing),
        ("", false, true, false, Consent),
        ("", false, true, true, Nothing),
        ("none", false, true, false, Refuse(ConsentRequired)),
        ("consent", false, false, true, Nothing),
    ] {
        let step_taken = needed(&request(prompt), &state(skips, each_time, given), NOW);
        assert_eq!(step_taken, step, "{prompt:?} {skips} {each_time} {given}");
    }
}

#[test]
fn an_essential_acr_is_reached_or_refused_and_a_wish_is_not() {
    for (acr, silent, before, after) in [
        (
            json!({"essential": true, "values": ["2"]}),
            Refuse(UnmetAuthenticationRequirements),
            Login,
            Refuse(UnmetAuthenticationRequirements),
        ),
        (
            json!({"essential": true, "value": "2"}),
            Refuse(UnmetAuthenticationRequirements),
            Login,
            Refuse(UnmetAuthenticationRequirements),
        ),
        (json!({"essential": true, "values": ["2", "1"]}), Nothing, Nothing, Nothing),
        (json!({"essential": true}), Nothing, Nothing, Nothing),
        (json!({"values": ["2"]}), Nothing, Nothing, Nothing),
        (Value::Null, Nothing, Nothing, Nothing),
    ] {
        let asked = |prompt| AuthorizationRequest {
            claims: claims(&json!({"id_token": {"acr": acr}})),
            acr_values: vec!["2".to_owned()],
            ..request(prompt)
        };
        let state = signed_in(&["ada"], Some(SCOPE));
        assert_eq!(needed(&asked("none"), &state, NOW), silent, "{acr}");
        assert_eq!(needed(&asked(""), &state, NOW), before, "{acr}");
        assert_eq!(needed(&asked(""), &authenticated("ada", Some(SCOPE)), NOW), after, "{acr}");
    }
}

fn any_state() -> impl Strategy<Value = InteractionState> {
    let names = proptest::collection::vec(prop_oneof![Just("ada"), Just("bob")], 0..3);
    let flags = any::<[bool; 4]>();
    (names, proptest::option::of(prop_oneof![Just("ada"), Just("bob")]), flags, any::<bool>()).prop_map(
        |(names, chosen, [here, given, skips, each_time], consented)| InteractionState {
            chosen: chosen.map(id),
            authenticated_here: here,
            consent_given_here: given,
            client_skips_consent: skips,
            client_must_ask_each_time: each_time,
            ..signed_in(&names, consented.then_some(SCOPE))
        },
    )
}

proptest! {
    #[test]
    fn prompt_none_never_shows_a_page(state in any_state(), max_age in proptest::option::of(0_i64..100), hint in any::<bool>()) {
        let asked = AuthorizationRequest {
            max_age,
            id_token_hint_subject: hint.then(|| "sub-ada".to_owned()),
            ..request("none")
        };
        prop_assert!(matches!(needed(&asked, &state, NOW), Nothing | Refuse(_)));
    }

    #[test]
    fn an_answer_always_has_a_session_of_the_right_user(state in any_state(), prompt in "(login)?( consent)?( select_account)?") {
        let asked = AuthorizationRequest { id_token_hint_subject: Some("sub-ada".to_owned()), ..request(&prompt) };
        if needed(&asked, &state, NOW) == Nothing {
            prop_assert_eq!(selected(&asked, &state).unwrap().subject.as_str(), "sub-ada");
        }
    }

    #[test]
    fn a_user_who_does_what_is_asked_gets_through(state in any_state(), prompt in "(login)?( consent)?( select_account)?", max_age in proptest::option::of(0_i64..100)) {
        let asked = AuthorizationRequest { max_age, ..request(&prompt) };
        let mut state = state;
        for _ in 0..4 {
            match needed(&asked, &state, NOW) {
                Login => state = InteractionState { consent_given_here: state.consent_given_here, ..authenticated("ada", None) },
                SelectAccount => {
                    state.chosen = Some(state.sessions[0].id);
                    state.authenticated_here = false;
                }
                Consent => state.consent_given_here = true,
                Nothing => return Ok(()),
                Refuse(code) => return Err(TestCaseError::fail(code.name())),
            }
        }
        prop_assert!(false, "still not through");
    }
}

/// OpenID Connect Core section 5.5: what is asked for claim by claim needs the user's consent as any scope does.
#[test]
fn a_claim_beyond_the_scope_is_consented_to_by_name_or_with_its_scope() {
    let asked = AuthorizationRequest { claims_beyond_scope: vec!["email".to_owned()], ..request("") };
    for (consented, step) in [
        (Some(SCOPE), Consent),
        (Some("openid profile claim:email"), Nothing),
        (Some("openid profile email"), Nothing),
        (Some("openid profile claim:phone_number"), Consent),
    ] {
        assert_eq!(needed(&asked, &signed_in(&["ada"], consented), NOW), step, "{consented:?}");
    }
    assert_eq!(asked.consented().as_str(), "openid profile claim:email");
    let odd = AuthorizationRequest { claims_beyond_scope: vec!["of the \"firm\"".to_owned()], ..request("") };
    assert!(odd.is_covered_by(&Scope::parse(odd.consented().as_str()).unwrap()));
}
