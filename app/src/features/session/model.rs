//! The signed-in person, as the frame shows them.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    pub name: String,
    pub email: String,
    pub admin: bool,
    /// Whether virtual accounts are offered: to admins, and to whoever owns one.
    pub accounts: bool,
}

/// How one may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInWays {
    pub password: bool,
    /// What the button of single sign-on says it is.
    pub sso: Option<String>,
}

/// Whom an invitation is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    pub name: String,
    pub email: String,
    /// They had a password before: the link gives them another one.
    pub returning: bool,
}
