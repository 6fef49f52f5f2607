//! Callers that do what MCP clients do: single calls, calls in sessions, streams read to the end and left in the middle, and
//! streams on which nothing happens. Each uses its own token, over kept connections, some through faults of their own. A kept
//! connection may lie idle for a minute, while its caller waits at another; Overkey must not have ended it meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::ledger::{End, Ledger, Server};
use crate::http1::Connection;
use crate::requests::Way;

/// How long a client waits: longer than Overkey waits for an upstream.
const PATIENCE: Duration = Duration::from_secs(20);
const LISTENS: u64 = 800;

/// What all clients share.
pub struct Field {
    pub overkey: SocketAddr,
    /// The same behind faults.
    pub bumpy: SocketAddr,
    pub ledger: Arc<Ledger>,
    pub stop: AtomicBool,
}

struct Client {
    caller: usize,
    token: String,
    field: Arc<Field>,
    random: StdRng,
    clean: Option<Connection>,
    bumpy: Option<Connection>,
    session: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Call,
    InSession,
    Leave,
    Listen,
}

/// One caller, until it is told to stop.
pub async fn client(field: Arc<Field>, caller: usize, token: String, seed: u64) {
    let random = StdRng::seed_from_u64(seed.wrapping_add(caller as u64));
    let mut client = Client {
        caller,
        token,
        field,
        random,
        clean: None,
        bumpy: None,
        session: None,
    };
    while !client.field.stop.load(Ordering::Relaxed) {
        client.step().await;
    }
}

impl Client {
    async fn step(&mut self) {
        let server = match self.random.random_range(0..100) {
            0..62 => Server::Clean,
            62..72 => Server::CleanEvents,
            72..84 => Server::Faulty,
            84..90 => Server::FaultyEvents,
            90..92 => Server::FaultySlow,
            _ => Server::Shifting,
        };
        let step = match self.random.random_range(0..100) {
            0..3 if server.streams() => Step::Leave,
            3..5 if server == Server::CleanEvents => Step::Listen,
            5..35 if server == Server::Clean => Step::InSession,
            _ => Step::Call,
        };
        let clean_way = step != Step::Call || self.random.random_range(0..10) > 0;
        match step {
            Step::Call => self.call(server, clean_way).await,
            Step::InSession => self.in_session(server).await,
            Step::Leave | Step::Listen => self.stream(server, step).await,
        }
    }

    fn way(&self, server: Server) -> Way {
        Way {
            address: self.field.overkey,
            path: format!("/mcp/{}", server.name()),
            token: self.token.clone(),
            credential: String::new(),
        }
    }

    async fn call(&mut self, server: Server, clean_way: bool) {
        let request = self.way(server).call().bytes;
        self.send(server, clean_way, &request).await;
    }

    /// Opens a session if there is none; an ended one is opened anew by the next call.
    async fn in_session(&mut self, server: Server) {
        let Some(session) = self.session.clone() else {
            let request = self.way(server).initialize();
            self.session = self.send(server, true, &request).await.and_then(|(_, session)| session);
            return;
        };
        let request = self.way(server).call_in_session(&session).bytes;
        if self
            .send(server, true, &request)
            .await
            .is_none_or(|(status, _)| status != 200)
        {
            self.session = None;
        }
    }

    /// Sends one request and has its answer judged. The status and the session, if there was an answer.
    async fn send(&mut self, server: Server, clean_way: bool, request: &[u8]) -> Option<(u16, Option<String>)> {
        let kept = if clean_way {
            self.clean.take()
        } else {
            self.bumpy.take()
        };
        let address = if clean_way {
            self.field.overkey
        } else {
            self.field.bumpy
        };
        let ledger = self.field.ledger.clone();
        let begun = ledger.begin(self.caller, server, clean_way);
        let mut connection = match kept {
            Some(connection) => connection,
            None => match Connection::open(address).await {
                Ok(connection) => connection,
                Err(error) => {
                    ledger.end(
                        begun,
                        &End::Broken {
                            body: b"",
                            error: &error,
                        },
                    );
                    return None;
                }
            },
        };
        match tokio::time::timeout(PATIENCE, connection.call(request)).await {
            Ok(Ok(head)) => {
                ledger.end(
                    begun,
                    &End::Answer {
                        status: head.status,
                        body: connection.body(),
                    },
                );
                let place = if clean_way { &mut self.clean } else { &mut self.bumpy };
                *place = Some(connection);
                Some((head.status, head.session))
            }
            Ok(Err(error)) => {
                ledger.end(
                    begun,
                    &End::Broken {
                        body: connection.body(),
                        error: &error,
                    },
                );
                None
            }
            Err(_) => {
                ledger.end(
                    begun,
                    &End::GivenUp {
                        body: connection.body(),
                    },
                );
                None
            }
        }
    }

    /// Leaves in the middle of a streamed answer, or after a while of listening: the connection ends, and with it the upstream's.
    async fn stream(&mut self, server: Server, step: Step) {
        let way = self.way(server);
        let request = if step == Step::Listen {
            way.listen(None)
        } else {
            way.call().bytes
        };
        let ledger = self.field.ledger.clone();
        let begun = ledger.begin(self.caller, server, true);
        let opened = async {
            let mut connection = Connection::open(self.field.overkey).await?;
            let head = connection.begin(&request).await?;
            if head.streams {
                connection.wait_for(b"\n\n").await?;
            } else {
                connection.finish(&head).await?;
            }
            Ok::<_, std::io::Error>((connection, head))
        };
        match tokio::time::timeout(PATIENCE, opened).await {
            Ok(Ok((connection, head))) if head.streams => {
                ledger.left(begun, head.status, connection.unread());
                if step == Step::Listen {
                    let while_it_lasts = Duration::from_millis(self.random.random_range(0..LISTENS));
                    tokio::time::sleep(while_it_lasts).await;
                }
            }
            Ok(Ok((connection, head))) => ledger.end(
                begun,
                &End::Answer {
                    status: head.status,
                    body: connection.body(),
                },
            ),
            Ok(Err(error)) => ledger.end(
                begun,
                &End::Broken {
                    body: b"",
                    error: &error,
                },
            ),
            Err(_) => ledger.end(begun, &End::GivenUp { body: b"" }),
        }
    }
}
