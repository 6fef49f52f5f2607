//! Virtual accounts: who may do what with one, and what becomes of a token that is replaced.

use crate::role::{PlatformRole, Refusal};
use crate::timestamp::Timestamp;

const HOUR: i64 = 3_600;
/// How long a replaced token goes on working when nobody says otherwise: a day to bring out the new one.
pub const DEFAULT_GRACE_HOURS: i64 = 24;
/// A month: whoever needs longer has two tokens.
pub const MOST_GRACE_HOURS: i64 = 720;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountAction {
    /// The account and its tokens, without their values.
    See,
    /// Replace a token by a new one.
    RotateToken,
    RevokeToken,
    /// A token beside those that are there.
    AddToken,
    /// Make one, describe it anew, give it another owner.
    Change,
    Delete,
}

impl AccountAction {
    pub const ALL: [Self; 6] = [
        Self::See,
        Self::RotateToken,
        Self::RevokeToken,
        Self::AddToken,
        Self::Change,
        Self::Delete,
    ];
}

/// Admins may do everything; an owner keeps the tokens that are there in use, and makes nothing new. To everybody else an account
/// is not there where its owner could see it, and what only admins do is 403 whether it is there or not.
pub const fn decide_account(platform: PlatformRole, owner: bool, action: AccountAction) -> Result<(), Refusal> {
    match (platform, action) {
        (PlatformRole::Admin, _) => Ok(()),
        (PlatformRole::Member, AccountAction::See | AccountAction::RotateToken | AccountAction::RevokeToken) => {
            if owner { Ok(()) } else { Err(Refusal::NotVisible) }
        }
        (PlatformRole::Member, AccountAction::AddToken | AccountAction::Change | AccountAction::Delete) => {
            Err(Refusal::Forbidden)
        }
    }
}

/// When a replaced token ends: after the grace period, and never later than it would have.
pub fn ends_after_rotation(expires_at: Option<Timestamp>, now: Timestamp, grace_hours: i64) -> Timestamp {
    let end = now.plus(grace_hours.saturating_mul(HOUR));
    expires_at.map_or(end, |before| before.min(end))
}

/// When the new one ends: it lives as long as the old one was meant to; `None`: for good.
pub fn lives_as_long(created_at: Timestamp, expires_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    expires_at.map(|end| now.plus(end.0.saturating_sub(created_at.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_token_ends_after_the_grace_period_and_never_later_than_before() {
        let now = Timestamp(1_000);
        assert_eq!(ends_after_rotation(None, now, 24), now.plus(86_400));
        assert_eq!(ends_after_rotation(Some(now.plus(60)), now, 24), now.plus(60));
        assert_eq!(ends_after_rotation(Some(now.plus(86_401)), now, 24), now.plus(86_400));
        assert_eq!(ends_after_rotation(None, now, 0), now);
    }

    #[test]
    fn a_new_token_lives_as_long_as_the_old_one_was_meant_to() {
        assert_eq!(lives_as_long(Timestamp(10), None, Timestamp(500)), None);
        assert_eq!(
            lives_as_long(Timestamp(10), Some(Timestamp(110)), Timestamp(500)),
            Some(Timestamp(600))
        );
    }
}
