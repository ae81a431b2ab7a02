//! The edge of every request: one layer around each handler of both listeners. It is one, and not one for each duty,
//! because each further layer costs a box and a copy of all below it at every request.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use tower::{Service, ServiceExt, layer::layer_fn, service_fn};
use tower_http::catch_panic::CatchPanic;

use crate::app::App;
use crate::cors::{self, Cors};
use crate::error::Failure;
use crate::host;
use crate::observe::Observed;
use crate::visit::Visit;

/// What the edge has to know of the route that it surrounds.
#[derive(Clone, Debug)]
struct Edge {
    app: App,
    route: &'static str,
    cors: Cors,
}

/// A handler with everything that no answer goes without.
pub(crate) fn around(
    handler: MethodRouter<App>,
    app: &App,
    route: &'static str,
    cors: Cors,
) -> MethodRouter<App> {
    let edge = Edge { app: app.clone(), route, cors };
    handler.layer(layer_fn(move |handler| Surrounded { edge: edge.clone(), handler }))
}

/// A handler within its edge. A service of its own, since a middleware made of a function costs a further copy and box.
#[derive(Clone, Debug)]
struct Surrounded<S> {
    edge: Edge,
    handler: S,
}

impl<S: Handler> Service<Request> for Surrounded<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.handler.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // What was polled ready is called, and the clone stays (as tower asks of whoever calls later).
        let unready = self.handler.clone();
        let handler = std::mem::replace(&mut self.handler, unready);
        let edge = self.edge.clone();
        Box::pin(async move { Ok(answer(&edge, request, handler).await) })
    }
}

/// What a route of axum is to its layers.
trait Handler:
    Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Handler for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

async fn answer(edge: &Edge, mut request: Request, handler: impl Handler) -> Response {
    let observed = Observed::begin(&edge.app, edge.route, &mut request);
    let answering = observed.around(guarded(edge, request, handler));
    let mut response = answering.await;
    observed.end(&edge.app, &mut response);
    response
}

async fn guarded(edge: &Edge, request: Request, handler: impl Handler) -> Response {
    let mut response = match host::refusal(&request) {
        Some(refusal) => refusal.into_json(),
        None => in_time(edge, request, handler).await,
    };
    add_common_headers(response.headers_mut());
    response
}

/// Gives up what takes longer than `limits.request_timeout`, and says when to come back.
async fn in_time(edge: &Edge, request: Request, handler: impl Handler) -> Response {
    let (parts, body) = request.into_parts();
    let person = is_a_person(&parts.headers).then(|| Box::new(parts.clone()));
    let answering = unharmed(edge, Request::from_parts(parts, body), handler);
    match tokio::time::timeout(edge.app.config.limits.request_timeout, answering).await {
        Ok(Ok(answer)) => answer,
        Err(_) => Box::pin(late(&edge.app, person)).await,
    }
}

async fn late(app: &App, person: Option<Box<Parts>>) -> Response {
    let failure = Failure::Unavailable("the request took longer than limits.request_timeout".to_owned());
    match person {
        Some(mut parts) => {
            let Ok(visit) = Visit::from_request_parts(&mut parts, app).await;
            visit.error(failure)
        }
        None => failure.into_json(),
    }
}

/// A panic is a defect: answered as one, logged, and the connection lives on.
fn unharmed(
    edge: &Edge,
    request: Request,
    handler: impl Handler,
) -> impl Future<Output = Result<Response, Infallible>> + Send {
    let answering = service_fn(move |request| {
        let answering = across_origins(edge, request, handler.clone());
        async { Ok(answering.await) }
    });
    CatchPanic::custom(answering, panicked).map_response(IntoResponse::into_response).oneshot(request)
}

async fn across_origins(edge: &Edge, request: Request, handler: impl Handler) -> Response {
    let Some(origin) = cors::origin(request.headers()) else {
        let Ok(mut response) = handler.oneshot(request).await;
        edge.cors.vary(&mut response);
        return response;
    };
    if let Some(method) = edge.cors.preflight(&request) {
        return Box::pin(cors::answer_preflight(&edge.app, edge.cors, &origin, &method)).await;
    }
    let Ok(response) = handler.oneshot(request).await;
    Box::pin(cors::mark(&edge.app, edge.cors, origin, response)).await
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn panicked(payload: Box<dyn std::any::Any + Send>) -> Response {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    Failure::Internal(format!("panic: {}", text.unwrap_or("no message"))).into_json()
}

/// Whether a page is wanted, and not an answer for a program.
pub(crate) fn is_a_person(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

fn add_common_headers(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::REFERRER_POLICY) {
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
}
