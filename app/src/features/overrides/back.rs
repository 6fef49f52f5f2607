//! Where to go when something about an override is done. It travels in forms and addresses, so it is a closed list.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    Tab,
    Connections,
    Connect,
}

impl Back {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tab => "",
            Self::Connections => "connections",
            Self::Connect => "connect",
        }
    }

    pub fn parse(text: &str) -> Self {
        let known = [Self::Connections, Self::Connect];
        known
            .into_iter()
            .find(|back| back.as_str() == text)
            .unwrap_or(Self::Tab)
    }

    pub fn address(self, server: &str) -> String {
        match self {
            Self::Tab => format!("/servers/{server}/overrides"),
            Self::Connections => "/connections".to_owned(),
            Self::Connect => format!("/connect/{server}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Back;

    #[test]
    fn g6_only_our_own_pages_are_gone_back_to() {
        for text in [
            "",
            "//evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "tab",
        ] {
            assert_eq!(Back::parse(text).address("notes"), "/servers/notes/overrides", "{text}");
        }
        for back in [Back::Tab, Back::Connections, Back::Connect] {
            assert_eq!(Back::parse(back.as_str()), back);
        }
    }
}
