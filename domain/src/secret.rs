//! Values nobody may see: their type, their mask, and what makes one acceptable.

use std::fmt;

use zeroize::Zeroizing;

use crate::header;

/// The longest credential value we store (D05), in bytes.
pub const MAX_CREDENTIAL_BYTES: usize = 16 * 1024;
const MASK: &str = "••••••••";
/// D10: fewer characters than this show none of them.
const SHOW_TAIL_FROM: usize = 16;
const TAIL: usize = 4;

/// A secret text. It has no `Display` and no `Serialize`, its `Debug` is blank, and its memory is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The value itself. Every use of this is a place to review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// D10: eight dots, and the last four characters when there are at least sixteen; never the length.
    pub fn masked(&self) -> String {
        let characters: Vec<char> = self.0.chars().collect();
        match characters.len() {
            length if length >= SHOW_TAIL_FROM => MASK
                .chars()
                .chain(characters[length - TAIL..].iter().copied())
                .collect(),
            _ => MASK.to_owned(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a typed credential is refused (D05). The messages never repeat the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    #[error("Enter the credential.")]
    Empty,
    #[error("The credential is longer than 16 KiB.")]
    TooLong,
    #[error("The credential holds a line break or another control character. Paste it again without.")]
    ControlCharacter,
    #[error("The credential holds a character that HTTP headers cannot carry. Use letters, digits and signs of ASCII.")]
    NotAscii,
}

/// Takes what a person typed or pasted: white space around it is trimmed (D05), the rest must fit into a header value
/// (RFC 9110 section 5.5).
pub fn parse_credential(typed: &str) -> Result<Secret, CredentialError> {
    let value = typed.trim();
    if value.is_empty() {
        return Err(CredentialError::Empty);
    }
    if value.len() > MAX_CREDENTIAL_BYTES {
        return Err(CredentialError::TooLong);
    }
    match header::check_value(value) {
        Ok(()) => Ok(Secret::new(value)),
        Err(header::ValueError::ControlCharacter) => Err(CredentialError::ControlCharacter),
        Err(header::ValueError::NotAscii) => Err(CredentialError::NotAscii),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn d10_masks_with_eight_dots_and_the_last_four_from_sixteen_characters_on() {
        assert_eq!(Secret::new("sk-1234567890123").masked(), "••••••••0123");
        assert_eq!(Secret::new("sk-123456789012").masked(), "••••••••");
        assert_eq!(Secret::new("").masked(), "••••••••");
    }

    #[test]
    fn s08_debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("sk-canary")), "Secret(…)");
    }

    #[test]
    fn d05_refuses_empty_long_and_control_characters_and_trims() {
        assert_eq!(parse_credential("  \t\n "), Err(CredentialError::Empty));
        assert_eq!(
            parse_credential(&"x".repeat(MAX_CREDENTIAL_BYTES + 1)),
            Err(CredentialError::TooLong)
        );
        for bad in ["a\r\nb", "a\0b", "a\x7fb", "a\tb"] {
            assert_eq!(parse_credential(bad), Err(CredentialError::ControlCharacter), "{bad:?}");
        }
        assert_eq!(parse_credential("clé"), Err(CredentialError::NotAscii));
        assert_eq!(
            parse_credential(" sk-abc123\n").map(|s| s.expose().to_owned()),
            Ok("sk-abc123".to_owned())
        );
        assert!(parse_credential(&"x".repeat(MAX_CREDENTIAL_BYTES)).is_ok());
    }

    proptest! {
        #[test]
        fn d10_the_mask_never_tells_the_length_nor_more_than_four_characters(text in "\\PC{0,80}") {
            let masked = Secret::new(text.clone()).masked();
            let tail: String = masked.chars().skip(8).collect();
            prop_assert!(masked.starts_with("••••••••"));
            prop_assert!(tail.is_empty() || (tail.chars().count() == 4 && text.chars().count() >= 16 && text.ends_with(&tail)));
        }

        #[test]
        fn d05_what_is_accepted_fits_into_a_header(text in any::<String>()) {
            if let Ok(secret) = parse_credential(&text) {
                prop_assert!(secret.expose().bytes().all(|byte| (0x20..0x7f).contains(&byte)));
                prop_assert_eq!(secret.expose(), text.trim());
            }
        }
    }
}
