use std::collections::BTreeMap;

use app::backend;
use app::error::UiError;
use app::features::overrides::model::{
    Doomed, Entered, FormPage, ListRequest, OverrideRow, OverridesPage, SubjectHit, SubjectView,
};
use async_trait::async_trait;
use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::field::FieldError;
use domain::id::OverrideId;
use domain::outbound::{CredentialField, Mode};
use domain::overrides::{Kind, State};
use domain::role::{OverrideAction, ServerRole, Whose, decide_override};
use domain::verdict::Verdict;

use super::times::{day, end_of_day, expiry, moment};
use super::{Desk, PAGE, given, told};
use crate::services::ServiceError;
use crate::services::entered::Entered as Values;
use crate::services::override_list::ListQuery;
use crate::services::overrides::{SeenOverride, Tab};
use crate::services::set_override::SetOverride;
use crate::store::{self, OverrideSort};

pub(super) struct Overrides(pub(super) Desk);

#[async_trait]
impl backend::Overrides for Overrides {
    async fn list(&self, actor: &Actor, request: ListRequest) -> Result<OverridesPage, UiError> {
        let overrides = &self.0.services.overrides;
        let tab = overrides.tab(actor, &request.server).await.map_err(told)?;
        let listed = overrides
            .list(actor, &request.server, &query(&request))
            .await
            .map_err(told)?;
        let (mode, allow) = (tab.server.mode, tab.server.allow_optional);
        Ok(OverridesPage {
            manager: tab.role == ServerRole::Manager,
            unsupported: mode.unsupported_because(allow).map(str::to_owned),
            may_add: tab.may_add && (tab.role == ServerRole::Manager || listed.items.is_empty()),
            mode,
            headers: shown_headers(&tab),
            rows: listed
                .items
                .into_iter()
                .map(|seen| self.0.override_row(actor, &tab, seen))
                .collect(),
            next: listed.next,
            previous: listed.previous,
            total: listed.total,
            request,
        })
    }

    async fn form(&self, actor: &Actor, server: &str, id: &str) -> Result<FormPage, UiError> {
        self.0.form(actor, server, id).await
    }

    async fn subjects(&self, actor: &Actor, server: &str, search: &str) -> Result<Vec<SubjectHit>, UiError> {
        let hits = self.0.services.overrides.search_subjects(actor, server, search).await;
        Ok(hits.map_err(told)?.into_iter().map(subject_hit).collect())
    }

    async fn add(&self, actor: &Actor, entered: Entered) -> Result<Option<Verdict>, UiError> {
        let tab = self
            .0
            .services
            .overrides
            .tab(actor, &entered.server)
            .await
            .map_err(told)?;
        let subject = self.subject(actor, &tab, &entered.subject).await?;
        self.0.set(actor, subject, entered).await
    }

    async fn edit(&self, actor: &Actor, id: &str, entered: Entered) -> Result<Option<Verdict>, UiError> {
        let seen = self.0.seen(actor, &entered.server, id).await?;
        let replace = "true".to_owned();
        self.0
            .set(actor, seen.row.subject, Entered { replace, ..entered })
            .await
    }

    async fn confirm(&self, actor: &Actor, server: &str, id: &str) -> Result<(), UiError> {
        let confirmed = self
            .0
            .services
            .overrides
            .confirm(actor, server, &OverrideId::new(id))
            .await;
        confirmed.map(drop).map_err(told)
    }

    async fn to_delete(&self, actor: &Actor, server: &str, id: &str) -> Result<Doomed, UiError> {
        let seen = self.0.seen(actor, server, id).await?;
        let mine = actor.is(&seen.row.subject);
        let whose = if mine {
            "Your calls".to_owned()
        } else {
            format!("Calls of {}", seen.row.subject_name)
        };
        let consequence = match seen.mode {
            Mode::ApiKeyShared | Mode::ClientCredentials => format!("{whose} use the shared credential then."),
            Mode::ApiKeyIndividual => format!("{whose} fail until another one is added."),
            Mode::AuthorizationCode if seen.row.kind == Kind::OAuth => {
                format!("{whose} fail until this server is authorized again, unless a manager has entered a header.")
            }
            Mode::AuthorizationCode => {
                format!("{whose} carry what was authorized at the provider, and fail if nothing was.")
            }
            Mode::TokenPassthrough | Mode::NoAuth => format!("{whose} do not use it anyway."),
        };
        Ok(Doomed {
            server: server.to_owned(),
            id: id.to_owned(),
            name: seen.row.subject_name,
            mine,
            kind: seen.row.kind,
            consequence,
        })
    }

    async fn delete(&self, actor: &Actor, server: &str, id: &str) -> Result<Kind, UiError> {
        let seen = self.0.seen(actor, server, id).await?;
        let kind = seen.row.kind;
        let deleted = self
            .0
            .services
            .overrides
            .delete(actor, server, &seen.row.subject, kind)
            .await;
        deleted.map(|()| kind).map_err(told)
    }
}

