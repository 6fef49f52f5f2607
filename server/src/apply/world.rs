//! From the tree of a file to what it wants to be there. Names, addresses and settings are checked as they are everywhere.

use std::collections::{BTreeMap, BTreeSet};

use domain::outbound::Mode;
use domain::outbound_input::OutboundInput;
use domain::role::{PlatformRole, ServerRole};
use domain::server::{ServerName, ServerUrl};
use domain::team::TeamName;

use super::reader::{Place, Reader};
use super::yaml::{Node, Value};
use crate::services::accounts::is_email;
use crate::services::apply::{AccountSpec, IdentitySpec, Named, Section, ServerSpec, TeamSpec, UserSpec, World};

pub(super) const TOP: [&str; 5] = ["users", "teams", "external_identities", "virtual_accounts", "servers"];
pub(super) const USER: [&str; 4] = ["name", "platform_role", "disabled", "password"];
pub(super) const TEAM: [&str; 2] = ["description", "members"];
pub(super) const IDENTITY: [&str; 2] = ["issuer", "subject"];
pub(super) const ACCOUNT: [&str; 2] = ["description", "owner"];
pub(super) const SERVER: [&str; 5] = ["url", "description", "outbound_auth", "allow_overrides", "access"];
pub(super) const AUTH: [&str; 9] = [
    "mode",
    "headers",
    "discover",
    "authorization_url",
    "token_url",
    "registration_url",
    "client_id",
    "client_secret",
    "scopes",
];
const ROLES: [(&str, ServerRole); 2] = [("user", ServerRole::User), ("manager", ServerRole::Manager)];
const NO_ADDRESS: &str = "Write an e-mail address, such as ada@example.com.";

