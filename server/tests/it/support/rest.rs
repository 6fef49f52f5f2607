//! Who calls, and what came back.

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

/// Somebody with a gateway token.
#[derive(Debug, Clone)]
pub struct Caller {
    pub kind: &'static str,
    pub id: String,
    pub token: String,
}

impl Caller {
    pub fn user(id: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            kind: "user",
            id: id.into(),
            token: token.into(),
        }
    }

    pub fn virtual_account(name: &str, token: impl Into<String>) -> Self {
        Self {
            kind: "virtual_account",
            id: name.to_owned(),
            token: token.into(),
        }
    }

    /// `user/<id>`, as it stands in paths.
    pub fn path(&self) -> String {
        format!("{}/{}", self.kind, self.id)
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        Self::from(request.send().await.unwrap()).await
    }

    pub async fn from(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// An answer that is no JSON.
    #[track_caller]
    pub fn expect_status(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
    }

    /// RFC 9457, with the stable type: what every failure of the REST API looks like.
    #[track_caller]
    pub fn problem(&self, status: u16, kind: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(
            self.header(CONTENT_TYPE.as_str()),
            "application/problem+json",
            "{self:?}"
        );
        assert_eq!(body["type"], format!("/problems/{kind}"), "{body}");
        assert_eq!(body["status"], status, "{body}");
        assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
        body
    }

    /// The fields that a refusal names.
    #[track_caller]
    pub fn wrong_fields(&self, status: u16, kind: &str) -> Vec<String> {
        let body = self.problem(status, kind);
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {body}"));
        for error in errors {
            assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "{body}");
        }
        errors
            .iter()
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect()
    }
}
