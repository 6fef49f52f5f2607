//! McpAuthRequiredError, and the questions that take its place for clients that can send their person to a page of ours (B09).

use axum::http::StatusCode;
use axum::response::Response;
use domain::actor::SubjectRef;
use domain::injection::MissingReason;
use domain::server::ServerName;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::error::{GatewayError, json_rpc};
use super::message::Message;

/// Our own code, outside JSON-RPC's reserved range.
const AUTH_REQUIRED: i64 = 4401;
/// MCP 2025-11-25, "URL Elicitation Required Error".
const URL_ELICITATION_REQUIRED: i64 = -32042;
/// The question's name among a result's `inputRequests`, and its answer's.
pub const QUESTION: &str = "credential";

#[derive(Debug, Clone)]
pub struct AuthRequired {
    pub reason: MissingReason,
    pub server: ServerName,
    pub subject: SubjectRef,
    pub subject_name: String,
    /// Absolute: opens the form or the consent page.
    pub url: Url,
    /// The identity of a credential that is there and does not do: another one is wanted.
    pub instead_of: Option<String>,
}

/// What a client asks its person. The link holds no secret and signs nobody in: who opens it has to be the caller.
#[derive(Debug)]
pub enum Question {
    /// 2026-07-28: a result; the client repeats the call with the answer and this state.
    InputRequired { required: AuthRequired, state: String },
    /// 2025-11-25: an error; the person repeats the call.
    UrlRequired(AuthRequired),
}

impl From<AuthRequired> for GatewayError {
    fn from(required: AuthRequired) -> Self {
        Self::AuthRequired(Box::new(required))
    }
}

impl AuthRequired {
    pub fn error(&self) -> Value {
        json!({ "code": AUTH_REQUIRED, "message": self.message(), "data": self.data() })
    }

    /// People see this: the link has to be in it.
    fn message(&self) -> String {
        format!("McpAuthRequiredError: {} Open {}", self.sentence(), self.url)
    }

    fn data(&self) -> Value {
        json!({
            "type": "McpAuthRequiredError",
            "reason": self.reason.as_str(),
            "server": self.server.as_str(),
            "subject": self.subject.to_string(),
            "url": self.url.as_str(),
        })
    }

    fn sentence(&self) -> String {
        let (who, server) = (&self.subject_name, &self.server);
        match self.reason {
            MissingReason::OverrideMissing => format!("{who} has no credential for '{server}' yet."),
            MissingReason::OverrideNeedsUpdate => {
                format!("{who}'s credential for '{server}' has expired or lacks a value.")
            }
            MissingReason::OverrideSuspended => {
                format!("'{server}' moved to another address; {who}'s credential has to be confirmed.")
            }
            MissingReason::OverrideRejected => format!("'{server}' rejected {who}'s credential."),
            MissingReason::OauthConsentRequired => format!("{who} has not authorized '{server}' yet."),
            MissingReason::OauthInvalidated => format!("{who} has to authorize '{server}' again."),
        }
    }
}

impl Question {
    pub fn respond(&self, message: &Message) -> Response {
        match self {
            Self::InputRequired { required, state } => {
                let result = input_required(required, state);
                json_rpc(message, StatusCode::OK, "result", &result)
            }
            Self::UrlRequired(required) => {
                let id = Uuid::now_v7().to_string();
                json_rpc(message, StatusCode::OK, "error", &url_required(required, &id))
            }
        }
    }
}

fn input_required(required: &AuthRequired, state: &str) -> Value {
    let text = format!(
        "{} Open the link to change that; the call then goes on.",
        required.sentence()
    );
    let params = json!({ "mode": "url", "message": text, "url": required.url.as_str() });
    json!({
        "resultType": "input_required",
        "inputRequests": { QUESTION: { "method": "elicitation/create", "params": params } },
        "requestState": state,
    })
}

fn url_required(required: &AuthRequired, id: &str) -> Value {
    let text = format!("{} Open the link to change that, then call again.", required.sentence());
    let mut data = required.data();
    data["elicitations"] = json!([{
        "mode": "url",
        "elicitationId": id,
        "url": required.url.as_str(),
        "message": text,
    }]);
    json!({ "code": URL_ELICITATION_REQUIRED, "message": required.message(), "data": data })
}

#[cfg(test)]
mod tests {
    use domain::id::VirtualAccountId;

    use super::*;

    fn required() -> AuthRequired {
        AuthRequired {
            reason: MissingReason::OverrideMissing,
            server: ServerName::parse("notes").unwrap(),
            subject: SubjectRef::virtual_account(&VirtualAccountId::new("1")),
            subject_name: "ci-bot".to_owned(),
            url: Url::parse("https://gateway.example/connect/notes").unwrap(),
            instead_of: None,
        }
    }

    /// As the SDKs' schemas have it: `InputRequiredResult` with an `ElicitRequest` in mode `url`.
    #[test]
    fn b09_input_required_is_one_question_with_a_link() {
        let expected = json!({
            "resultType": "input_required",
            "inputRequests": {"credential": {"method": "elicitation/create", "params": {
                "mode": "url",
                "message": "ci-bot has no credential for 'notes' yet. Open the link to change that; the call then goes on.",
                "url": "https://gateway.example/connect/notes",
            }}},
            "requestState": "sealed",
        });
        assert_eq!(input_required(&required(), "sealed"), expected);
    }

    #[test]
    fn b09_the_error_of_2025_11_25_holds_the_link_in_its_text_too() {
        let error = url_required(&required(), "id-1");
        assert_eq!(error["code"], -32042);
        assert_eq!(error["message"], required().error()["message"]);
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .ends_with("Open https://gateway.example/connect/notes")
        );
        let elicitation = json!({
            "mode": "url",
            "elicitationId": "id-1",
            "url": "https://gateway.example/connect/notes",
            "message": "ci-bot has no credential for 'notes' yet. Open the link to change that, then call again.",
        });
        assert_eq!(error["data"]["elicitations"], json!([elicitation]));
        assert_eq!(error["data"]["reason"], "override_missing");
    }
}
