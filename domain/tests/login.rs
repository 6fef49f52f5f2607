//! Signing MCP clients in (B10): redirects, audiences, descriptions, and the life of codes and refresh tokens, as printed tables and as
//! what holds for every input.

#![expect(clippy::unwrap_used, reason = "an input that cannot be set up is a failed test")]

mod table;

use domain::login::audience::{known_as, server_of};
use domain::login::client::{Client, ClientId, Described};
use domain::login::grant::{Code, CodeShown, Refresh, Renewal, Resource, exchange, renew};
use domain::login::redirect::RedirectUri;
use domain::login::request::{self, Asked};
use domain::server::ServerName;
use domain::timestamp::Timestamp;
use proptest::prelude::*;
use url::Url;

fn uri(text: &str) -> RedirectUri {
    RedirectUri::parse(text).unwrap()
}

#[test]
fn b10_which_redirects_are_taken_and_what_people_see_of_them() {
    let texts = [
        "https://claude.ai/api/mcp/auth_callback",
        "https://app.example:8443/cb?tenant=1",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:33418/",
        "http://[::1]:8080/cb",
        "http://localhost:6274/oauth/callback",
        "cursor://anysphere.cursor-retrieval/oauth/callback",
        "vscode://vscode.github-authentication/did-authenticate",
        "com.example.app://oauth",
        "http://app.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "https://user:pw@app.example/cb",
        "https://app.example/cb#fragment",
        "https://app.example/cb?code=x",
        "https://app.example/cb?iss=https://x",
        "javascript:alert(1)",
        "javascript://app.example/%0aalert(1)",
        "JAVASCRIPT://app.example/x",
        "data:text/html,x",
        "file:///etc/passwd",
        "ms-msdt://id",
        "com.example.app:/oauth",
        "intent://x#Intent;end",
        "/relative",
        "//app.example/cb",
        "",
        " https://app.example/cb",
        "https://app.example/\u{e9}",
        "https://app.example/\"><script>",
    ];
    let rows: Vec<Vec<String>> = texts
        .iter()
        .map(|text| {
            let (outcome, place) = match RedirectUri::parse(text) {
                Ok(uri) => (
                    format!("{:?}", uri.kind()),
                    format!("{} | {}", uri.place(), uri.form_action()),
                ),
                Err(error) => (format!("{error:?}"), String::new()),
            };
            vec![text.escape_debug().to_string(), outcome, place]
        })
        .collect();
    insta::assert_snapshot!(
        "redirects",
        table::print(&["redirect", "taken as", "shown | form-action"], &rows)
    );
}

#[test]
fn g6_only_this_machine_has_any_port() {
    let registered = uri("http://127.0.0.1:1000/cb");
    for same in [
        "http://127.0.0.1:1000/cb",
        "http://127.0.0.1:65535/cb",
        "http://127.0.0.1/cb",
    ] {
        assert!(registered.allows(&uri(same)), "{same}");
    }
    for other in [
        "http://localhost:1000/cb",
        "http://127.0.0.2:1000/cb",
        "http://[::1]:1000/cb",
        "http://127.0.0.1:1000/cb/",
        "http://127.0.0.1:1000/CB",
        "http://127.0.0.1:1000/cb?x=1",
        "https://127.0.0.1:1000/cb",
    ] {
        assert!(!registered.allows(&uri(other)), "{other}");
    }
    let web = uri("https://app.example/cb");
    assert!(web.allows(&uri("https://app.example/cb")));
    for other in [
        "https://app.example:8443/cb",
        "https://app.example/cb?",
        "https://APP.example/cb",
        "https://sub.app.example/cb",
    ] {
        assert!(!web.allows(&uri(other)), "{other}");
    }
    let app = uri("cursor://a/cb");
    assert!(!app.allows(&uri("cursor://a:1/cb")) && !app.allows(&uri("cursor://b/cb")));
}

