//! An installation with its real processes.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::json;

use super::fill;
use crate::support::process::{Home, Running};
use crate::support::world::{CALL, individual};
use crate::support::{Answer, App, Caller, Upstream, app};

/// Enough for a rotation that can be met in its middle.
const MANY: usize = 3_000;

/// An installation with Ada, her key on `notes`, and a server that runs.
pub struct Installed<'a> {
    pub home: Home,
    settings: Vec<(&'static str, String)>,
    ada: Caller,
    upstream: &'a Upstream,
}

impl<'a> Installed<'a> {
    pub fn new(settings: Vec<(&'static str, String)>, upstream: &'a Upstream) -> Self {
        let home = Home::new();
        let run = |arguments: &[&str]| {
            let mut command = home.command(arguments);
            command.envs(settings.iter().map(|(name, value)| (*name, value)));
            let output = command.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        run(&["user", "add", "--email", "ada@demo.test", "--admin"]);
        let token = run(&["token", "create", "--user", "ada@demo.test"]);
        Self {
            ada: Caller::user("ada@demo.test", token.trim()),
            home,
            settings,
            upstream,
        }
    }

    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.home.command(arguments);
        command.envs(self.settings.iter().map(|(name, value)| (*name, value)));
        command
    }

    pub fn key(&self, command: &str) -> crate::support::process::Ended {
        let settings: Vec<_> = self
            .settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.home.run_with(&["key", command], &settings)
    }

    pub fn set(&mut self, name: &'static str, value: String) {
        self.settings.retain(|(other, _)| *other != name);
        self.settings.push((name, value));
    }

    pub fn serve(&self) -> Served<'_> {
        let running = Running::start(self.command(&["serve"]));
        Served {
            http: app::client(running.url.authority()),
            running,
            installed: self,
        }
    }

    pub fn file(&self) -> String {
        std::fs::read_to_string(self.home.folder.path().join("overkey.key")).unwrap()
    }

    /// Starts a rotation and kills it in its middle.
    pub fn kill_in_the_middle(&self) {
        let mut child = self.command(&["key", "rotate"]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let progress = lines.map_while(Result::ok).find(|line| line.starts_with("overrides: "));
        child.kill().unwrap();
        child.wait().unwrap();
        let progress = progress.unwrap();
        assert!(
            !progress.ends_with(&format!("{} of {}", MANY + 1, MANY + 1)),
            "{progress}"
        );
    }
}

pub struct Served<'a> {
    pub running: Running,
    http: reqwest::Client,
    installed: &'a Installed<'a>,
}

impl Served<'_> {
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = self.running.url.join(path).unwrap();
        self.http.request(method, url).bearer_auth(&self.installed.ada.token)
    }

    pub async fn prepare(&self) {
        let new = json!({"name": "notes", "url": self.installed.upstream.url("/mcp"), "outbound_auth": individual()});
        let made = self.request(reqwest::Method::POST, "/api/v1/servers").json(&new);
        Answer::of(made).await.expect(201);
        self.enter("sk-ada").await;
    }

    pub async fn enter(&self, value: &str) {
        let put = self.request(
            reqwest::Method::PUT,
            "/api/v1/servers/notes/overrides/user/ada@demo.test",
        );
        let put = Answer::of(put.json(&json!({"credential": value}))).await;
        assert!(matches!(put.status, 200 | 201), "{put:?}");
    }

    pub async fn sends(&self, value: &str) {
        let call = self.request(reqwest::Method::POST, "/mcp/notes").body(CALL);
        let answer = Answer::of(call).await.expect(200);
        assert_eq!(answer["result"]["authorization"], json!([format!("Bearer {value}")]));
    }

    pub async fn ready(&self) -> u16 {
        let url = self.running.url.join("/readyz").unwrap();
        Answer::of(self.http.get(url)).await.status
    }
}

/// Many overrides, put there by a process of our own.
pub async fn crowd(installed: &Installed<'_>, database: &str, key: server::config::KeySource) {
    let mut config = app::config();
    config.database_url = database.to_owned();
    config.key = key;
    let app = App::start(config).await;
    let mut ada = installed.ada.clone();
    let listed = app.get(&ada, "/me").await.expect(200);
    ada.id = listed["subject"]["id"].as_str().unwrap().to_owned();
    fill(&app, &ada, MANY).await;
}
