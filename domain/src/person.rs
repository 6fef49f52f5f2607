//! People as the platform knows them: in which state somebody is, and who must not go.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// How long an invitation is good for.
pub const INVITATION_SECONDS: i64 = 7 * 86_400;

/// What people and the REST API see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonState {
    Active,
    /// Has a link to choose a password with, and has not used it.
    Invited,
    /// Neither a password nor a link that works: they cannot sign in with a password.
    NoPassword,
    Disabled,
}

impl PersonState {
    pub const ALL: [Self; 4] = [Self::Active, Self::Invited, Self::NoPassword, Self::Disabled];

    /// `invited_until` is of the link that was made last and not used.
    pub fn of(disabled: bool, has_password: bool, invited_until: Option<Timestamp>, now: Timestamp) -> Self {
        match (disabled, has_password) {
            (true, _) => Self::Disabled,
            (false, true) => Self::Active,
            (false, false) if invited_until.is_some_and(|until| now < until) => Self::Invited,
            (false, false) => Self::NoPassword,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::NoPassword => "no_password",
            Self::Disabled => "disabled",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Invited => "Invited",
            Self::NoPassword => "No password",
            Self::Disabled => "Disabled",
        }
    }
}

/// Why somebody stays an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Needed {
    /// A slip of the hand would lock them out, and another admin can do it.
    #[error("You cannot disable or delete yourself, nor give up your own admin role. Another admin can.")]
    Oneself,
    #[error("This is the last admin who can act. Make somebody else an admin first.")]
    LastAdmin,
}

/// May this person be disabled, deleted or made a member? `acting_admin`: an admin who is not disabled; `others`: how many of
/// those there are besides.
pub const fn may_lose_admin(oneself: bool, acting_admin: bool, others: i64) -> Result<(), Needed> {
    if oneself {
        Err(Needed::Oneself)
    } else if acting_admin && others == 0 {
        Err(Needed::LastAdmin)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_says_whether_and_why_not_somebody_can_sign_in() {
        let now = Timestamp(100);
        for (disabled, password, until, state) in [
            (false, true, None, PersonState::Active),
            // A new link for somebody who has a password takes nothing away.
            (false, true, Some(101), PersonState::Active),
            (false, false, Some(101), PersonState::Invited),
            (false, false, Some(100), PersonState::NoPassword),
            (false, false, None, PersonState::NoPassword),
            (true, true, Some(101), PersonState::Disabled),
        ] {
            let found = PersonState::of(disabled, password, until.map(Timestamp), now);
            assert_eq!(found, state, "{disabled} {password} {until:?}");
        }
    }

    #[test]
    fn the_last_admin_who_can_act_stays_and_nobody_locks_themselves_out() {
        assert_eq!(may_lose_admin(true, true, 5), Err(Needed::Oneself));
        assert_eq!(may_lose_admin(false, true, 0), Err(Needed::LastAdmin));
        assert_eq!(may_lose_admin(false, true, 1), Ok(()));
        // Members and disabled admins are no support of the house.
        assert_eq!(may_lose_admin(false, false, 0), Ok(()));
    }
}
