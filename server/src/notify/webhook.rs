//! Webhooks as Standard Webhooks has them: an id that stays the same for each try, the time of this try, and an HMAC-SHA-256 over both
//! and the body. Whoever checks the signature, that the time is near, and that the id is new, cannot be fooled by a recording.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::timestamp::Timestamp;
use hmac::{Hmac, Mac};
use http::{Method, Request, StatusCode, Uri, header};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::address;
use crate::config::WebhookConfig;
use crate::egress::Egress;
use crate::services::notices::outbox::Tried;
use crate::store::NoticeRow;

pub struct Webhook {
    egress: Egress,
    uri: Option<Uri>,
    key: Zeroizing<Vec<u8>>,
}

impl Webhook {
    pub fn new(egress: Egress, config: &WebhookConfig) -> Self {
        Self {
            egress,
            uri: address(&config.url),
            key: config.key.clone(),
        }
    }

    pub async fn send(&self, row: &NoticeRow, now: Timestamp) -> Tried {
        let Some(request) = self.request(row, now) else {
            return Tried::Never("the webhook's address cannot be called".to_owned());
        };
        match self.egress.fetch(request).await {
            Ok(answer) if answer.status().is_success() => Tried::Sent,
            // "No more of these."
            Ok(answer) if answer.status() == StatusCode::GONE => Tried::Never("the receiver answered 410".to_owned()),
            Ok(answer) => Tried::Later(format!("the receiver answered {}", answer.status().as_u16())),
            Err(error) => Tried::Later(error.to_string()),
        }
    }

    fn request(&self, row: &NoticeRow, now: Timestamp) -> Option<Request<Bytes>> {
        let id = format!("msg_{}", row.id);
        let signature = sign(&self.key, &id, now, &row.payload)?;
        Request::builder()
            .method(Method::POST)
            .uri(self.uri.clone()?)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.0)
            .header("webhook-signature", signature)
            .body(Bytes::from(row.payload.clone()))
            .ok()
    }
}

fn sign(key: &[u8], id: &str, at: Timestamp, body: &str) -> Option<String> {
    // A key of any length will do.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{}.{body}", at.0).as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that Standard Webhooks' own libraries are tested with.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = sign(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            Timestamp(1_614_265_330),
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