impl Overrides {
    /// Whom the text means. Who may not act for others is refused by the service, whatever the text says (S03).
    async fn subject(&self, actor: &Actor, tab: &Tab, text: &str) -> Result<SubjectRef, UiError> {
        let text = text.trim();
        match tab.role {
            ServerRole::User if text.is_empty() => Ok(actor.subject.clone()),
            ServerRole::User => Ok(spelled(text).unwrap_or_else(|| named(SubjectKind::VirtualAccount, text))),
            ServerRole::Manager => {
                self.0
                    .find_subject(actor, tab.server.name.as_str(), text, "subject")
                    .await
            }
        }
    }
}

impl Desk {
    /// Whom a manager means: an e-mail address, or the whole name of a virtual account or a person. A part of a name is no
    /// answer: a credential must not go to whoever happens to match.
    pub(super) async fn find_subject(
        &self,
        actor: &Actor,
        server: &str,
        text: &str,
        field: &str,
    ) -> Result<SubjectRef, UiError> {
        if text.is_empty() {
            return Err(invalid(
                field,
                "Say who: an e-mail address or a virtual account's name.",
            ));
        }
        if let Some(subject) = spelled(text) {
            return Ok(subject);
        }
        let hits = self.services.overrides.search_subjects(actor, server, text).await;
        let hits = hits.map_err(told)?;
        let exact = |hit: &&store::SubjectHit| hit.name.eq_ignore_ascii_case(text) || hit.subject.id == text;
        let exactly: Vec<_> = hits.iter().filter(exact).collect();
        match (exactly.as_slice(), hits.is_empty()) {
            ([one], _) => Ok(one.subject.clone()),
            (_, true) => Err(invalid(
                field,
                "There is no such user, virtual account or external identity.",
            )),
            (_, false) => {
                let names: Vec<String> = hits.iter().map(|hit| subject_hit(hit.clone()).value).collect();
                let message = format!("Which one? Enter one of: {}.", names.join(", "));
                Err(invalid(field, &message))
            }
        }
    }

    pub(super) async fn form(&self, actor: &Actor, server: &str, id: &str) -> Result<FormPage, UiError> {
        let tab = self.services.overrides.tab(actor, server).await.map_err(told)?;
        let manager = tab.role == ServerRole::Manager;
        let page = FormPage {
            server: tab.server.name.to_string(),
            mode: tab.server.mode,
            manager,
            subject: None,
            mine: false,
            fields: tab.fields.clone(),
            headers: tab.headers.clone(),
            masks: Vec::new(),
            state: None,
            may_confirm: false,
            expires_on: String::new(),
            subjects: Vec::new(),
        };
        if !id.is_empty() {
            return self.edit_form(actor, &tab, page, id).await;
        }
        if !tab.may_add {
            let because = tab.server.mode.unsupported_because(tab.server.allow_optional);
            return Err(because.map_or(UiError::Forbidden, |text| UiError::Refused(text.to_owned())));
        }
        if manager {
            let hits = self.services.overrides.search_subjects(actor, server, "").await;
            let subjects = hits.map_err(told)?.into_iter().map(subject_hit).collect();
            return Ok(FormPage { subjects, ..page });
        }
        Ok(FormPage {
            subject: Some(self.myself(actor).await?),
            mine: true,
            ..page
        })
    }

    async fn edit_form(&self, actor: &Actor, tab: &Tab, page: FormPage, id: &str) -> Result<FormPage, UiError> {
        let seen = self.seen(actor, &page.server, id).await?;
        if !may(tab, actor, OverrideAction::Edit, &seen) {
            return Err(UiError::Forbidden);
        }
        let mine = actor.is(&seen.row.subject);
        Ok(FormPage {
            subject: Some(subject_view(&seen.row)),
            mine,
            masks: seen.row.masks.clone().into_iter().collect(),
            state: Some(seen.state),
            may_confirm: seen.state == State::Suspended && (mine || seen.row.updated_by != seen.row.subject),
            expires_on: seen.row.expires_at.map(day).unwrap_or_default(),
            ..page
        })
    }

    pub(super) async fn seen(&self, actor: &Actor, server: &str, id: &str) -> Result<SeenOverride, UiError> {
        let seen = self.services.overrides.get(actor, server, &OverrideId::new(id)).await;
        seen.map_err(told)
    }

    async fn set(&self, actor: &Actor, subject: SubjectRef, entered: Entered) -> Result<Option<Verdict>, UiError> {
        let expires_at = match given(&entered.expires_on) {
            None => None,
            Some(text) => Some(end_of_day(&text).ok_or_else(|| invalid("expires_on", "Enter a date as YYYY-MM-DD."))?),
        };
        let values = entered
            .values
            .into_iter()
            .map(|(key, value)| (key, value.into_secret()))
            .collect();
        let set = SetOverride {
            subject,
            entered: Values::Many(values),
            expires_at: Some(expires_at),
            replace: !entered.replace.is_empty(),
            verify: !entered.verify.is_empty(),
        };
        let result = self.services.overrides.set(actor, &entered.server, set).await;
        result.map(|stored| stored.verdict).map_err(|error| match error {
            ServiceError::Conflict(_) => UiError::Exists { kept: Vec::new() },
            ServiceError::Invalid(errors) => UiError::Invalid {
                errors: errors.into_iter().map(as_the_form_calls_it).collect(),
                kept: Vec::new(),
            },
            other => told(other),
        })
    }

