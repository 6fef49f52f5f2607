//! What single sign-on makes of a person: which teams, which platform role, and whose account it is.

use crate::role::PlatformRole;

/// What an operator configured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    /// Whoever is in one of these groups is an admin, and whoever is not is none. Empty: roles are given in Overkey.
    pub admin_groups: Vec<String>,
    /// Group and team, by name. People are taken out of the teams named here as they are put in.
    pub teams: Vec<(String, String)>,
}

/// What it says about somebody in these groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// `None`: nothing.
    pub platform_role: Option<PlatformRole>,
    /// Each team once, and whether they are in it.
    pub teams: Vec<(String, bool)>,
}

impl Mapping {
    pub fn of(&self, groups: &[String]) -> Mapped {
        let in_one = |wanted: &String| groups.contains(wanted);
        let platform_role = (!self.admin_groups.is_empty()).then(|| {
            if self.admin_groups.iter().any(in_one) {
                PlatformRole::Admin
            } else {
                PlatformRole::Member
            }
        });
        let mut teams: Vec<(String, bool)> = Vec::new();
        for (group, team) in &self.teams {
            match teams.iter_mut().find(|(known, _)| known == team) {
                Some((_, is_in)) => *is_in |= in_one(group),
                None => teams.push((team.clone(), in_one(group))),
            }
        }
        Mapped { platform_role, teams }
    }
}

/// What is known about who has just signed on at the provider.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Somebody is linked with this issuer and subject.
    pub linked: bool,
    /// An account has the e-mail address already.
    pub email_taken: bool,
    /// That account is linked with another subject of this provider.
    pub taken_by_another: bool,
    /// The provider says that the address is theirs (`email_verified`); `None`: it does not say.
    pub email_verified: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub create_users: bool,
    pub link_by_email: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The person who is linked.
    Linked,
    /// The person who has this address, from now on linked.
    Link,
    Create,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    #[error("somebody has this e-mail address already")]
    EmailTaken,
    #[error("the provider does not vouch for the e-mail address")]
    Unverified,
    #[error("people are not made by signing on")]
    Unknown,
}

/// Whose account somebody gets. Issuer and subject are who they are; an e-mail address is only what a provider says of them, so it
/// links nobody unless the operator trusts the provider with that, and the provider vouches for it.
pub const fn admit(known: Known, policy: Policy) -> Result<Admission, NotAdmitted> {
    if known.linked {
        return Ok(Admission::Linked);
    }
    if matches!(known.email_verified, Some(false)) {
        return Err(NotAdmitted::Unverified);
    }
    if known.email_taken {
        return if !policy.link_by_email || known.taken_by_another {
            Err(NotAdmitted::EmailTaken)
        } else if matches!(known.email_verified, Some(true)) {
            Ok(Admission::Link)
        } else {
            Err(NotAdmitted::Unverified)
        };
    }
    if policy.create_users {
        Ok(Admission::Create)
    } else {
        Err(NotAdmitted::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_decide_over_what_is_mapped_and_over_nothing_else() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let pair = |(group, team): (&str, &str)| (group.to_owned(), team.to_owned());
        let mapping = Mapping {
            admin_groups: texts(&["ops"]),
            teams: [("dev", "Builders"), ("qa", "Builders"), ("ops", "Keepers")]
                .map(pair)
                .to_vec(),
        };
        let mapped = mapping.of(&texts(&["qa", "other"]));
        assert_eq!(mapped.platform_role, Some(PlatformRole::Member));
        assert_eq!(
            mapped.teams,
            [("Builders".to_owned(), true), ("Keepers".to_owned(), false)]
        );
        assert_eq!(mapping.of(&texts(&["ops"])).platform_role, Some(PlatformRole::Admin));
        // Without admin groups the role is Overkey's own affair, and no group takes it away.
        assert_eq!(Mapping::default().of(&texts(&["ops"])).platform_role, None);
    }

    #[test]
    fn an_address_alone_never_links_anybody() {
        let known = |linked, email_taken, taken_by_another, email_verified| Known {
            linked,
            email_taken,
            taken_by_another,
            email_verified,
        };
        let policy = |create_users, link_by_email| Policy {
            create_users,
            link_by_email,
        };
        for verified in [None, Some(false), Some(true)] {
            for every in [
                policy(false, false),
                policy(true, false),
                policy(false, true),
                policy(true, true),
            ] {
                assert_eq!(admit(known(true, true, false, verified), every), Ok(Admission::Linked));
                let taken = admit(known(false, true, false, verified), every);
                assert_eq!(
                    taken == Ok(Admission::Link),
                    every.link_by_email && verified == Some(true)
                );
                assert!(taken != Ok(Admission::Create) && taken != Ok(Admission::Linked));
                assert!(admit(known(false, true, true, verified), every).is_err());
                let new = admit(known(false, false, false, verified), every);
                assert_eq!(
                    new == Ok(Admission::Create),
                    every.create_users && verified != Some(false)
                );
                assert!(new != Ok(Admission::Link));
            }
        }
    }
}