#[test]
fn b10_a_resource_names_one_server_of_ours() {
    let rows: Vec<Vec<String>> = ["https://mcp.example", "http://127.0.0.1:8080"]
        .iter()
        .flat_map(|public| {
            let base = Url::parse(public).unwrap();
            [
                format!("{public}/mcp/notes"),
                format!("{public}/mcp/notes/"),
                format!("{public}/mcp/notes/sse"),
                "https://MCP.example:443/mcp/notes".to_owned(),
                "http://localhost:8080/mcp/notes".to_owned(),
                "http://localhost:8081/mcp/notes".to_owned(),
                "https://localhost:8080/mcp/notes".to_owned(),
                "http://mcp.example/mcp/notes".to_owned(),
                "https://mcp.example.evil.example/mcp/notes".to_owned(),
                format!("{public}/mcp/notes/more"),
                format!("{public}/mcp/"),
                format!("{public}/mcp/Notes"),
                format!("{public}/mcp/a%2f..%2fnotes"),
                format!("{public}/mcp/notes?x=1"),
                format!("{public}/mcp/notes#x"),
                format!("{public}/"),
                "notes".to_owned(),
            ]
            .map(|resource| {
                let server = server_of(&base, &resource).map_or("-".to_owned(), |server| server.to_string());
                vec![(*public).to_owned(), resource, server]
            })
        })
        .collect();
    insta::assert_snapshot!("resources", table::print(&["public URL", "resource", "server"], &rows));
}

#[test]
fn a1_a_host_names_us_only_if_it_is_us() {
    let known = |public: &str, host| known_as(&Url::parse(public).unwrap(), host).to_string();
    let local = "http://127.0.0.1:8080/";
    assert_eq!(known(local, Some("localhost:8080")), "http://localhost:8080/");
    assert_eq!(known(local, Some("[::1]:8080")), "http://[::1]:8080/");
    for foreign in [
        None,
        Some("localhost:1"),
        Some("evil.example"),
        Some("a b"),
        Some("localhost:8080/x@evil.example"),
    ] {
        assert!(
            known(local, foreign).starts_with("http://127.0.0.1:8080/")
                || known(local, foreign).starts_with("http://localhost:8080/"),
            "{foreign:?}"
        );
    }
    assert_eq!(
        known("https://mcp.example", Some("mcp.example:8443")),
        "https://mcp.example/"
    );
    assert_eq!(known("https://mcp.example", Some("localhost")), "https://mcp.example/");
}

#[test]
fn b10_a_client_is_known_by_an_id_of_ours_or_by_where_it_is_described() {
    for ours in ["mcp-client-abc_DEF-123", "x"] {
        assert_eq!(
            ClientId::parse(ours),
            Some(ClientId::Registered(ours.to_owned())),
            "{ours}"
        );
    }
    for described in [
        "https://claude.ai/oauth/client",
        "https://a.example/x?v=1",
        "http://127.0.0.1:9/x",
        "http://localhost/x",
    ] {
        let id = ClientId::parse(described).unwrap();
        assert!(
            matches!(id, ClientId::Document(_)) && id.as_str() == described,
            "{described}"
        );
    }
    for bad in [
        "",
        "a b",
        "a/b",
        "https://a.example",
        "https://a.example/",
        "https://a.example/../x",
        "https://A.example/x",
        "https://a.example:443/x",
        "https://a.example/x#y",
        "https://u@a.example/x",
        "http://a.example/x",
        "ftp://a.example/x",
        &"x".repeat(501),
    ] {
        assert_eq!(ClientId::parse(bad), None, "{bad}");
    }
}

#[test]
fn b10_what_a_client_says_of_itself_is_checked() {
    let good = Described {
        redirect_uris: vec!["http://127.0.0.1/cb".to_owned()],
        ..Described::default()
    };
    let list = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect::<Vec<_>>());
    let taken = Client::registering(&good).unwrap();
    assert_eq!(
        (taken.name, taken.refreshes),
        (None, false),
        "RFC 7591: without a list it is the code alone"
    );
    let refreshing = Described {
        grant_types: list(&["authorization_code", "refresh_token", "other"]),
        ..good.clone()
    };
    assert!(Client::registering(&refreshing).unwrap().refreshes);
    let named = |name: &str| {
        Client::registering(&Described {
            client_name: Some(name.to_owned()),
            ..good.clone()
        })
    };
    assert_eq!(named("  Claude Code ").unwrap().name.as_deref(), Some("Claude Code"));
    for bad in ["a\nb", "a\u{202e}b", "a\u{200b}b", "a\u{0}b", &"x".repeat(101)] {
        assert_eq!(named(bad).unwrap_err().code(), "invalid_client_metadata", "{bad:?}");
    }
    let id = Url::parse("https://a.example/client").unwrap();
    assert!(Client::described_at(&id, &good).is_err(), "it names nobody");
    let own = Described {
        client_id: Some(id.to_string()),
        ..good
    };
    assert!(Client::described_at(&id, &own).is_ok());
    let elsewhere = Described {
        client_id: Some("https://b.example/client".to_owned()),
        ..own.clone()
    };
    assert!(Client::described_at(&id, &elsewhere).is_err());
    let secret = Described {
        token_endpoint_auth_method: Some("private_key_jwt".to_owned()),
        ..own
    };
    assert!(Client::described_at(&id, &secret).is_err() && Client::registering(&secret).is_ok());
}

