//! What a client says of itself, and what of it is taken (RFC 7591, OAuth Client ID Metadata Documents). Nobody vouches for it: only
//! where it has its person sent back to counts.

use serde::{Deserialize, Serialize};
use url::{Position, Url};

use super::redirect::{RedirectError, RedirectUri, is_this_machine};

const MAX_NAME: usize = 100;
const MAX_REDIRECTS: usize = 10;
const MAX_ID: usize = 500;
const CODE: &str = "authorization_code";
const REFRESH: &str = "refresh_token";

/// Who a client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientId {
    /// Registered here: an id that we made.
    Registered(String),
    /// Described at this address, which is its id.
    Document(Url),
}

impl ClientId {
    /// `None` for what is neither.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_ID {
            return None;
        }
        if text.contains("://") {
            return document(text).map(Self::Document);
        }
        let ours = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        ours.then(|| Self::Registered(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Registered(id) => id,
            Self::Document(url) => url.as_str(),
        }
    }

    /// The site that vouches for the client by describing it.
    pub fn host(&self) -> Option<String> {
        match self {
            Self::Registered(_) => None,
            Self::Document(url) => Some(url[Position::BeforeHost..Position::AfterPort].to_owned()),
        }
    }
}

/// An https address with a path, spelled in the one way it can be. Plain http is for this machine, as long as the operator allows
/// calls to it at all.
fn document(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url));
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (safe && plain && url.as_str() == text && url.path() != "/").then_some(url)
}

/// What a client sends or shows, as it is: everything may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Described {
    pub client_id: Option<String>,
    pub client_name: Option<String>,
    pub redirect_uris: Vec<String>,
    pub grant_types: Option<Vec<String>>,
    pub response_types: Option<Vec<String>>,
    pub token_endpoint_auth_method: Option<String>,
}

/// What is kept of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// `None`: it gave none.
    pub name: Option<String>,
    pub redirect_uris: Vec<RedirectUri>,
    /// Whether it wants refresh tokens.
    pub refreshes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    #[error("redirect_uris has 1 to 10 entries")]
    Redirects,
    #[error("redirect_uris: {0}")]
    Redirect(#[from] RedirectError),
    #[error("client_name has at most 100 characters, none of which controls how text is shown")]
    Name,
    #[error("grant_types has to hold authorization_code")]
    GrantTypes,
    #[error("response_types has to hold code")]
    ResponseTypes,
    #[error("only public clients are taken: token_endpoint_auth_method is none")]
    AuthMethod,
    #[error("client_id is not the address of this description")]
    ClientId,
}

impl MetadataError {
    /// RFC 7591 section 3.2.2.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Redirects | Self::Redirect(_) => "invalid_redirect_uri",
            Self::Name | Self::GrantTypes | Self::ResponseTypes | Self::AuthMethod | Self::ClientId => {
                "invalid_client_metadata"
            }
        }
    }
}

impl Client {
    /// A client that registers: how it wanted to authenticate does not matter, the answer says `none` (RFC 7591 section 3.2.1).
    pub fn registering(described: &Described) -> Result<Self, MetadataError> {
        check(described)
    }

    /// A client that is described at `id`: nothing can be agreed upon, so it has to be a public one already.
    pub fn described_at(id: &Url, described: &Described) -> Result<Self, MetadataError> {
        if described.client_id.as_deref() != Some(id.as_str()) {
            return Err(MetadataError::ClientId);
        }
        match described.token_endpoint_auth_method.as_deref() {
            None | Some("none") => check(described),
            Some(_) => Err(MetadataError::AuthMethod),
        }
    }

    /// Whether the person may be sent there.
    pub fn allows(&self, asked: &RedirectUri) -> bool {
        self.redirect_uris.iter().any(|known| known.allows(asked))
    }
}

fn check(described: &Described) -> Result<Client, MetadataError> {
    if !(1..=MAX_REDIRECTS).contains(&described.redirect_uris.len()) {
        return Err(MetadataError::Redirects);
    }
    let redirects = described.redirect_uris.iter().map(|text| RedirectUri::parse(text));
    let redirect_uris = redirects.collect::<Result<Vec<_>, _>>()?;
    let holds = |list: &Option<Vec<String>>, wanted: &str| {
        list.as_ref().is_none_or(|list| list.iter().any(|one| one == wanted))
    };
    if !holds(&described.grant_types, CODE) {
        return Err(MetadataError::GrantTypes);
    }
    if !holds(&described.response_types, "code") {
        return Err(MetadataError::ResponseTypes);
    }
    Ok(Client {
        name: name(described.client_name.as_deref().unwrap_or_default())?,
        redirect_uris,
        // RFC 7591 section 2: without a list it is the code alone.
        refreshes: described.grant_types.is_some() && holds(&described.grant_types, REFRESH),
    })
}

fn name(text: &str) -> Result<Option<String>, MetadataError> {
    let text = text.trim();
    if text.chars().count() > MAX_NAME || text.chars().any(|one| one.is_control() || rearranges(one)) {
        return Err(MetadataError::Name);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Characters that nobody sees and that turn or join what is around them (Unicode UAX 9, TR 36).
const fn rearranges(one: char) -> bool {
    matches!(one, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
