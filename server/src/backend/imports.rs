use app::backend;
use app::error::UiError;
use app::features::overrides::import_model::{ImportLine, ImportOutcome, ImportPage, ImportResult};
use app::secret_input::SecretInput;
use async_trait::async_trait;
use domain::actor::Actor;
use domain::role::ServerRole;

use super::{Desk, told};
use crate::services::import::{Fate, Imported, Told};

pub(super) struct Imports(pub(super) Desk);

#[async_trait]
impl backend::Imports for Imports {
    async fn form(&self, actor: &Actor, server: &str) -> Result<ImportPage, UiError> {
        let tab = self.0.services.overrides.tab(actor, server).await.map_err(told)?;
        if tab.role != ServerRole::Manager {
            return Err(UiError::Forbidden);
        }
        let unsupported = tab.server.mode.unsupported_because(tab.server.allow_optional);
        Ok(ImportPage {
            server: tab.server.name.to_string(),
            unsupported: unsupported.map(str::to_owned),
            fields: tab.fields,
        })
    }

    async fn preview(&self, actor: &Actor, server: &str, text: SecretInput) -> Result<ImportOutcome, UiError> {
        let text = text.into_secret().expose().to_owned();
        let previewed = self.0.services.overrides.preview_kept(actor, server, text).await;
        let (imported, kept) = previewed.map_err(told)?;
        Ok(outcome(server, imported, kept))
    }

    async fn apply(&self, actor: &Actor, server: &str, kept: &str) -> Result<ImportOutcome, UiError> {
        let imported = self.0.services.overrides.import_kept(actor, server, kept).await;
        Ok(outcome(server, imported.map_err(told)?, String::new()))
    }
}

fn outcome(server: &str, imported: Imported, kept: String) -> ImportOutcome {
    ImportOutcome {
        server: server.to_owned(),
        new: imported.count(|fate| *fate == Fate::New),
        replaced: imported.count(|fate| *fate == Fate::Replaced),
        refused: imported.refused(),
        applied: imported.applied,
        lines: imported.lines.into_iter().map(line).collect(),
        kept,
    }
}

fn line(told: Told) -> ImportLine {
    let (result, problems) = match told.fate {
        Fate::New => (ImportResult::New, Vec::new()),
        Fate::Replaced => (ImportResult::Replaced, Vec::new()),
        Fate::Refused(errors) => {
            let problems = errors.into_iter().map(|error| match error.field.as_str() {
                "line" => error.message,
                field => format!("{field}: {}", error.message),
            });
            (ImportResult::Refused, problems.collect())
        }
    };
    ImportLine {
        number: told.line,
        name: told.subject.map(|(_, name)| name),
        result,
        problems,
    }
}
