//! Why calls carry what they carry, as a page shows it (B03).

use domain::injection::Choice;
use domain::overrides::Kind;
use serde::{Deserialize, Serialize};

use super::model::{SubjectHit, SubjectView};
use crate::ui::badge::Tone;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyPage {
    pub server: String,
    /// Managers ask for anybody: whom to choose from, and what is wrong with what they typed.
    pub manager: bool,
    pub subjects: Vec<SubjectHit>,
    pub typed: String,
    pub problem: Option<String>,
    pub answer: Option<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub subject: SubjectView,
    pub mine: bool,
    pub carries: Carries,
    pub steps: Vec<String>,
}

/// What a call carries, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Carries {
    Override,
    Token,
    ServersOwn,
    CallersOwn,
    Nothing,
    Missing,
    NoAccess,
}

impl Carries {
    pub const fn of(choice: Option<&Choice>) -> Self {
        match choice {
            None => Self::NoAccess,
            Some(Choice::Own(_, Kind::Manual)) => Self::Override,
            Some(Choice::Own(_, Kind::OAuth)) => Self::Token,
            Some(Choice::ServerDefault) => Self::ServersOwn,
            Some(Choice::PassThrough) => Self::CallersOwn,
            Some(Choice::Nothing) => Self::Nothing,
            Some(Choice::Missing(_)) => Self::Missing,
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Override => "Own override",
            Self::Token => "OAuth token",
            Self::ServersOwn => "The server's credential",
            Self::CallersOwn => "The caller's upstream token",
            Self::Nothing => "No credential needed",
            Self::Missing => "Credential missing",
            Self::NoAccess => "No access",
        }
    }

    pub const fn tone(self) -> Tone {
        match self {
            Self::Override | Self::Token | Self::ServersOwn => Tone::Good,
            Self::CallersOwn | Self::Nothing | Self::NoAccess => Tone::Neutral,
            Self::Missing => Tone::Attention,
        }
    }
}
