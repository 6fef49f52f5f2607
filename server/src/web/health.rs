//! `/healthz`: the process runs. `/readyz`: it can serve (database and key). `/metrics`: Prometheus.

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::error;

use crate::store::Store;

pub async fn healthz() -> &'static str {
    "ok"
}

/// The key was checked at start and cannot change while we run, so the database is what can fail.
pub async fn readyz(State(store): State<Arc<dyn Store>>) -> Response {
    match store.ping().await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            error!(error = %error, "The database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response()
        }
    }
}

pub async fn metrics() -> Response {
    match recorder() {
        Some(handle) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The process's one recorder, installed when first asked for.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| PrometheusBuilder::new().install_recorder().ok())
        .as_ref()
}
