//! The way out, against listeners that notice every connection (F1-F5).

mod addresses;
mod errors;
mod fetch;
mod http2;

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http_body_util::Full;
use server::egress::{Egress, EgressConfig, EgressError, FetchLimits, PING, Resolve};

use crate::support::names::Names;
use crate::support::{PATIENCE, soon};

/// Long enough to begin something, short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

fn config(allow: &[&str]) -> EgressConfig {
    EgressConfig {
        allow: allow.iter().map(|network| network.parse().unwrap()).collect(),
        connect_timeout: PATIENCE,
        ping: PING,
        trust: Vec::new(),
        fetch: FetchLimits {
            time: PATIENCE,
            ..FetchLimits::default()
        },
    }
}

fn with_names(allow: &[&str], names: &Arc<Names>) -> Egress {
    let names: Arc<dyn Resolve> = names.clone();
    Egress::new(&config(allow), &names)
}

fn get<B: Default>(uri: &str) -> Request<B> {
    Request::get(uri).body(B::default()).unwrap()
}

async fn send(egress: &Egress, uri: &str) -> Result<u16, EgressError> {
    let answer = soon("an answer or an error", egress.send(get::<Full<_>>(uri)));
    Ok(answer.await?.status().as_u16())
}
