//! Whether a server takes a credential: asked with it what only a client that was let in is told, and asked the same without it,
//! because a server that tells everybody has not looked at it.

use domain::verdict::Verdict;
use serde_json::json;

use super::{Client, Failure, Silence, Transport};

pub async fn try_out<T: Transport>(with: &Client<T>, without: &Client<T>) -> Verdict {
    match let_in(with).await {
        Err(failure) => verdict(&failure),
        Ok(()) if let_in(without).await.is_ok() => Verdict::Unchecked,
        Ok(()) => Verdict::Accepted,
    }
}

async fn let_in<T: Transport>(client: &Client<T>) -> Result<(), Failure> {
    let session = match client.open().await {
        Ok(session) => session,
        Err(failure) if failure.is_clients_fault() => {
            // Perhaps it speaks only HTTP+SSE, and posting there is wrong.
            let opened = client.stream_opens().await;
            return opened.map_err(|later| if later.refuses() { later } else { failure });
        }
        Err(failure) => return Err(failure),
    };
    let told = match session.something_to_list() {
        Some(method) => client.request(&session, method, json!({})).await.map(drop),
        None => Ok(()),
    };
    client.close(&session).await;
    told
}

fn verdict(failure: &Failure) -> Verdict {
    match failure {
        Failure::Silent(Silence::Unreachable) => Verdict::Unreachable,
        Failure::Silent(Silence::TimedOut) => Verdict::TimedOut,
        Failure::Status(status) | Failure::Error(status, _) if failure.refuses() => Verdict::Rejected(status.as_u16()),
        Failure::Status(status) if status.is_redirection() => Verdict::Redirected,
        Failure::Status(status) if status.is_success() => Verdict::Unreadable,
        Failure::Error(status, _) if status.is_success() => Verdict::Failed,
        Failure::Status(status) | Failure::Error(status, _) => Verdict::Answered(status.as_u16()),
    }
}
