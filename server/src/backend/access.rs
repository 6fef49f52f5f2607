use app::backend;
use app::error::UiError;
use app::features::access::model::{AccessPage, GrantRow};
use async_trait::async_trait;
use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::role::ServerRole;

use super::overrides::{invalid, subject_hit};
use super::times::moment;
use super::{Desk, told};
use crate::store::{Grant, Grantee};

const EVERYONE: &str = "everyone";

pub(super) struct Access(pub(super) Desk);

#[async_trait]
impl backend::Access for Access {
    async fn list(&self, actor: &Actor, server: &str) -> Result<AccessPage, UiError> {
        let services = &self.0.services;
        let grants = services.catalog.grants(actor, server).await.map_err(told)?;
        let hits = services.overrides.search_subjects(actor, server, "").await;
        let now = self.0.clock.now();
        let row = |grant: Grant| {
            let (grantee, kind) = named(&grant.grantee);
            GrantRow {
                name: if grant.grantee_name.is_empty() {
                    kind.to_owned()
                } else {
                    grant.grantee_name
                },
                mine: matches!(&grant.grantee, Grantee::Subject(subject) if actor.is(subject)),
                role: grant.role,
                since: moment(now, grant.granted_at),
                kind: kind.to_owned(),
                grantee,
            }
        };
        Ok(AccessPage {
            server: server.to_owned(),
            rows: grants.into_iter().map(row).collect(),
            subjects: hits.map_err(told)?.into_iter().map(subject_hit).collect(),
        })
    }

    async fn grant(&self, actor: &Actor, server: &str, grantee: &str, role: &str) -> Result<(), UiError> {
        let role = ServerRole::parse(role).ok_or_else(|| invalid("role", "Choose user or manager."))?;
        let grantee = match grantee.trim() {
            text if text
                .split('/')
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(EVERYONE)) =>
            {
                Grantee::Everyone
            }
            text => Grantee::Subject(self.0.find_subject(actor, server, text, "grantee").await?),
        };
        let granted = self.0.services.catalog.grant(actor, server, grantee, role).await;
        granted.map(drop).map_err(told)
    }

    async fn revoke(&self, actor: &Actor, server: &str, grantee: &str) -> Result<(), UiError> {
        let grantee = match grantee.split_once('/') {
            Some((EVERYONE, _)) => Grantee::Everyone,
            Some((kind, id)) => Grantee::Subject(SubjectRef {
                kind: SubjectKind::parse(kind).ok_or(UiError::Gone)?,
                id: id.to_owned(),
            }),
            None => return Err(UiError::Gone),
        };
        self.0
            .services
            .catalog
            .revoke(actor, server, grantee)
            .await
            .map_err(told)
    }
}

/// As the form sends it back, and as people read it.
fn named(grantee: &Grantee) -> (String, &'static str) {
    match grantee {
        Grantee::Subject(subject) => (subject.to_string(), subject.kind.label()),
        Grantee::Team(id) => (format!("team/{id}"), "Team"),
        Grantee::Everyone => (format!("{EVERYONE}/all"), "Everyone"),
    }
}
