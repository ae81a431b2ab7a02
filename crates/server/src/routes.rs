//! THE table: every path of both listeners, what answers it, who may read it across origins, and which metadata member
//! names it. Discovery reads the same rows.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, delete, get, head, post};

use crate::app::App;
use crate::cors::Cors;
use crate::discovery::EndpointMember;
use crate::visit::Visit;
use crate::{
    account, admin, asset, authorize, client_logo, discovery, edge, end_session, health, interact,
    introspect, jwks, logout, metrics, mounted, openapi, playground, register, revoke, self_check,
    session_management, token, userinfo,
};

/// Which socket a path is served on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// Where relying parties and browsers come.
    Public,
    /// Where operators come.
    Admin,
}

/// One row of the table.
pub(crate) struct Route {
    /// The path, without the issuer's own.
    pub path: &'static str,
    /// Where it is served.
    pub listener: Listener,
    /// Who may read it across origins.
    pub cors: Cors,
    /// The metadata member that publishes it.
    pub metadata: Option<EndpointMember>,
    /// Whether programs call it, so that the description of [`openapi`] has it.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold the description against it"))]
    pub described: bool,
    handler: MethodRouter<App>,
}

/// Every route.
#[rustfmt::skip]
pub(crate) fn table() -> Vec<Route> {
    use Cors::{Anywhere, Clients, Nowhere};
    use EndpointMember as Member;
    let public = |path, cors, metadata, handler| Route { path, listener: Listener::Public, cors, metadata, described: true, handler };
    let page = |path, handler| Route { path, listener: Listener::Public, cors: Nowhere, metadata: None, described: false, handler };
    let admin_only = |path, handler| Route { path, listener: Listener::Admin, cors: Nowhere, metadata: None, described: false, handler };
    vec![
        // Relying parties
        public("/oauth2/auth", Nowhere, Some(Member::Authorization), no_head("GET, POST").get(authorize::get).post(authorize::post)),
        public("/oauth2/token", Clients, Some(Member::Token), post(token::post)),
        public("/oauth2/revoke", Clients, Some(Member::Revocation), post(revoke::post)),
        public("/oauth2/introspect", Nowhere, Some(Member::Introspection), post(introspect::post)),
        public("/userinfo", Clients, Some(Member::Userinfo), get(userinfo::answer).post(userinfo::answer)),
        public("/.well-known/openid-configuration", Anywhere, None, get(discovery::get)),
        public("/.well-known/oauth-authorization-server", Anywhere, None, get(discovery::get)),
        public("/.well-known/jwks.json", Anywhere, Some(Member::Jwks), get(jwks::get)),
        public("/oauth2/register", Clients, Some(Member::Registration), post(register::create)),
        public("/oauth2/register/{id}", Clients, None, get(register::read).put(register::replace).delete(register::delete)),
        public("/connect/register", Clients, None, post(register::create)),
        public("/connect/register/{id}", Clients, None, get(register::read).put(register::replace).delete(register::delete)),
        public("/openapi.json", Anywhere, None, get(openapi::get)),
        public(end_session::PATH, Nowhere, Some(Member::EndSession), no_head("GET, POST").get(end_session::get).post(end_session::post)),
        Route { metadata: Some(Member::CheckSession), ..page(session_management::PATH, get(session_management::get)) },
        // People
        page("/oauth2/auth/continue", no_head("GET").get(authorize::resume)),
        page("/login", get(interact::login::get).post(interact::login::post)),
        page("/select-account", get(interact::select_account::get).post(interact::select_account::post)),
        page("/consent", no_head("GET, POST").get(interact::consent::get).post(interact::consent::post)),
        page("/logout", get(logout::get).post(logout::post)),
        page("/account", get(account::get).post(account::post)),
        page("/account/login", get(account::login::get).post(account::login::post)),
        page("/error", get(interact::error_page)),
        page("/assets/{file}", get(asset::get)),
        page("/client-logo/{client}/{version}", get(client_logo::get)),
        page("/", get(playground::get)),
        page("/playground/callback", get(playground::get)),
        // Whoever watches over us
        public("/health/alive", Nowhere, None, get(health::alive)),
        public("/health/ready", Nowhere, None, get(health::ready)),
        page(self_check::PATH, get(self_check::answer)),
        // Operators
        admin_only("/health/alive", get(health::alive)),
        admin_only("/health/ready", get(health::ready)),
        admin_only("/version", get(health::version)),
        admin_only("/metrics", get(metrics::get)),
        admin_only("/admin/oauth2/introspect", post(introspect::admin)),
        admin_only("/admin/logouts", get(logout::health::list)),
        admin_only("/admin/users/{sub}/sessions", get(admin::sessions::list).delete(admin::sessions::end_all)),
        admin_only("/admin/sessions/{id}", delete(admin::sessions::end)),
        admin_only("/admin/users/{sub}/grants", get(admin::grants::list)),
        admin_only("/admin/users/{sub}/grants/{client_id}", delete(admin::grants::disconnect)),
        admin_only("/admin/oauth2/auth/sessions/login", delete(admin::sessions::end_login_sessions)),
        admin_only("/admin/oauth2/auth/sessions/consent", get(admin::consent_sessions::list).delete(admin::consent_sessions::revoke)),
        admin_only("/admin/registration/tokens", get(register::tokens::list).post(register::tokens::create)),
        admin_only("/admin/registration/tokens/{id}", delete(register::tokens::revoke)),
    ]
}