#[test]
fn b10_only_a_code_with_s256_for_a_server_of_ours_is_asked_for() {
    let public = Url::parse("https://mcp.example").unwrap();
    let good = Asked {
        response_type: Some("code".to_owned()),
        code_challenge: Some("x".repeat(43)),
        code_challenge_method: Some("S256".to_owned()),
        resource: Some("https://mcp.example/mcp/notes".to_owned()),
        ..Asked::default()
    };
    assert_eq!(
        request::check(&good, &public).unwrap().server.unwrap().as_str(),
        "notes"
    );
    let unnamed = Asked {
        resource: None,
        ..good.clone()
    };
    assert_eq!(request::check(&unnamed, &public).unwrap().server, None);
    let text = |text: &str| Some(text.to_owned());
    for (bad, code) in [
        (
            Asked {
                response_type: text("token"),
                ..good.clone()
            },
            "unsupported_response_type",
        ),
        (
            Asked {
                code_challenge_method: text("plain"),
                ..good.clone()
            },
            "invalid_request",
        ),
        (
            Asked {
                code_challenge_method: None,
                ..good.clone()
            },
            "invalid_request",
        ),
        (
            Asked {
                code_challenge: Some("=".repeat(43)),
                ..good.clone()
            },
            "invalid_request",
        ),
        (
            Asked {
                code_challenge: Some("x".repeat(42)),
                ..good.clone()
            },
            "invalid_request",
        ),
        (
            Asked {
                state: Some("x".repeat(1_025)),
                ..good.clone()
            },
            "invalid_request",
        ),
        (
            Asked {
                resource: text("https://elsewhere.example/mcp/notes"),
                ..good
            },
            "invalid_target",
        ),
    ] {
        assert_eq!(request::check(&bad, &public).unwrap_err().code(), code, "{bad:?}");
    }
    for (verifier, good) in [
        ("x".repeat(43), true),
        ("x".repeat(128), true),
        ("x".repeat(42), false),
        ("x".repeat(129), false),
        ("é".repeat(43), false),
    ] {
        assert_eq!(request::is_verifier(&verifier), good, "{verifier}");
    }
}

/// Every way a code or a refresh token can be shown.
#[test]
fn b10_which_codes_and_refresh_tokens_count() {
    let (notes, other) = (ServerName::parse("notes").unwrap(), ServerName::parse("other").unwrap());
    let resources = [
        ("none", Resource::NotNamed),
        ("its own", Resource::Named(&notes)),
        ("another's", Resource::Named(&other)),
        ("foreign", Resource::Foreign),
    ];
    let mut codes = Vec::new();
    for (client, redirect, challenge, age) in [
        ("c", Some("r"), "s", 0),
        ("c", None, "s", 59),
        ("c", Some("r"), "s", 60),
        ("x", Some("r"), "s", 0),
        ("c", Some("x"), "s", 0),
        ("c", Some("r"), "x", 0),
    ] {
        for (named, server) in resources {
            let code = Code {
                client: "c",
                redirect_uri: "r",
                challenge: "s",
                server: &notes,
                expires_at: Timestamp(60),
            };
            let shown = CodeShown {
                client,
                redirect_uri: redirect,
                challenge,
                server,
            };
            let outcome = exchange(&code, &shown, Timestamp(age))
                .map_or_else(|error| error.code().to_owned(), |()| "tokens".to_owned());
            let cells = [
                client,
                redirect.unwrap_or("-"),
                challenge,
                &age.to_string(),
                named,
                &outcome,
            ];
            codes.push(cells.map(ToOwned::to_owned).to_vec());
        }
    }
    insta::assert_snapshot!(
        "codes",
        table::print(
            &["client", "redirect", "challenge", "age", "resource", "outcome"],
            &codes
        )
    );
    let mut tokens = Vec::new();
    for (used, client, age, acts) in [
        (false, "c", 0, true),
        (false, "x", 0, true),
        (false, "c", 60, true),
        (false, "c", 0, false),
        (true, "c", 0, true),
        (true, "x", 60, false),
    ] {
        for (named, server) in resources {
            let token = Refresh {
                client: "c",
                server: &notes,
                expires_at: Timestamp(60),
                used,
                person_acts: acts,
            };
            let outcome = match renew(&token, client, server, Timestamp(age)) {
                Renewal::Rotate => "rotate".to_owned(),
                Renewal::EndAll => "end all".to_owned(),
                Renewal::Refuse(refused) => refused.code().to_owned(),
            };
            let cells = [
                &used.to_string(),
                client,
                &age.to_string(),
                &acts.to_string(),
                named,
                &outcome,
            ];
            tokens.push(cells.map(ToString::to_string).to_vec());
        }
    }
    insta::assert_snapshot!(
        "refresh_tokens",
        table::print(
            &["used", "client", "age", "person acts", "resource", "outcome"],
            &tokens
        )
    );
}

