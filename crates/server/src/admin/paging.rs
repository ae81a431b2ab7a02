//! Listings of the admin listener come in pages, as Hydra's do: `page_size`, `page_token`, and a `Link` to the next.

use std::str::FromStr;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grantor_protocol::{ErrorCode, Params};
use serde_json::{Value, json};

use crate::error::{Failure, no_store};
use crate::extract::unreadable;

const USUAL_SIZE: usize = 100;
const LARGEST_SIZE: usize = 500;

/// Which page is asked for: after which row, and how long.
pub(super) struct Page<T> {
    after: Option<T>,
    size: usize,
}

impl<T: FromStr + Copy> Page<T> {
    /// From the query.
    pub(super) fn read(query: &Params) -> Result<Self, Failure> {
        let size = match single(query, "page_size")? {
            None => USUAL_SIZE,
            Some(text) => match text.parse::<usize>() {
                Ok(size) if (1..=LARGEST_SIZE).contains(&size) => size,
                _ => return Err(refused("page_size", "a number from 1 to 500", text)),
            },
        };
        let after = match single(query, "page_token")? {
            None => None,
            Some(text) => {
                let expected = "a token of the Link of another page";
                Some(text.parse().map_err(|_| refused("page_token", expected, text))?)
            }
        };
        Ok(Self { after, size })
    }

    /// The row before the page.
    pub(super) fn after(&self) -> Option<T> {
        self.after
    }

    /// How many rows to read: one more than the page has, to know whether there is another.
    pub(super) fn limit(&self) -> i64 {
        i64::try_from(self.size + 1).unwrap_or(i64::MAX)
    }

    /// Takes off the row that only told that there are more; the last that is left leads to them.
    pub(super) fn cut<R>(&self, rows: &mut Vec<R>, id: impl Fn(&R) -> String) -> Option<String> {
        let has_more = rows.len() > self.size;
        rows.truncate(self.size);
        rows.last()
            .filter(|_| has_more)
            .map(|last| format!("page_size={}&page_token={}", self.size, id(last)))
    }
}

/// A page of a listing; `next` is what leads to the one after it.
pub(super) fn answer(path: &str, rows: Vec<Value>, next: Option<String>) -> Response {
    let mut response = Json(Value::Array(rows)).into_response();
    no_store(&mut response);
    if let Some(next) = next
        && let Ok(link) = HeaderValue::from_str(&format!("<{path}{next}>; rel=\"next\""))
    {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// The answer to what was done.
pub(super) fn no_content() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    no_store(&mut response);
    response
}

/// The answer where there is nothing of that name.
pub(super) fn not_found(what: &str) -> Response {
    let body = json!({ "error": "not_found", "error_description": format!("There is no such {what}.") });
    let mut response = (StatusCode::NOT_FOUND, Json(body)).into_response();
    no_store(&mut response);
    response
}

/// A parameter that must not repeat.
pub(super) fn single<'a>(query: &'a Params, name: &str) -> Result<Option<&'a str>, Failure> {
    query.single(name).map_err(|error| unreadable("query", &error))
}

/// A parameter with a value that is none of its.
pub(super) fn refused(name: &'static str, expected: &str, received: &str) -> Failure {
    Failure::refused(ErrorCode::InvalidRequest, name, expected, received)
}
