//! The pages' style sheets, pictures and script: addressed by their content, so browsers may keep them for ever.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::pages::assets::{CACHE_CONTROL, PICTURE_POLICY};
use crate::visit::Visit;

/// `GET /assets/{file}`.
pub(crate) async fn get(State(app): State<App>, visit: Visit, Path(file): Path<String>) -> Response {
    let Some(asset) = app.assets.find(&file) else {
        return visit.not_found();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHE_CONTROL)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PICTURE_POLICY)),
    ];
    (headers, asset.bytes.clone()).into_response()
}