/// One consent's refresh tokens, as the store keeps them.
#[derive(Default)]
struct Family {
    used: Vec<bool>,
    ended: bool,
}

impl Family {
    fn show(&mut self, which: usize, client: &str, age: i64) -> bool {
        let notes = ServerName::parse("notes").unwrap();
        let Some(used) = self.used.get(which).copied().filter(|_| !self.ended) else {
            return false;
        };
        let token = Refresh {
            client: "c",
            server: &notes,
            expires_at: Timestamp(60),
            used,
            person_acts: true,
        };
        match renew(&token, client, Resource::NotNamed, Timestamp(age)) {
            Renewal::Rotate => {
                self.used[which] = true;
                self.used.push(false);
                true
            }
            Renewal::EndAll => {
                self.ended = true;
                false
            }
            Renewal::Refuse(_) => false,
        }
    }
}

proptest! {
    #[test]
    fn b10_at_most_one_refresh_token_of_a_consent_is_good_and_none_after_a_copy_was_shown(
        shown in prop::collection::vec((0usize..6, prop::sample::select(vec!["c", "x"]), 0i64..70), 1..40)
    ) {
        let mut family = Family { used: vec![false], ended: false };
        let mut copied = false;
        for (which, client, age) in shown {
            copied |= !family.ended && family.used.get(which) == Some(&true);
            let newest = which + 1 == family.used.len();
            let got = family.show(which, client, age);
            prop_assert_eq!(got, newest && client == "c" && age < 60 && !copied);
            prop_assert_eq!(family.ended, copied);
            prop_assert!(family.used.iter().filter(|used| !**used).count() == 1);
        }
    }

    #[test]
    fn g6_what_is_allowed_differs_from_what_was_registered_in_a_port_on_this_machine_at_most(
        registered in "(https://a\\.example|http://127\\.0\\.0\\.1(:[1-9][0-9]{0,3})?|http://localhost|cursor://x)/[a-c]{0,2}(\\?[a-c]=1)?",
        asked in "(https://[ab]\\.example(:8443)?|http://127\\.0\\.0\\.[12](:[1-9][0-9]{0,3})?|http://localhost(:9)?|cursor://[xy])/[a-c]{0,2}(\\?[a-c]=1)?",
    ) {
        let (known, wanted) = (uri(&registered), uri(&asked));
        prop_assert!(known.allows(&known));
        if known.allows(&wanted) && registered != asked {
            let (mut one, mut other) = (Url::parse(&registered).unwrap(), Url::parse(&asked).unwrap());
            prop_assert!(matches!(one.host_str(), Some("127.0.0.1" | "localhost")) && one.scheme() == "http");
            one.set_port(None).unwrap();
            other.set_port(None).unwrap();
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn g6_an_answer_goes_where_it_was_allowed_to_and_keeps_what_was_there(state in "\\PC{0,40}", query in "(\\?t=1)?") {
        let redirect = uri(&format!("https://app.example/cb{query}"));
        let answer = redirect.answering(&[("code", "c"), ("state", &state)]);
        prop_assert!(answer.as_str().starts_with("https://app.example/cb?"));
        let pairs: Vec<(String, String)> = answer.query_pairs().into_owned().collect();
        prop_assert_eq!(pairs.len(), if query.is_empty() { 2 } else { 3 });
        prop_assert!(pairs.contains(&("state".to_owned(), state)));
    }

    #[test]
    fn b10_no_text_makes_a_rule_panic(text in "\\PC{0,60}") {
        let _ = (RedirectUri::parse(&text).map(|uri| uri.place()), ClientId::parse(&text), server_of(&Url::parse("http://127.0.0.1:1").unwrap(), &text));
        let _ = known_as(&Url::parse("http://127.0.0.1:1").unwrap(), Some(&text));
    }
}
