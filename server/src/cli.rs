//! The commands of `overkey`.

mod apply;
mod doctor;
mod key;
mod manual;

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::{Parser, Subcommand};
use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::role::PlatformRole;
use domain::secret::Secret;
use domain::via::By;
use url::Url;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::services::ServiceError;
use crate::services::accounts::{NewUser, UserChange, find_user};
use crate::services::audit::Noted;
use crate::services::tokens::{TokenRequest, parse_lifetime};
use crate::startup::{self, Overkey};
use crate::store::PageQuery;
use crate::{demo, telemetry};

/// The MCP gateway that sends each upstream the caller's own credential.
#[derive(Parser)]
#[command(name = "overkey", version, arg_required_else_help = true)]
pub struct Cli {
    /// The configuration file (default: overkey.toml, if it is there).
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the UI, the REST API and the gateway.
    Serve,
    /// Serve a fresh demo world with demo upstreams inside.
    Demo {
        /// Where its database goes (default: a temporary folder).
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Bring the database's schema up to date.
    Migrate,
    /// People.
    #[command(subcommand)]
    User(UserCommand),
    /// Gateway tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// The audit trail.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The master key that credentials are sealed with.
    #[command(subcommand)]
    Key(key::Command),
    /// Make servers, people, teams, virtual accounts and access what a file says: all of it, or nothing.
    Apply(apply::Command),
    /// Look at configuration, database, key, audit trail, upstreams and clock; ends with 1 when there is trouble.
    Doctor {
        /// Print the findings as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print what a shell needs to complete these commands.
    Completions { shell: clap_complete::Shell },
    /// Print the manual page.
    Man,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check that no entry was edited, moved, put in or taken out; names the first that was.
    Verify {
        /// An end of a chain that was noted elsewhere, as this command and the log tell it (changes:17:3f9a...): the trail must
        /// still hold it. May be given more than once.
        #[arg(long)]
        noted: Vec<String>,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a person.
    Add {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        admin: bool,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List all people.
    List,
    /// Disable a person: their sessions end at once, and their tokens do not work until they are enabled.
    Disable {
        #[arg(long)]
        email: String,
    },
    /// Enable a disabled person again.
    Enable {
        #[arg(long)]
        email: String,
    },
    /// Make a link by which a person chooses a password, and print it once; it works once, within seven days.
    Invite {
        #[arg(long)]
        email: String,
    },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a personal access token and print it once.
    Create {
        /// The person's e-mail address.
        #[arg(long)]
        user: String,
        #[arg(long, default_value = "Command line")]
        name: String,
        /// How long it is good for: 30d, 12h, 90m. Without it, for good.
        #[arg(long)]
        expires: Option<String>,
    },
}

/// The exit code is the command's own; trouble is an error.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // What only prints asks for no configuration.
    match &cli.command {
        Command::Completions { shell } => {
            manual::completions(*shell, &mut std::io::stdout());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Man => {
            manual::pages(&mut std::io::stdout())?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Apply(command) if command.schema => {
            say(crate::apply::SCHEMA.trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        // A configuration that cannot be read is a finding.
        Command::Doctor { json } => return doctor::run(cli.config.as_deref(), *json).await,
        _ => {}
    }
    let config = Config::load(cli.config.as_deref())?;
    let telemetry = telemetry::start(&config)?;
    let done = carry_out(cli.command, config).await;
    telemetry.stop().await;
    done
}

async fn carry_out(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => startup::serve(config).await?,
        Command::Demo { data } => demo::serve(config, data).await?,
        Command::Migrate => open(config).await.map(|_| say("The database is up to date."))?,
        Command::User(command) => users(&open(config).await?, command).await?,
        Command::Token(command) => tokens(&open(config).await?, command).await?,
        Command::Audit(AuditCommand::Verify { noted }) => verify(&open(config).await?, &noted).await?,
        Command::Key(command) => return key::run(&open(config).await?, command).await,
        Command::Apply(command) => return apply::run(&open(config).await?, command).await,
        Command::Completions { .. } | Command::Man | Command::Doctor { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(config: Config) -> anyhow::Result<Overkey> {
    let url = config
        .public_url
        .clone()
        .map_or_else(|| Url::parse("http://localhost"), Ok)?;
    Overkey::open(config, url, Arc::new(SystemClock)).await
}

async fn users(overkey: &Overkey, command: UserCommand) -> anyhow::Result<()> {
    let accounts = &overkey.services.accounts;
    match command {
        UserCommand::Add {
            email,
            name,
            admin,
            password_stdin,
        } => {
            let password = password_stdin.then(read_password).transpose()?;
            let platform_role = if admin {
                PlatformRole::Admin
            } else {
                PlatformRole::Member
            };
            let row = accounts
                .create_user(
                    &operator(),
                    NewUser {
                        email,
                        name,
                        password,
                        platform_role,
                    },
                )
                .await
                .map_err(told)?;
            say(&format!("Added {} ({}).", row.email, row.id));
        }
        UserCommand::List => {
            let mut query = PageQuery {
                limit: 200,
                ..PageQuery::default()
            };
            loop {
                let page = accounts.users(&operator(), &query).await.map_err(told)?;
                for row in page.items {
                    let state = overkey.services.people.state(&row).as_str();
                    say(&format!(
                        "{}\t{}\t{}\t{state}",
                        row.email,
                        row.name,
                        row.platform_role.as_str()
                    ));
                }
                let Some(next) = page.next else { return Ok(()) };
                query.cursor = Some(next);
            }
        }
        UserCommand::Disable { email } => set_disabled(overkey, &email, true).await?,
        UserCommand::Enable { email } => set_disabled(overkey, &email, false).await?,
        UserCommand::Invite { email } => {
            if overkey.config.public_url.is_none() {
                bail!("Set OVERKEY_PUBLIC_URL to where people reach this installation: the link begins with it.");
            }
            let invited = overkey.services.invitations.invite(&operator(), &email).await;
            say(invited.map_err(told)?.url.expose());
        }
    }
    Ok(())
}

async fn set_disabled(overkey: &Overkey, email: &str, disabled: bool) -> anyhow::Result<()> {
    let change = UserChange {
        disabled: Some(disabled),
        ..UserChange::default()
    };
    let changed = overkey.services.accounts.change_user(&operator(), email, change).await;
    let done = if disabled { "Disabled" } else { "Enabled" };
    say(&format!("{done} {}.", changed.map_err(told)?.email));
    Ok(())
}

async fn tokens(overkey: &Overkey, command: TokenCommand) -> anyhow::Result<()> {
    let TokenCommand::Create { user, name, expires } = command;
    let lifetime = expires
        .map(|text| parse_lifetime(&text).ok_or_else(|| anyhow!("--expires takes 30d, 12h or 90m")))
        .transpose()?;
    let row = find_user(overkey.core.store.read().await?.as_mut(), &user)
        .await
        .map_err(told)?;
    let row = row
        .filter(|row| row.disabled_at.is_none())
        .with_context(|| format!("There is no active user {user}"))?;
    let actor = Actor::new(SubjectRef::user(&row.id), row.name, row.platform_role).by(By::CommandLine);
    let expires_at = lifetime.map(|seconds| overkey.core.now().plus(seconds));
    let new = overkey
        .services
        .tokens
        .create(&actor, TokenRequest { name, expires_at })
        .await
        .map_err(told)?;
    say(new.value.expose());
    Ok(())
}

/// Fails when a chain is broken, so that a script notices.
async fn verify(overkey: &Overkey, noted: &[String]) -> anyhow::Result<()> {
    let noted = noted.iter().map(|text| {
        Noted::parse(text)
            .with_context(|| format!("--noted takes what this command tells, changes:17:3f9a..., not {text}"))
    });
    let noted = noted.collect::<anyhow::Result<Vec<_>>>()?;
    let verdicts = overkey.services.audit.verify(&noted).await.map_err(told)?;
    let mut broken = Vec::new();
    for verdict in &verdicts {
        say(&verdict.to_string());
        broken.extend(verdict.broken.as_ref().map(|_| verdict.trail.as_str()));
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(anyhow!("the chain of {} is broken", broken.join(" and of ")))
    }
}

/// Whoever can run the program on its database may do everything; the audit trail names them as the command line.
fn operator() -> Actor {
    let subject = SubjectRef {
        kind: SubjectKind::User,
        id: "command-line".to_owned(),
    };
    Actor::new(subject, "Command line", PlatformRole::Admin).by(By::CommandLine)
}

fn read_password() -> anyhow::Result<Secret> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("Cannot read the password from standard input")?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// The fields' messages are what a person at the command line needs.
fn told(error: ServiceError) -> anyhow::Error {
    match error {
        ServiceError::Invalid(errors) => {
            anyhow!(
                errors
                    .into_iter()
                    .map(|error| format!("{}: {}", error.field, error.message))
                    .collect::<Vec<_>>()
                    .join("\n")
            )
        }
        other => other.into(),
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the command line's answers go to standard output, logs to standard error"
)]
pub fn say(text: &str) {
    println!("{text}");
}
