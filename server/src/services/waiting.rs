//! Calls that wait until their person has entered a credential (B09).
//!
//! The database is asked, once a second for each: the credential may be entered at any replica.

use std::time::Duration;

use domain::actor::Actor;
use tokio::sync::watch;
use tokio::time;

use super::calls::Calls;

const EVERY: Duration = Duration::from_secs(1);

/// How many calls wait just now.
#[derive(Debug, Clone, Default)]
pub struct Waiting(watch::Sender<usize>);

/// One that waits, until it is dropped: with the call, whatever ends it.
struct Counted(watch::Sender<usize>);

impl Waiting {
    fn enter(&self) -> Counted {
        self.0.send_modify(|count| *count += 1);
        Counted(self.0.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Calls {
    /// Returns when a call could be sent, and not with what did not do (`instead_of`, an identity).
    pub async fn credential_comes(&self, actor: &Actor, server: &str, instead_of: Option<&str>) {
        let _counted = self.waiting.enter();
        loop {
            time::sleep(EVERY).await;
            // A database that does not answer just now, or a server that is gone, has nothing to send with.
            let Ok(Some(target)) = self.target(actor, server).await else {
                continue;
            };
            let sendable = target.sendable(self.now());
            if sendable.is_some_and(|identity| instead_of != Some(identity.as_str())) {
                return;
            }
        }
    }

    /// How many calls wait, for whoever wants to follow it.
    pub fn waiting(&self) -> watch::Receiver<usize> {
        self.waiting.0.subscribe()
    }
}
