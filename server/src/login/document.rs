//! A client's own description, at the address that is its id (OAuth Client ID Metadata Documents). Fetched anew for each consent, through
//! `egress`, and only when somebody who is signed in comes with it: we are nobody's way to reach other places.

use bytes::Bytes;
use domain::login::client::{Client, Described};
use http::{Method, Request, StatusCode, header};
use tracing::warn;
use url::Url;

use super::Login;

impl Login {
    /// `None`: nothing that we take is there; why stands in the log.
    pub(super) async fn described_at(&self, id: &Url) -> Option<Client> {
        match self.fetch_description(id).await {
            Ok(client) => Some(client),
            Err(reason) => {
                warn!(client = %id, reason, "A client's description was not taken");
                None
            }
        }
    }

    async fn fetch_description(&self, id: &Url) -> Result<Client, String> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(id.as_str())
            .header(header::ACCEPT, "application/json")
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        let answer = self.0.egress.fetch(request).await.map_err(|error| error.to_string())?;
        if answer.status() != StatusCode::OK {
            return Err(format!("it is answered with {}", answer.status().as_u16()));
        }
        let described: Described =
            serde_json::from_slice(answer.body()).map_err(|_| "it is no such JSON".to_owned())?;
        Client::described_at(id, &described).map_err(|error| error.to_string())
    }
}
