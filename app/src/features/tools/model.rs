//! A server's tools, as its page shows them.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolList {
    pub server: String,
    pub answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Tools(Vec<Tool>),
    /// My calls carry no credential that works: what to do, in words and as an address.
    CredentialMissing {
        text: String,
        action: String,
    },
    /// The upstream could not be asked.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    pub name: String,
    pub title: Option<String>,
    pub description: String,
    /// JSON Schema, indented.
    pub schema: String,
    /// "Read-only", "Destructive", ... as the server says.
    pub hints: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    pub failed: bool,
    pub text: String,
}

/// By name, title or description, without case.
pub fn matches(tool: &Tool, search: &str) -> bool {
    let search = search.trim().to_lowercase();
    let title = tool.title.as_deref().unwrap_or_default();
    [tool.name.as_str(), title, tool.description.as_str()]
        .iter()
        .any(|text| text.to_lowercase().contains(&search))
}
