//! The requests of the crates `oauth2` and `openidconnect`, sent our way.

use std::pin::Pin;

use bytes::Bytes;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};

use crate::egress::{Egress, FetchError};

pub struct Http<'a>(pub &'a Egress);

impl<'c> AsyncHttpClient<'c> for Http<'_> {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.0.fetch(request.map(Bytes::from)).await?;
            Ok(answer.map(|body| body.to_vec()))
        })
    }
}
