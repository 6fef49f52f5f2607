//! Small answers, whole: metadata, keys, tokens. Whoever answers is not trusted to be short or quick.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};

use super::Egress;
use super::error::FetchError;

const USER_AGENT: &str = concat!("overkey/", env!("CARGO_PKG_VERSION"));

/// What an answer may cost us.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    pub bytes: usize,
    /// From the first look-up to the last byte.
    pub time: Duration,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            bytes: 256 * 1024,
            time: Duration::from_secs(10),
        }
    }
}

pub async fn fetch(egress: &Egress, request: Request<Bytes>) -> Result<Response<Bytes>, FetchError> {
    let FetchLimits { bytes, time } = egress.limits;
    tokio::time::timeout(time, whole(egress, request, bytes))
        .await
        .map_err(|_| FetchError::TimedOut(time))?
}

async fn whole(egress: &Egress, mut request: Request<Bytes>, limit: usize) -> Result<Response<Bytes>, FetchError> {
    let headers = request.headers_mut();
    // Nothing is unpacked here: a small answer could become a large one.
    headers.remove(header::ACCEPT_ENCODING);
    headers
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(USER_AGENT));
    let (head, body) = egress.send(request.map(Full::new)).await?.into_parts();
    let read = Limited::new(body, limit).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            FetchError::TooLarge(limit)
        } else {
            FetchError::Cut
        }
    })?;
    Ok(Response::from_parts(head, read.to_bytes()))
}
