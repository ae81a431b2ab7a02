//! The consent page: the user sees who asks, for what, and where the answer goes, and says yes or no.

use axum::http::StatusCode;
use axum::response::Response;
use grantor_protocol::claims::standard_scope_of;
use grantor_protocol::{AuthorizationRequest, Step};

use super::{OpenedInteraction, Shown, Submitted, account, client_card};
use crate::authorize::step::{address, advance, deny};
use crate::client_logo;
use crate::pages::Foreign;
use crate::pages::views::{ConsentPage, Destination};
use crate::visit::{Policy, Visit};

const PAGE: &str = "/consent";

/// `GET /consent`: the page, when consent is what is missing; else the interaction goes on from here.
pub(crate) async fn get(Shown { mut visit, opened }: Shown) -> Response {
    if opened.facts().verdict(&visit, false).step == Step::Consent {
        return show(&visit, &opened).await;
    }
    advance(&mut visit, &opened, false).await
}

/// `POST /consent`.
pub(crate) async fn post(submitted: Submitted) -> Response {
    let verdict = submitted.opened.facts().verdict(&submitted.visit, false);
    // The token names the user too, so that a page shown for one account cannot be answered by another (T149).
    let user = verdict.session.as_ref().map(|found| found.user.id.to_string()).unwrap_or_default();
    let bound = format!("{}{user}", submitted.opened.handle);
    if let Err(answer) = submitted.visit.check_form(submitted.field("csrf"), &bound, PAGE).await {
        return answer;
    }
    let decision = submitted.field("decision").map(str::to_owned);
    let Submitted { mut visit, opened, .. } = submitted;
    match decision.as_deref() {
        Some("accept") => advance(&mut visit, &opened, true).await,
        Some("deny") => deny(&visit, &opened).await,
        _ => show(&visit, &opened).await,
    }
}

async fn show(visit: &Visit, opened: &OpenedInteraction) -> Response {
    let Some(session) = opened.facts().verdict(visit, false).session else {
        return visit.redirect(&address(visit, "/login", &opened.handle));
    };
    let bound = format!("{}{}", opened.handle, session.user.id);
    let csrf = match visit.csrf_token(&bound, PAGE).await {
        Ok(csrf) => csrf,
        Err(failure) => return visit.error(failure),
    };
    let request = &opened.interaction.request;
    let scopes: Vec<&str> = request.scope.iter().collect();
    let claims = claims_to_name(visit, request);
    let audiences: Vec<Foreign> =
        request.audience.iter().chain(&request.resource).map(|a| Foreign::shown(a)).collect();
    let page = visit.frame();
    let logo = client_logo::address(visit, &opened.client).await;
    let client = client_card(visit, &opened.client, logo.as_deref());
    let account = account(&session);
    let view = ConsentPage {
        page: &page,
        form: visit.form(PAGE, &csrf, &opened.handle),
        client: &client,
        // Nobody here has looked at a client that registered itself: its name and logo are its own word.
        vouched_for: opened.client.row.registered.is_none(),
        returns_to: destination(&request.redirect_uri),
        account: &account,
        scopes: &scopes,
        claims: &claims,
        audiences: &audiences,
        remembered: !opened.client.row.metadata.asks_consent_each_time(),
    };
    visit.page(StatusCode::OK, &view, &Policy::Form)
}

/// The claims that the request releases and no standard scope of it: asked for one by one, or released by a scope of the
/// operator's own.
fn claims_to_name<'a>(visit: &'a Visit, request: &'a AuthorizationRequest) -> Vec<&'a str> {
    let of_scope = visit.app.config.claims.scopes.released_by(&request.scope);
    let is_said = |claim: &&str| standard_scope_of(claim).is_some_and(|scope| request.scope.contains(scope));
    let one_by_one = request.claims_beyond_scope.iter().map(String::as_str);
    of_scope.into_iter().filter(|claim| !is_said(claim)).chain(one_by_one).collect()
}

fn destination(redirect_uri: &str) -> Destination {
    let parsed = url::Url::parse(redirect_uri).ok();
    let web = parsed.filter(|url| matches!(url.scheme(), "https" | "http"));
    match web.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain("localhost")) | None => Destination::ThisDevice,
        Some(url::Host::Ipv4(address)) if address.is_loopback() => Destination::ThisDevice,
        Some(url::Host::Ipv6(address)) if address.is_loopback() => Destination::ThisDevice,
        Some(host) => Destination::Host(Foreign::shown(&host.to_string())),
    }
}
