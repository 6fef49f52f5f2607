use std::collections::BTreeMap;

use app::backend;
use app::error::UiError;
use app::features::audit::model::{AuditPage, AuditRequest, EntryRow, address};
use async_trait::async_trait;
use domain::actor::{Actor, SubjectRef};
use domain::timestamp::Timestamp;
use domain::via::Via;

use super::overrides::invalid;
use super::times::{beginning_of_day, end_of_day, moment, rfc3339};
use super::{Desk, PAGE, given, page_query, told};
use crate::services::audit::AuditFilter;
use crate::store::{AuditRow, CallRow, Trail, TrailEntry};

pub(super) struct Audit(pub(super) Desk);

/// What ids are called.
pub(super) type Names = BTreeMap<SubjectRef, String>;

#[async_trait]
impl backend::Audit for Audit {
    async fn list(&self, actor: &Actor, request: AuditRequest) -> Result<AuditPage, UiError> {
        let filter = filter(&request)?;
        let query = page_query(&request.search, &request.cursor, PAGE);
        let page = self.0.services.audit.page(actor, &query, &filter).await.map_err(told)?;
        let subjects = page.items.iter().filter_map(|entry| match entry {
            TrailEntry::Change(row) => row.subject.clone(),
            TrailEntry::Call(..) => None,
        });
        let names = self.0.services.audit.names(subjects.collect()).await.map_err(told)?;
        let now = self.0.clock.now();
        let rows = page.items.into_iter().map(|entry| match entry {
            TrailEntry::Change(row) => change(now, row, &names, true),
            TrailEntry::Call(seq, row) => call(now, seq, row),
        });
        Ok(AuditPage {
            rows: rows.collect(),
            next: page.next,
            export: export(&request, &filter),
            request,
        })
    }
}

fn filter(request: &AuditRequest) -> Result<AuditFilter, UiError> {
    let day = |field: &'static str, text: &str, at: fn(&str) -> Option<Timestamp>| match text.trim() {
        "" => Ok(None),
        text => at(text)
            .map(Some)
            .ok_or_else(|| invalid(field, "Write a day as 2026-11-23.")),
    };
    Ok(AuditFilter {
        only: match request.kind.as_str() {
            "change" => Some(Trail::Changes),
            "call" => Some(Trail::Calls),
            _ => None,
        },
        server: given(&request.server),
        actor: given(&request.actor),
        action: None,
        since: day("since", &request.since, beginning_of_day)?,
        // The day counts in full.
        until: day("until", &request.until, end_of_day)?.map(|end| end.plus(1)),
    })
}

/// The same for a program.
fn export(request: &AuditRequest, filter: &AuditFilter) -> String {
    let time = |at: Option<Timestamp>| at.map(rfc3339).unwrap_or_default();
    address(
        "/api/v1/audit/export",
        &[
            ("search", request.search.trim()),
            ("actor", request.actor.trim()),
            ("server", request.server.trim()),
            ("kind", &request.kind),
            ("since", &time(filter.since)),
            ("until", &time(filter.until)),
        ],
    )
}

/// `origin`: with where it came from, for those who may see that.
pub(super) fn change(now: Timestamp, row: AuditRow, names: &Names, origin: bool) -> EntryRow {
    let detail: BTreeMap<String, String> = serde_json::from_str(&row.detail).unwrap_or_default();
    let other = row.subject.filter(|subject| row.actor.as_ref() != Some(subject));
    EntryRow {
        id: row.id,
        at: moment(now, row.at),
        who: row.actor_name,
        from: if origin { from(&row.via) } else { Vec::new() },
        action: row.action,
        server: row.server,
        whom: other.map(|subject| names.get(&subject).cloned().unwrap_or(subject.id)),
        detail: detail.into_iter().collect(),
    }
}

fn call(now: Timestamp, seq: i64, row: CallRow) -> EntryRow {
    let name = row
        .tool
        .map_or_else(|| row.method.clone(), |tool| format!("{} {tool}", row.method));
    let detail = [
        ("call", Some(name)),
        (
            "credential",
            Some(app::features::activity::model::credential_words(&row.credential).to_owned()),
        ),
        ("fingerprint", row.fingerprint),
        ("outcome", Some(app::features::audit::model::action_words(&row.outcome))),
        ("status", Some(row.status.to_string())),
    ];
    EntryRow {
        id: format!("call-{seq}"),
        at: moment(now, row.at),
        who: row.actor_name,
        from: from(&row.via),
        action: row.action,
        server: row.server.map(|(_, name)| name),
        whom: None,
        detail: detail
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)))
            .collect(),
    }
}

/// The address, and what was shown; an id's beginning tells tokens apart.
fn from(via: &Via) -> Vec<String> {
    let by = via.by.parts().map(|(word, id)| match word {
        "command_line" => "command line".to_owned(),
        word => format!("{word} {id}"),
    });
    via.address
        .map(|address| address.to_string())
        .into_iter()
        .chain(by)
        .collect()
}