    pub(super) async fn myself(&self, actor: &Actor) -> Result<SubjectView, UiError> {
        let me = self.services.accounts.me(actor).await.map_err(told)?;
        Ok(SubjectView {
            kind: actor.subject.kind,
            id: actor.subject.id.clone(),
            name: actor.name.clone(),
            detail: me.map(|me| me.email),
        })
    }

    pub(super) fn override_row(&self, actor: &Actor, tab: &Tab, seen: SeenOverride) -> OverrideRow {
        let now = self.clock.now();
        let (may_edit, may_delete) = (
            seen.row.kind == Kind::Manual && may(tab, actor, OverrideAction::Edit, &seen),
            may(tab, actor, OverrideAction::Delete, &seen),
        );
        let row = seen.row;
        OverrideRow {
            id: row.id.to_string(),
            subject: subject_view(&row),
            mine: actor.is(&row.subject),
            auth: seen.mode.auth_label().to_owned(),
            updated_at: moment(now, row.updated_at),
            masks: masks(&tab.fields, &row.masks),
            kind: row.kind,
            state: seen.state,
            last_used: row.last_used_at.map(|at| moment(now, at)),
            verified: row.last_verified_at.map(|at| moment(now, at)),
            expires: row.expires_at.map(|at| expiry(now, at)),
            may_verify: may_edit && matches!(seen.state, State::Active | State::Rejected),
            updated_by: row.updated_by_name,
            may_edit,
            may_delete,
        }
    }
}

fn query(request: &ListRequest) -> ListQuery {
    let (column, descending) = match request.sort.strip_prefix('-') {
        Some(column) => (column, true),
        None => (request.sort.as_str(), false),
    };
    let sort = match column {
        "kind" => OverrideSort::Kind,
        "updated_at" => OverrideSort::UpdatedAt,
        "last_used" => OverrideSort::LastUsed,
        _ => OverrideSort::Entity,
    };
    ListQuery {
        search: given(&request.search),
        subject_kind: SubjectKind::parse(&request.kind),
        state: State::parse(&request.state),
        counted: true,
        sort,
        descending,
        cursor: given(&request.cursor),
        limit: PAGE,
    }
}

fn may(tab: &Tab, actor: &Actor, action: OverrideAction, seen: &SeenOverride) -> bool {
    let whose = Whose::of(actor, &seen.row.subject);
    decide_override(
        Some(tab.role),
        action,
        whose,
        tab.server.mode,
        tab.server.allow_optional,
    )
    .is_ok()
}

fn shown_headers(tab: &Tab) -> Vec<String> {
    let line = |(name, template): &(String, Option<String>)| match template {
        Some(template) => format!("{name}: {template}"),
        None => name.clone(),
    };
    tab.headers.iter().map(line).collect()
}

/// Each mask with its field's name; one alone needs none.
fn masks(fields: &[CredentialField], stored: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let label = |key: &String| match fields.iter().find(|field| field.key == *key) {
        _ if stored.len() == 1 => String::new(),
        Some(field) => field.label.clone(),
        None => key.clone(),
    };
    stored.iter().map(|(key, mask)| (label(key), mask.clone())).collect()
}

pub(super) fn subject_view(row: &store::OverrideRow) -> SubjectView {
    SubjectView {
        kind: row.subject.kind,
        id: row.subject.id.clone(),
        name: row.subject_name.clone(),
        detail: row.subject_detail.clone(),
    }
}

pub(super) fn subject_hit(hit: store::SubjectHit) -> SubjectHit {
    match hit.subject.kind {
        SubjectKind::User => SubjectHit {
            value: hit.detail,
            label: hit.name,
        },
        SubjectKind::VirtualAccount => SubjectHit {
            value: hit.subject.id,
            label: hit.subject.kind.label().to_owned(),
        },
        // Two providers may call somebody alike.
        SubjectKind::ExternalIdentity => SubjectHit {
            value: hit.subject.to_string(),
            label: format!("{} · {} of {}", hit.name, hit.subject.kind.label(), hit.detail),
        },
    }
}

/// `user/…`, `virtual_account/…`, `external_identity/…`, or an e-mail address.
pub(super) fn spelled(text: &str) -> Option<SubjectRef> {
    let typed = text
        .split_once('/')
        .and_then(|(kind, id)| Some(named(SubjectKind::parse(kind)?, id)));
    typed.or_else(|| text.contains('@').then(|| named(SubjectKind::User, text)))
}

fn named(kind: SubjectKind, id: &str) -> SubjectRef {
    SubjectRef {
        kind,
        id: id.to_owned(),
    }
}

fn as_the_form_calls_it(error: FieldError) -> FieldError {
    match error.field.as_str() {
        "expires_at" => FieldError::new("expires_on", error.message),
        _ => error,
    }
}

pub(super) fn invalid(field: &str, message: &str) -> UiError {
    UiError::Invalid {
        errors: vec![FieldError::new(field, message)],
        kept: Vec::new(),
    }
}
