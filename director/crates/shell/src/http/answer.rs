//! One request and its answer.

use super::content::Content;
use super::guest::Guest;
use super::query::{argument, is_local_name};
use super::{PATIENCE, Site, stream};
use crate::control::{self, VERSION};
use crate::metrics;
use crate::order::Order;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

const PAGE: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
const ICON: &str = include_str!("page/icon.svg");

/// Nothing of elsewhere, and nothing that is written into the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
/// Where orders are posted.
const ORDERS: &str = "/api/v1/orders";
const JSON: &str = "application/json";

/// Answers the requests of one connection.
pub(super) struct Desk {
    site: Site,
    guest: Guest,
    listeners: Arc<Semaphore>,
    /// While events go over the connection.
    heard: Arc<()>,
}

/// Status, content type, body.
type Answer = (StatusCode, &'static str, Content);

impl Desk {
    pub(super) fn new(site: Site, guest: Guest, listeners: Arc<Semaphore>) -> Self {
        Self { site, guest, listeners, heard: Arc::new(()) }
    }

    /// Whether events go over the connection.
    pub(super) fn is_heard(&self) -> bool {
        Arc::strong_count(&self.heard) > 1
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Content> {
        let head = request.method() == Method::HEAD;
        let (status, kind, body) = self.judge(request).await;
        let length = match &body {
            Content::Whole(bytes) => Some(HeaderValue::from(bytes.len())),
            Content::Parts(_) => None,
        };
        let mut response = Response::new(if head { Content::Whole(Bytes::new()) } else { body });
        *response.status_mut() = status;
        let fixed = [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        let headers = response.headers_mut();
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, length);
        }
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    async fn judge(&self, request: Request<Incoming>) -> Answer {
        let name = request.headers().get(header::HOST);
        if self.guest.may_be_tricked() && !is_local_name(name) {
            let why =
                "ask under an address or as localhost: any other name may be somebody's trick";
            return failed(StatusCode::MISDIRECTED_REQUEST, why);
        }
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        match (request.method(), path) {
            (&Method::POST, ORDERS) => self.order(request).await,
            (&Method::GET, "/api/v1/events") => self.listen().await,
            (&Method::GET | &Method::HEAD, _) => self.find(path, query).await,
            _ => failed(StatusCode::METHOD_NOT_ALLOWED, "this is for reading: GET it"),
        }
    }

    /// An order, or a question, in the words of the control socket.
    async fn order(&self, request: Request<Incoming>) -> Answer {
        let Some(who) = self.guest.author() else {
            let why = "orders are for those whose certificate is among `operators` of [api]";
            return failed(StatusCode::FORBIDDEN, why);
        };
        // A form of somebody else's page cannot say this, and would be sent with the certificate.
        if request.headers().get(header::CONTENT_TYPE) != Some(&HeaderValue::from_static(JSON)) {
            let why = "an order is Content-Type: application/json";
            return failed(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
        }
        let body = Limited::new(request.into_body(), control::LONGEST);
        let Ok(Ok(body)) = timeout(PATIENCE, body.collect()).await else {
            return failed(StatusCode::BAD_REQUEST, "an order is one object of at most 4096 bytes");
        };
        let body = body.to_bytes();
        let Site { orders, counters, limit, .. } = self.site.clone();
        let desk = control::Desk { orders, limit, counters, who };
        let answer = desk.answer(&String::from_utf8_lossy(&body)).await;
        let status = match (answer.get("refused"), answer.get("error")) {
            (Some(_), _) => StatusCode::CONFLICT,
            (None, Some(_)) => StatusCode::BAD_REQUEST,
            (None, None) => StatusCode::OK,
        };
        (status, JSON, whole(answer.to_string()))
    }

    /// Every event from now on.
    async fn listen(&self) -> Answer {
        let Ok(place) = Arc::clone(&self.listeners).try_acquire_owned() else {
            let why = "too many listen already; /api/v1/history has what has happened";
            return failed(StatusCode::SERVICE_UNAVAILABLE, why);
        };
        let Some(events) = self.ask(Order::Listen).await else { return ending() };
        let (reader, parts) = mpsc::channel(stream::WAITING);
        let heard = Arc::clone(&self.heard);
        tokio::spawn(async move {
            stream::tell(events, reader).await;
            drop((place, heard));
        });
        (StatusCode::OK, "text/event-stream", Content::Parts(parts))
    }

    async fn find(&self, path: &str, query: &str) -> Answer {
        let fixed = |kind, text: &'static str| {
            (StatusCode::OK, kind, Content::Whole(Bytes::from_static(text.as_bytes())))
        };
        match path {
            "/" => fixed("text/html; charset=utf-8", PAGE),
            "/page.css" => fixed("text/css; charset=utf-8", STYLE),
            "/page.js" => fixed("text/javascript; charset=utf-8", SCRIPT),
            "/icon.svg" => fixed("image/svg+xml", ICON),
            "/metrics" => self.metrics().await,
            "/api/v1/status" => match self.ask(Order::Status).await {
                Some(view) => told(&json!({ "version": VERSION, "status": view })),
                None => ending(),
            },
            "/api/v1/counters" => self.count().await,
            "/api/v1/history" => self.past(argument(query, "service").as_deref()),
            "/api/v1/explain" => self.explain(argument(query, "subject")).await,
            _ => failed(
                StatusCode::NOT_FOUND,
                "there are /, /metrics and /api/v1/status, counters, \
                history, explain, events and orders",
            ),
        }
    }

    async fn metrics(&self) -> Answer {
        let text = self.ask(Order::Metrics).await;
        let (Some(text), Some(view)) = (text, self.ask(Order::Status).await) else {
            return ending();
        };
        let text = self.site.counters.join(text, &view).await;
        (StatusCode::OK, metrics::CONTENT_TYPE, whole(text))
    }

    async fn count(&self) -> Answer {
        let Some(view) = self.ask(Order::Status).await else { return ending() };
        match self.site.counters.read().await {
            Ok(reading) => told(&json!({ "version": VERSION, "counters": reading.of(&view) })),
            Err(why) => failed(StatusCode::SERVICE_UNAVAILABLE, &why),
        }
    }

    fn past(&self, service: Option<&str>) -> Answer {
        let history = match service {
            None => Some(self.site.history.all()),
            Some(service) => self.site.history.of(service),
        };
        match history {
            Some(history) => told(&json!({ "version": VERSION, "history": history })),
            None => failed(StatusCode::NOT_FOUND, "there is no such service"),
        }
    }

    async fn explain(&self, subject: Option<String>) -> Answer {
        let Some(subject) = subject else {
            return failed(StatusCode::BAD_REQUEST, "say of what: ?subject=10.0.0.21");
        };
        match self.ask(|reply| Order::Explain(subject, reply)).await {
            None => ending(),
            Some(found) if found.is_empty() => {
                failed(StatusCode::NOT_FOUND, "nothing is called so; /api/v1/status lists all")
            }
            Some(found) => told(&json!({ "version": VERSION, "explanation": found })),
        }
    }

    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.site.orders.send(question(reply)).await.ok()?;
        answer.await.ok()
    }
}

fn whole(text: String) -> Content {
    Content::Whole(text.into())
}

fn told(value: &Value) -> Answer {
    (StatusCode::OK, JSON, whole(value.to_string()))
}

fn failed(status: StatusCode, why: &str) -> Answer {
    let mut body = json!({ "version": VERSION, "error": why }).to_string();
    body.push('\n');
    (status, JSON, whole(body))
}

fn ending() -> Answer {
    failed(StatusCode::SERVICE_UNAVAILABLE, "this director is ending")
}