/// For a GET that can end in a grant. HEAD must change nothing (RFC 9110 section 9.2.1), so it is not served there.
fn no_head(allow: &'static str) -> MethodRouter<App> {
    head(move || async move { (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, allow)]) })
}

/// The router of one listener.
pub(crate) fn router(app: &App, listener: Listener) -> Router {
    let around = |handler: MethodRouter<App>, path, cors| {
        let handler = match listener {
            Listener::Public => handler,
            Listener::Admin => {
                handler.layer(middleware::from_fn_with_state(app.clone(), admin::authenticate))
            }
        };
        edge::around(handler, app, path, cors)
    };
    let mut router = Router::new();
    for route in table().into_iter().filter(|route| route.listener == listener) {
        router = router.route(route.path, around(route.handler, route.path, route.cors));
    }
    let nowhere = match listener {
        Listener::Public => any(nothing_here),
        Listener::Admin => any(not_found),
    };
    let nowhere = around(nowhere, UNKNOWN, Cors::Nowhere).with_state(app.clone());
    let router = router.fallback_service(nowhere).with_state(app.clone());
    match listener {
        Listener::Public => mounted::under(app.config.issuer.path(), router),
        Listener::Admin => router,
    }
}

/// The route, in logs and metrics, of every address that leads nowhere.
const UNKNOWN: &str = "unknown";

/// What stands at an address that leads nowhere: a person sees a page, a program reads JSON.
pub(crate) async fn nothing_here(visit: Visit, headers: HeaderMap) -> Response {
    if edge::is_a_person(&headers) { visit.not_found() } else { not_found().await }
}

async fn not_found() -> Response {
    let body = serde_json::json!({
        "error": "not_found",
        "error_description": "There is nothing at this address.",
    });
    (StatusCode::NOT_FOUND, axum::Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::discovery::{Offered, published};
    use grantor_protocol::{ClaimScopes, ResponseType};

    /// What discovery says of a server that has everything on, as a client reads it.
    fn members() -> serde_json::Map<String, Value> {
        let offered = Offered {
            registration: true,
            response_types: vec![ResponseType::CODE],
            unsigned: true,
            request_uris_are_registered: true,
            claims: ClaimScopes::default(),
            ui_locales: vec!["en".to_owned()],
            policy: None,
            terms: None,
        };
        let document = serde_json::to_value(published("https://id.example", &offered)).unwrap();
        document.as_object().unwrap().clone()
    }

    #[test]
    fn every_address_that_discovery_names_is_a_route_and_every_route_with_a_member_is_named() {
        let table = table();
        let addresses: Vec<(String, String)> = members()
            .into_iter()
            .filter(|(name, _)| {
                name.ends_with("_endpoint") || ["jwks_uri", "check_session_iframe"].contains(&name.as_str())
            })
            .map(|(name, value)| (name, value.as_str().unwrap().to_owned()))
            .collect();
        for (name, address) in &addresses {
            let path = address.strip_prefix("https://id.example").unwrap();
            let served = table.iter().any(|route| route.path == path && route.listener == Listener::Public);
            assert!(served, "{name} names {path}, which is not served");
        }
        let named = table.iter().filter(|route| route.metadata.is_some()).count();
        assert_eq!(named, addresses.len(), "{addresses:?}");
    }

    /// conformance.md 3.5: the suite warns of members it does not know; vendor members stay out.
    #[test]
    fn discovery_has_no_member_of_our_own_and_no_empty_list() {
        for (name, value) in members() {
            assert!(!name.contains("grantor"), "{name}");
            assert_ne!(value, Value::Array(Vec::new()), "{name}");
        }
    }

    #[test]
    fn no_path_is_served_twice_on_a_listener() {
        let mut seen = std::collections::HashSet::new();
        for route in table() {
            assert!(seen.insert((route.path, route.listener == Listener::Admin)), "{}", route.path);
        }
    }

    /// RFC 9700 section 2.6: the authorization endpoint and the pages allow no cross-origin reading.
    #[test]
    fn pages_and_the_authorization_endpoint_have_no_cors() {
        for path in [
            "/oauth2/auth",
            "/login",
            "/consent",
            "/select-account",
            "/logout",
            "/account",
            "/account/login",
            "/error",
        ] {
            let table = table();
            let route = table.iter().find(|route| route.path == path).unwrap();
            assert_eq!(route.cors, Cors::Nowhere, "{path}");
        }
    }
}
