//! The answer of the authorization endpoint (conformance.md 2.2).

use std::collections::BTreeMap;

use grantor_tests::{Arrival, Left};
use url::Url;

use crate::checks::{id_token, is_unguessable};
use crate::plan::{Flow, Mode, Plan};
use crate::request::Request;
use crate::suite::Suite;

/// What came through the browser.
pub(crate) struct Front {
    pub(crate) code: Option<String>,
    pub(crate) access_token: Option<String>,
    pub(crate) id_token: Option<String>,
}

/// How this plan's answers travel (OAuth 2.0 Multiple Response Types section 2.1).
pub(crate) fn arrives(plan: Plan) -> Arrival {
    match (plan.mode, plan.flow) {
        (Mode::FormPost, _) => Arrival::FormPost,
        (Mode::Default, Flow::B) => Arrival::Query,
        (Mode::Default, _) => Arrival::Fragment,
    }
}

/// A success, where the mode says, with what the response type says and nothing else.
pub(crate) fn is_answer(suite: &Suite, request: &Request, left: &Left) -> Front {
    let plan = suite.plan;
    assert_eq!(left.get("error"), None, "{left}");
    assert_eq!(left.arrival, arrives(plan), "{left}");
    is_delivered(request, left);
    let own: Url = request.get("redirect_uri").expect("redirect_uri").parse().unwrap();
    let kept: Vec<(String, String)> = match left.arrival {
        Arrival::Query => own.query_pairs().into_owned().collect(),
        Arrival::Fragment | Arrival::FormPost => Vec::new(),
    };
    let mut got = BTreeMap::new();
    for (name, value) in left.parameters.iter().filter(|parameter| !kept.contains(parameter)) {
        assert!(got.insert(name.as_str(), value.as_str()).is_none(), "{name} twice: {left}");
    }
    assert_eq!(got.remove("state"), request.get("state"), "state: {left}");
    assert_eq!(got.remove("iss"), Some(suite.host.issuer.as_str()), "iss: {left}");
    got.remove("session_state");

    let mut take = |name: &str, expected: bool| {
        let value = got.remove(name).map(str::to_owned);
        assert_eq!(value.is_some(), expected, "{name}: {left}");
        value
    };
    let code = take("code", plan.flow.gives_code());
    let access_token = take("access_token", plan.flow.gives_token());
    let raw_id_token = take("id_token", plan.flow.gives_id_token());
    if plan.flow.gives_token() {
        let kind = take("token_type", true).unwrap();
        assert!(kind.eq_ignore_ascii_case("bearer"), "token_type: {left}");
        let lifetime = take("expires_in", true).unwrap();
        assert!(lifetime.parse::<u32>().is_ok_and(|seconds| seconds > 0), "expires_in: {left}");
        got.remove("scope"); // RFC 6749 section 4.2.2 allows it
    }
    assert!(got.is_empty(), "not a part of this answer: {got:?} in {left}");

    code.iter().chain(&access_token).for_each(|secret| is_unguessable(secret));
    if let Some(token) = &raw_id_token {
        let hashed: BTreeMap<&str, &str> = [("at_hash", &access_token), ("c_hash", &code)]
            .into_iter()
            .filter_map(|(claim, value)| Some((claim, value.as_deref()?)))
            .collect();
        let claims = id_token::is_good(suite, request, token, &hashed);
        for claim in hashed.keys() {
            assert!(claims.get(*claim).is_some(), "{claim} is needed in the browser: {claims}");
        }
    }
    Front { code, access_token, id_token: raw_id_token }
}

/// At the redirect URI as it was asked for, and nothing anywhere but where it belongs.
fn is_delivered(request: &Request, left: &Left) {
    let expected: Url = request.get("redirect_uri").expect("redirect_uri").parse().unwrap();
    let mut bare = left.to.clone();
    bare.set_fragment(None);
    if left.arrival == Arrival::Query {
        bare.set_query(expected.query());
        let kept = left.to.query().unwrap_or_default().starts_with(expected.query().unwrap_or_default());
        assert!(kept, "the query of the redirect URI: {left}");
    }
    assert_eq!(bare, expected, "{left}");
    if left.arrival != Arrival::Fragment {
        assert_eq!(left.to.fragment(), None, "{left}");
    }
}
