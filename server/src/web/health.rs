//! `/healthz`: the process runs. `/readyz`: it can serve (database and key). `/metrics`: Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::error;

use crate::seal::Seal;
use crate::services::calls::Calls;
use crate::store::Store;
use crate::telemetry::measures;

pub async fn healthz() -> &'static str {
    "ok"
}

/// The key was checked at start, but a rotation may have made another one current since, which is not here.
pub async fn readyz(State((store, seal)): State<(Arc<dyn Store>, Arc<Seal>)>) -> Response {
    if let Some(key) = seal.lacking() {
        let text = format!("master key {key} is current and not configured here");
        return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    }
    match store.ping().await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            error!(error = %error, "The database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response()
        }
    }
}

pub async fn metrics(State(calls): State<Calls>) -> Response {
    for (queue, waiting) in calls.queues() {
        measures::queue_length(queue, waiting);
    }
    match measures::render() {
        Some(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
