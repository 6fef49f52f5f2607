//! What a client brings back when its person has answered our question (MCP 2026-07-28, Multi Round-Trip Requests): sealed, for
//! clients may send anything, and complete, for we store nothing.
//!
//! It opens whoever brings it, so that one that is ours and does not fit is refused, and one that does not open can only be the
//! upstream's and passes.

use domain::injection::MissingReason;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::sealed_text::SealedText;
use crate::seal::Seal;

const LABEL: &str = "overkey gateway request states v1";
/// Seconds.
const LIFETIME: i64 = 600;

pub struct RequestStates(SealedText);

/// The one call that a state is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForCall {
    pub server: String,
    pub subject: String,
    /// Of the method and what it is called with.
    pub digest: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestState {
    call: ForCall,
    expires: Timestamp,
    /// How often the person has been asked, this time included.
    pub round: u8,
    pub reason: MissingReason,
}

impl RequestState {
    pub fn new(call: ForCall, round: u8, reason: MissingReason, now: Timestamp) -> Self {
        Self {
            call,
            expires: now.plus(LIFETIME),
            round,
            reason,
        }
    }

    /// Brought by the subject it was given to, for the same call, in time.
    pub fn fits(&self, call: &ForCall, now: Timestamp) -> bool {
        self.call == *call && now < self.expires
    }
}

impl RequestStates {
    pub fn new(seal: &Seal) -> Self {
        Self(SealedText::new(seal, LABEL))
    }

    /// `None` when the system gives no random numbers.
    pub fn seal(&self, state: &RequestState) -> Option<String> {
        self.0.seal(&[], &serde_json::to_string(state).ok()?)
    }

    /// `None` for what is not ours.
    pub fn open(&self, text: &str) -> Option<RequestState> {
        serde_json::from_str(&self.0.open(&[], text)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn call() -> ForCall {
        ForCall {
            server: "notes".into(),
            subject: "user/bob".into(),
            digest: "abc".into(),
        }
    }

    #[test]
    fn b09_a_state_fits_its_subject_server_and_call_for_ten_minutes() {
        let states = RequestStates::new(&Seal::new(1, &Zeroizing::new([7; 32])));
        let state = RequestState::new(call(), 2, MissingReason::OverrideMissing, Timestamp(1_000));
        let text = states.seal(&state).unwrap();
        assert!(!text.contains("bob"));
        assert_eq!(states.open(&text), Some(state.clone()));
        assert!(state.fits(&call(), Timestamp(1_599)));
        assert!(!state.fits(&call(), Timestamp(1_600)));
        type Change = fn(&mut ForCall);
        let changes: [Change; 3] = [
            |call| call.server = "other".into(),
            |call| call.subject = "user/eve".into(),
            |call| call.digest = "abd".into(),
        ];
        for change in changes {
            let mut other = call();
            change(&mut other);
            assert!(!state.fits(&other, Timestamp(1_000)), "{other:?}");
        }
    }

    #[test]
    fn b09_what_is_not_ours_does_not_open() {
        let states = RequestStates::new(&Seal::new(1, &Zeroizing::new([7; 32])));
        let elsewhere = RequestStates::new(&Seal::new(1, &Zeroizing::new([8; 32])));
        let state = RequestState::new(call(), 1, MissingReason::OverrideMissing, Timestamp(0));
        let foreign = elsewhere.seal(&state).unwrap();
        for text in ["", "v1.upstream", foreign.as_str()] {
            assert_eq!(states.open(text), None, "{text}");
        }
    }
}
