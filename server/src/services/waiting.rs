//! Calls that wait until their person has entered a credential (B09).
//!
//! The database is asked, once a second for each: the credential may be entered at any replica.

use std::time::Duration;

use domain::actor::Actor;
use domain::injection::Choice;
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
    /// Whether a call could be sent within this time, as soon as that is known.
    pub async fn credential_comes(&self, actor: &Actor, server: &str, patience: Duration) -> bool {
        let _counted = self.waiting.enter();
        time::timeout(patience, self.until_sendable(actor, server))
            .await
            .is_ok()
    }

    /// How many calls wait, for whoever wants to follow it.
    pub fn waiting(&self) -> watch::Receiver<usize> {
        self.waiting.0.subscribe()
    }

    async fn until_sendable(&self, actor: &Actor, server: &str) {
        loop {
            time::sleep(EVERY).await;
            // A database that does not answer just now, or a server that is gone, has nothing to send with.
            let target = self.target(actor, server).await;
            let lacking = |choice| matches!(choice, Choice::Missing(_));
            if target.is_ok_and(|target| target.is_some_and(|target| !lacking(target.choice(self.now())))) {
                return;
            }
        }
    }
}
