//! A user, virtual account or external identity as every answer shows it.

use domain::actor::SubjectRef;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"type": "user", "id": "019a2b3c-0000-7000-8000-000000000001", "name": "Bob"}))]
pub(super) struct SubjectView {
    /// `user`, `virtual_account` or `external_identity`.
    r#type: &'static str,
    /// A user's id; a virtual account's name.
    id: String,
    name: String,
}

impl SubjectView {
    pub(super) fn new(subject: SubjectRef, name: String) -> Self {
        Self {
            r#type: subject.kind.as_str(),
            id: subject.id,
            name,
        }
    }

    pub(super) const fn kind(&self) -> &'static str {
        self.r#type
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}
