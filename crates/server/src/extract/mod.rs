//! What handlers are given: each extractor is one decision, made once for every endpoint.

mod authenticated;
mod bearer;
mod body;
mod client_assertion;
mod client_secret;
mod cookies;
mod device;
mod issuer;
mod now;
mod peer;
mod presented_jwt;

pub(crate) use authenticated::{Authenticated, Confirmation, only_authorization, refuse_plain_http};
pub(crate) use bearer::{Bearer, BearerFailure};
pub(crate) use body::unreadable;
pub(crate) use body::{FormBody, JsonBody, QueryParams};
pub(crate) use client_secret::{client_secret, client_secrets, secret_is_right, stored_by_key_is_right};
pub(crate) use cookies::{BrowserCookies, HeldSession, STATE_COOKIE, has_probe_cookie, probe_cookie};
pub(crate) use issuer::{Issuer, address};
pub(crate) use peer::{Connection, Noted, Peer, is_trusted};
pub(crate) use presented_jwt::{Unproved, prove, registered_claims, use_once};
