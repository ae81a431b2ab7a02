//! An issuer with a path: the same routes, whether the proxy takes the path off or leaves it, or there is none. RFC 8414
//! section 3.1 puts the well-known name of metadata in front of the path.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use tower::ServiceExt;
use tower::util::MapRequest;

use crate::routes::{Listener, table};

/// Documents that clients look for in front of the path of an issuer, too.
const INSERTED: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

/// A router that is also there under the path of its issuer.
pub(crate) fn under(path: &str, router: Router) -> Router {
    if path.is_empty() || is_one_of_ours(path) {
        return router;
    }
    // Cloned with the router for every request.
    let path: Arc<str> = path.into();
    let mapped: MapRequest<Router, _> = router.map_request(move |request| without(&path, request));
    Router::new().fallback_service(mapped)
}

/// A path that begins like one of our own could be either, so there the proxy has to take it off.
fn is_one_of_ours(path: &str) -> bool {
    let first = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
    table()
        .iter()
        .filter(|route| route.listener == Listener::Public)
        .any(|route| route.path != "/" && first(route.path) == first(path))
}

fn without(issuer_path: &str, mut request: Request) -> Request {
    if let Some(path) = our_path(issuer_path, request.uri().path())
        && let Some(uri) = at(&path, request.uri())
    {
        *request.uri_mut() = uri;
    }
    request
}

/// The path of ours that one under the issuer's path stands for; `None` when it is not under it.
fn our_path(issuer_path: &str, path: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix(issuer_path) {
        match rest {
            "" => return Some("/".to_owned()),
            rest if rest.starts_with('/') => return Some(rest.to_owned()),
            _ => {}
        }
    }
    INSERTED.into_iter().find(|name| path.strip_prefix(*name) == Some(issuer_path)).map(str::to_owned)
}

fn at(path: &str, uri: &Uri) -> Option<Uri> {
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_issuer_is_taken_off_whole_or_not_at_all() {
        for (path, expected) in [
            ("/auth/oauth2/token", Some("/oauth2/token")),
            ("/auth/", Some("/")),
            ("/auth", Some("/")),
            ("/auth/auth/login", Some("/auth/login")),
            ("/oauth2/token", None),
            ("/authentic/login", None),
            ("/Auth/login", None),
            ("/auth//token", Some("//token")),
        ] {
            assert_eq!(our_path("/auth", path).as_deref(), expected, "{path}");
        }
    }

    /// RFC 8414 section 3.1; section 5 for the name that OpenID Connect has.
    #[test]
    fn metadata_is_also_where_its_name_stands_in_front_of_the_path() {
        for name in INSERTED {
            assert_eq!(our_path("/a/b", &format!("{name}/a/b")).as_deref(), Some(name));
            assert_eq!(our_path("/a/b", &format!("{name}/a")), None);
            assert_eq!(our_path("/a/b", &format!("/a/b{name}")).as_deref(), Some(name));
        }
        assert_eq!(our_path("/a", "/.well-known/jwks.json/a"), None);
    }

    #[test]
    fn a_query_stays_as_it_is() {
        let uri: Uri = "/auth/login?a=%2Fauth%2F&b".parse().unwrap();
        assert_eq!(at("/login", &uri).unwrap(), "/login?a=%2Fauth%2F&b");
        let uri: Uri = "https://id.example/auth/login".parse().unwrap();
        assert_eq!(at("/login", &uri).unwrap(), "https://id.example/login");
    }

    #[test]
    fn an_issuer_path_that_begins_like_a_route_stays_the_proxys_matter() {
        assert!(is_one_of_ours("/oauth2") && is_one_of_ours("/login/x") && is_one_of_ours("/account"));
        assert!(!is_one_of_ours("/auth") && !is_one_of_ours("/oauth"));
    }
}
