//! Ids are types, so that a user's id cannot be passed where a server's is asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

id! {
    /// A person. A UUID as text.
    UserId,
    /// A service account, named by what it is called: its name is its id.
    VirtualAccountId,
    /// A registered upstream MCP server. A UUID as text; people name it by its `ServerName`.
    ServerId,
    /// One subject's credential on one server.
    OverrideId,
    /// A gateway token (never the token itself).
    TokenId,
    /// Several people under one name. A UUID as text; people name it by its `TeamName`.
    TeamId,
    /// A caller that an identity provider names (B02). A UUID as text; the provider names it by issuer and subject.
    ExternalIdentityId,
}
