//! placeholder while the REST API is written
use axum::Router;
pub fn router(_services: crate::services::Services) -> Router {
    Router::new()
}