impl Reader<'_> {
    pub fn world(&mut self, root: &Node) -> World {
        let top = Place {
            section: None,
            name: String::new(),
            field: String::new(),
        };
        let fields = self.fields(&top, root, &TOP);
        World {
            users: fields
                .get("users")
                .map(|node| self.section(Section::Users, node, Self::user)),
            teams: fields
                .get("teams")
                .map(|node| self.section(Section::Teams, node, Self::team)),
            external_identities: fields
                .get("external_identities")
                .map(|node| self.section(Section::ExternalIdentities, node, Self::identity)),
            virtual_accounts: fields
                .get("virtual_accounts")
                .map(|node| self.section(Section::VirtualAccounts, node, Self::account)),
            servers: fields
                .get("servers")
                .map(|node| self.section(Section::Servers, node, Self::server)),
        }
    }

    fn section<T>(
        &mut self,
        section: Section,
        node: &Node,
        read: fn(&mut Self, &Place, &Node) -> T,
    ) -> BTreeMap<String, T> {
        let whole = Place::of(section, "");
        self.mark(&whole, node.line);
        let mut read_so_far = BTreeMap::new();
        for (key, node) in self.entries(&whole, node, section.key()) {
            let name = match section {
                Section::Users => key.name.trim().to_lowercase(),
                _ => key.name.clone(),
            };
            let place = Place::of(section, &name);
            self.mark(&place, key.line);
            let spec = read(self, &place, node);
            if read_so_far.insert(name, spec).is_some() {
                self.problem(
                    &place,
                    "This is there twice: addresses are the same in capitals and small letters.",
                );
            }
        }
        read_so_far
    }

    fn user(&mut self, place: &Place, node: &Node) -> UserSpec {
        if !is_email(&place.name) {
            self.problem(place, NO_ADDRESS);
        }
        let fields = self.fields(place, node, &USER);
        let roles = [("member", PlatformRole::Member), ("admin", PlatformRole::Admin)];
        UserSpec {
            name: self.text(&place.at("name"), fields.get("name")),
            platform_role: self.word(&place.at("platform_role"), fields.get("platform_role"), &roles),
            disabled: self.yes_or_no(&place.at("disabled"), fields.get("disabled")),
            password: self.secret(&place.at("password"), fields.get("password")),
        }
    }

    fn team(&mut self, place: &Place, node: &Node) -> TeamSpec {
        if let Err(error) = TeamName::parse(&place.name) {
            self.problem(place, error.to_string());
        }
        let fields = self.fields(place, node, &TEAM);
        let members = place.at("members");
        let listed = self.list(&members, fields.get("members")).map(<[Node]>::to_vec);
        TeamSpec {
            description: self.text(&place.at("description"), fields.get("description")),
            members: listed.map(|nodes| nodes.iter().filter_map(|node| self.address(&members, node)).collect()),
        }
    }

    /// An item of a list of people.
    fn address(&mut self, place: &Place, node: &Node) -> Option<String> {
        let text = self.text(place, Some(node))?.trim().to_lowercase();
        let here = place.at(&text);
        self.mark(&here, node.line);
        if is_email(&text) {
            return Some(text);
        }
        self.problem(&here, NO_ADDRESS);
        None
    }

    fn identity(&mut self, place: &Place, node: &Node) -> IdentitySpec {
        let fields = self.fields(place, node, &IDENTITY);
        let mut needed = |name: &str| {
            let here = place.at(name);
            if fields.get(name).is_none() {
                self.problem(&here, "This is required.");
            }
            self.text(&here, fields.get(name)).unwrap_or_default()
        };
        IdentitySpec {
            issuer: needed("issuer"),
            subject: needed("subject"),
        }
    }

    fn account(&mut self, place: &Place, node: &Node) -> AccountSpec {
        let fields = self.fields(place, node, &ACCOUNT);
        let owner = fields.get("owner").map(|node| match &node.value {
            Value::Nothing => None,
            _ => self
                .text(&place.at("owner"), Some(node))
                .map(|text| text.trim().to_lowercase()),
        });
        AccountSpec {
            description: self.text(&place.at("description"), fields.get("description")),
            owner,
        }
    }

    fn server(&mut self, place: &Place, node: &Node) -> ServerSpec {
        if let Err(error) = ServerName::parse(&place.name) {
            self.problem(place, error.to_string());
        }
        let fields = self.fields(place, node, &SERVER);
        let url = self.text(&place.at("url"), fields.get("url"));
        if let Some(Err(error)) = url.as_deref().map(ServerUrl::parse) {
            self.problem(&place.at("url"), error.to_string());
        }
        ServerSpec {
            url,
            description: self.text(&place.at("description"), fields.get("description")),
            outbound_auth: fields
                .get("outbound_auth")
                .and_then(|node| self.outbound_auth(&place.at("outbound_auth"), node)),
            allow_overrides: self.yes_or_no(&place.at("allow_overrides"), fields.get("allow_overrides")),
            access: fields.get("access").map(|node| self.access(&place.at("access"), node)),
        }
    }

    /// `None` when something in it is wrong.
    fn outbound_auth(&mut self, place: &Place, node: &Node) -> Option<OutboundInput> {
        let before = self.problems.len();
        let fields = self.fields(place, node, &AUTH);
        let modes = Mode::ALL.map(|mode| (mode.as_str(), mode));
        let mode = self.word(&place.at("mode"), fields.get("mode"), &modes);
        if fields.get("mode").is_none() {
            self.problem(&place.at("mode"), "This is required.");
        }
        let scopes = place.at("scopes");
        let listed = self.list(&scopes, fields.get("scopes")).map(<[Node]>::to_vec);
        let input = OutboundInput {
            mode: mode.map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
            headers: fields
                .get("headers")
                .map(|node| self.headers(&place.at("headers"), node, mode)),
            discover: self.yes_or_no(&place.at("discover"), fields.get("discover")),
            authorization_url: self.text(&place.at("authorization_url"), fields.get("authorization_url")),
            token_url: self.text(&place.at("token_url"), fields.get("token_url")),
            registration_url: self.text(&place.at("registration_url"), fields.get("registration_url")),
            client_id: self.text(&place.at("client_id"), fields.get("client_id")),
            client_secret: self
                .secret(&place.at("client_secret"), fields.get("client_secret"))
                .map(|secret| secret.expose().to_owned()),
            scopes: listed.map(|nodes| nodes.iter().filter_map(|node| self.text(&scopes, Some(node))).collect()),
        };
        if self.problems.len() > before {
            return None;
        }
        let wrong = input.parse(None).err().unwrap_or_default();
        let whole = Place {
            field: String::new(),
            ..place.clone()
        };
        for error in wrong {
            self.problem(&whole.at(&error.field), error.message);
        }
        (self.problems.len() == before).then_some(input)
    }

    /// Shared headers hold secrets, Individual ones templates.
    fn headers(&mut self, place: &Place, node: &Node, mode: Option<Mode>) -> BTreeMap<String, Option<String>> {
        let mut headers = BTreeMap::new();
        for (key, node) in self.entries(place, node, "headers") {
            let here = place.at(&key.name);
            self.mark(&here, key.line);
            let value = match (mode, &node.value) {
                (Some(Mode::ApiKeyShared), _) => {
                    let secret = self.secret(&here, Some(node));
                    secret.map(|secret| secret.expose().to_owned())
                }
                (_, Value::Nothing) => None,
                _ => self.text(&here, Some(node)),
            };
            headers.insert(key.name.clone(), value);
        }
        headers
    }

    fn access(&mut self, place: &Place, node: &Node) -> BTreeMap<Named, ServerRole> {
        let (mut access, mut seen) = (BTreeMap::new(), BTreeSet::new());
        for (key, node) in self.entries(place, node, "who has which role") {
            let Some(named) = Named::parse(&key.name) else {
                let here = place.at(&key.name);
                self.mark(&here, key.line);
                let text =
                    "Name somebody: everyone, user/ADDRESS, team/NAME, virtual_account/NAME or external_identity/NAME.";
                self.problem(&here, text);
                continue;
            };
            let here = place.at(&named.to_string());
            self.mark(&here, key.line);
            if !seen.insert(named.clone()) {
                self.problem(&here, "This is there twice.");
            }
            if let Some(role) = self.word(&here, Some(node), &ROLES) {
                access.insert(named, role);
            }
        }
        access
    }
}
