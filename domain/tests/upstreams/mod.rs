//! The kinds of server that the tables have a column for.

use domain::outbound::Mode;

/// Heading, mode, and the setting of B01. One column is enough where B01 has no say: tests named `b01_has_no_say_elsewhere`
/// prove that it has none.
pub const COLUMNS: [(&str, Mode, bool); 8] = [
    ("individual", Mode::ApiKeyIndividual, false),
    ("shared", Mode::ApiKeyShared, false),
    ("shared+B01", Mode::ApiKeyShared, true),
    ("auth code", Mode::AuthorizationCode, false),
    ("client cred", Mode::ClientCredentials, false),
    ("client cred+B01", Mode::ClientCredentials, true),
    ("passthrough", Mode::TokenPassthrough, false),
    ("no auth", Mode::NoAuth, false),
];

/// Where B01 has no say.
pub const WITHOUT_B01: [Mode; 4] = [
    Mode::ApiKeyIndividual,
    Mode::AuthorizationCode,
    Mode::TokenPassthrough,
    Mode::NoAuth,
];
