//! Session Management (OpenID Connect Session Management 1.0): a relying party's page asks a frame of ours whether the user
//! is signed in as before. Where browsers keep cookies from frames of other sites, the frame cannot know, and says so.

use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use grantor_crypto::{Secret, base64url, sha256};
use url::Url;

use crate::extract::{Issuer, STATE_COOKIE};
use crate::pages::assets::source_of;

/// The path of the frame.
pub(crate) const PATH: &str = "/oauth2/sessions/check";

/// Answers `unchanged` or `changed` (section 3.2), and `error` where the question has another form, or the browser does not
/// let the frame see its cookie: a relying party that hears `error` does not ask us again.
const CHECK: &str = "(function () {
  var name = document.documentElement.getAttribute('data-cookie') + '=';
  function browserState() {
    var found = document.cookie.split('; ').filter(function (pair) { return pair.indexOf(name) === 0; });
    return found.length === 1 ? found[0].slice(name.length) : null;
  }
  addEventListener('message', function (event) {
    function answer(text) { event.source.postMessage(text, event.origin); }
    var parts = typeof event.data === 'string' ? event.data.split(' ') : [];
    var salt = parts.length === 2 ? parts[1].split('.')[1] : '';
    var state = browserState();
    if (!salt || state === null || !window.crypto || !crypto.subtle) { answer('error'); return; }
    var text = new TextEncoder().encode([parts[0], event.origin, state, salt].join(' '));
    crypto.subtle.digest('SHA-256', text).then(function (hash) {
      var letters = btoa(String.fromCharCode.apply(null, new Uint8Array(hash)));
      var hashed = letters.replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
      answer(hashed + '.' + salt === parts[1] ? 'unchanged' : 'changed');
    });
  });
})();";

static CONTENT_SECURITY_POLICY: LazyLock<String> =
    LazyLock::new(|| format!("default-src 'none'; script-src {}; base-uri 'none'", source_of(CHECK)));

/// `GET /oauth2/sessions/check` (`check_session_iframe`). Anybody may frame it: it shows nothing, and answers each origin
/// about that origin's own `session_state` only.
pub(crate) async fn get(issuer: Issuer) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\" data-cookie=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>Session</title>\n<script>{CHECK}</script>\n</head>\n<body></body>\n</html>\n",
        STATE_COOKIE.name(&issuer)
    );
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    let resource_policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(resource_policy, HeaderValue::from_static("cross-origin"));
    if let Ok(policy) = HeaderValue::from_str(&CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// `session_state` of an authorization response (section 2): a hash that says nothing by itself. `None` for a redirect URI
/// that no web page can be of.
pub(crate) fn session_state(client_id: &str, redirect_uri: &str, browser_state: &str) -> Option<String> {
    let origin = Url::parse(redirect_uri).ok()?.origin();
    if !origin.is_tuple() {
        return None;
    }
    let salt: String = Secret::generate().expose().chars().take(22).collect();
    Some(salted(client_id, &origin.ascii_serialization(), browser_state, &salt))
}

fn salted(client_id: &str, origin: &str, browser_state: &str, salt: &str) -> String {
    let hash = sha256(format!("{client_id} {origin} {browser_state} {salt}").as_bytes());
    format!("{}.{salt}", base64url::encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_of_client_origin_browser_and_salt() {
        let state = session_state("app", "https://app.example/callback?x=1", "browser").unwrap();
        let (_, salt) = state.split_once('.').unwrap();
        assert_eq!(state, salted("app", "https://app.example", "browser", salt));
        assert!(!state.contains(' ') && salt.len() == 22);
        assert_ne!(state, session_state("app", "https://app.example/callback", "browser").unwrap());
        assert_eq!(session_state("app", "com.example.app:/callback", "browser"), None);
    }
}
