//! The REST API, as far as the bench needs it: to set the world up and to change it.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::http1::Connection;

pub struct Rest {
    connection: Connection,
    address: SocketAddr,
    token: String,
}

impl Rest {
    pub async fn open(address: SocketAddr, token: &str) -> Result<Self> {
        let connection = Connection::open(address).await?;
        Ok(Self {
            connection,
            address,
            token: token.to_owned(),
        })
    }

    /// The answer's status and body, whatever they are.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &str, body: &Value) -> Result<(u16, Value)> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             {headers}content-length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        let head = self.connection.call(request.as_bytes()).await?;
        let answer = self.connection.body();
        let value = if answer.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(answer).unwrap_or_default()
        };
        Ok((head.status, value))
    }

    /// What must go well.
    pub async fn change(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let (status, answer) = self
            .ask(method, path, "", body)
            .await
            .with_context(|| format!("{method} {path}"))?;
        if status >= 300 {
            bail!("{method} {path} answered {status}: {answer}");
        }
        Ok(answer)
    }
}
