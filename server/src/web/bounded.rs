//! What pages, REST and logins together may take: so many requests at once, and so long for a body to arrive. Calls have limits of
//! their own (`gateway::limits`), so a flood here does not touch them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::{Frame, SizeHint};
use tokio::sync::Semaphore;
use tokio::time::Sleep;

use crate::telemetry::measures;

const AT_ONCE: usize = 512;

#[derive(Debug, Clone)]
pub struct Bounded {
    places: Arc<Semaphore>,
    body_timeout: Duration,
}

impl Bounded {
    pub fn new(body_timeout: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            body_timeout,
        }
    }
}

/// Refuses at once what comes when there is no place.
pub async fn bounded(State(bounded): State<Bounded>, request: Request, next: Next) -> Response {
    let Ok(_place) = bounded.places.try_acquire() else {
        measures::limited("requests");
        return too_busy("Overkey has too much to do just now. Try again in a few seconds.");
    };
    let request = request.map(|body| {
        if body.is_end_stream() {
            return body;
        }
        Body::new(InTime {
            body,
            patience: bounded.body_timeout,
            until: None,
        })
    });
    next.run(request).await
}

pub fn too_busy(text: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], text).into_response()
}

/// A body that ends with an error when it is not there in time. The time runs from when it is first waited for.
struct InTime {
    body: Body,
    patience: Duration,
    until: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
struct TooSlow;

impl HttpBody for InTime {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let patience = this.patience;
        let until = this.until.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(until.as_mut().poll(context));
        Poll::Ready(Some(Err(axum::Error::new(TooSlow))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::post;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    fn router(bounded_by: Bounded) -> Router {
        let read = |body: Body| async move {
            match body.collect().await {
                Ok(body) => (StatusCode::OK, body.to_bytes()),
                Err(error) => (StatusCode::BAD_REQUEST, error.to_string().into()),
            }
        };
        Router::new()
            .route("/", post(read))
            .layer(from_fn_with_state(bounded_by, bounded))
    }

    async fn send(router: &Router, body: Body) -> (StatusCode, String) {
        let request = Request::post("/").body(body).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        if parts.status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(parts.headers["retry-after"], "5");
        }
        let text = body.collect().await.unwrap().to_bytes();
        (parts.status, String::from_utf8(text.to_vec()).unwrap())
    }

    fn endless() -> Body {
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>("begun")]);
        Body::from_stream(futures_util::StreamExt::chain(first, futures_util::stream::pending()))
    }

    #[tokio::test]
    async fn e5_a_body_that_never_ends_is_not_waited_for() {
        let router = router(Bounded::new(Duration::from_millis(20)));
        let sent = tokio::time::timeout(Duration::from_secs(5), send(&router, endless())).await;
        let (status, text) = sent.unwrap();
        assert_eq!(
            (status, text.as_str()),
            (StatusCode::BAD_REQUEST, "the body did not arrive in time")
        );
        assert_eq!(
            send(&router, Body::from("all")).await,
            (StatusCode::OK, "all".to_owned())
        );
    }

    #[tokio::test]
    async fn what_comes_when_no_place_is_left_is_503_until_one_is() {
        let bounds = Bounded::new(Duration::from_secs(60));
        let router = router(bounds.clone());
        let mut running: Vec<_> = (0..AT_ONCE).map(|_| Box::pin(send(&router, endless()))).collect();
        for request in &mut running {
            assert!(futures_util::FutureExt::now_or_never(request.as_mut()).is_none());
        }
        assert_eq!(send(&router, Body::empty()).await.0, StatusCode::SERVICE_UNAVAILABLE);
        running.pop();
        assert_eq!(send(&router, Body::empty()).await.0, StatusCode::OK);
        drop(running);
        assert_eq!(bounds.places.available_permits(), AT_ONCE);
    }
}
