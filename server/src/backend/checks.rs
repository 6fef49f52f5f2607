use app::backend;
use app::error::UiError;
use app::features::overrides::model::SubjectView;
use app::features::overrides::why_model::{Answer, Carries, WhyPage};
use async_trait::async_trait;
use domain::actor::{Actor, SubjectRef};
use domain::role::ServerRole;

use super::overrides::subject_hit;
use super::{Desk, told};

pub(super) struct Checks(pub(super) Desk);

#[async_trait]
impl backend::Checks for Checks {
    async fn verify(&self, actor: &Actor, server: &str, id: &str) -> Result<String, UiError> {
        let row = self.0.seen(actor, server, id).await?.row;
        let verdict = self
            .0
            .services
            .overrides
            .verify(actor, server, &row.subject, row.kind)
            .await;
        let verdict = verdict.map_err(told)?;
        let text = format!("{}: {}", row.subject_name, verdict.detail());
        match verdict.taken() {
            Some(true) => Ok(text),
            Some(false) | None => Err(UiError::Refused(text)),
        }
    }

    async fn why(&self, actor: &Actor, server: &str, subject: &str) -> Result<WhyPage, UiError> {
        let tab = self.0.services.overrides.tab(actor, server).await.map_err(told)?;
        let manager = tab.role == ServerRole::Manager;
        let subjects = if manager {
            let hits = self.0.services.overrides.search_subjects(actor, server, "").await;
            hits.map_err(told)?.into_iter().map(subject_hit).collect()
        } else {
            Vec::new()
        };
        let (answer, problem) = match self.answer(actor, server, manager, subject.trim()).await {
            Ok(answer) => (Some(answer), None),
            Err(error) => match error.at("subject") {
                Some(problem) => (None, Some(problem)),
                None => return Err(error),
            },
        };
        Ok(WhyPage {
            server: tab.server.name.to_string(),
            manager,
            subjects,
            typed: if problem.is_some() {
                subject.to_owned()
            } else {
                String::new()
            },
            problem,
            answer,
        })
    }
}

impl Checks {
    async fn asked(&self, actor: &Actor, server: &str, manager: bool, text: &str) -> Result<SubjectRef, UiError> {
        if text.is_empty() || text == actor.subject.to_string() {
            return Ok(actor.subject.clone());
        }
        if !manager {
            return Err(UiError::Forbidden);
        }
        self.0.find_subject(actor, server, text, "subject").await
    }

    async fn answer(&self, actor: &Actor, server: &str, manager: bool, text: &str) -> Result<Answer, UiError> {
        let subject = self.asked(actor, server, manager, text).await?;
        let explained = self
            .0
            .services
            .overrides
            .explain(actor, server, &subject)
            .await
            .map_err(told)?;
        Ok(Answer {
            mine: actor.is(&explained.subject),
            subject: SubjectView {
                kind: explained.subject.kind,
                id: explained.subject.id,
                name: explained.name,
                detail: explained.detail,
            },
            carries: Carries::of(explained.decision.choice.as_ref()),
            steps: explained.decision.steps.into_iter().map(|step| step.text).collect(),
        })
    }
}
