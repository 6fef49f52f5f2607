//! The door: lets connections in, as many as there may be at once, and turns the rest away with a word (503) instead of letting them
//! wait. A peer that is gone, or takes nothing that we send, is noticed by TCP: a stream may be silent for hours.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::parting::part;
use crate::telemetry::measures;

/// After a failed accept, which is most often a lack of file handles.
const PAUSE: Duration = Duration::from_millis(200);
/// A silent peer is asked after this time, and then so often, whether it is still there.
const SILENT: Duration = Duration::from_secs(60);
const PROBES: (Duration, u32) = (Duration::from_secs(15), 4);
/// How long a peer may take nothing of what was sent.
#[cfg(target_os = "linux")]
const STUCK: Duration = Duration::from_secs(120);

/// How many are told at once that there is no room, and how long that may take each. Beyond that, connections are closed without a
/// word.
const LEAVING: usize = 128;
const GOODBYE: Duration = Duration::from_secs(2);
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n\
content-length: 45\r\nretry-after: 5\r\nconnection: close\r\n\r\nToo many connections. Try again in a moment.\n";

pub struct Door {
    listener: TcpListener,
    places: Arc<Semaphore>,
    leaving: Arc<Semaphore>,
}

/// A connection and its place.
pub struct Arrived {
    pub stream: TcpStream,
    pub peer: SocketAddr,
    pub place: OwnedSemaphorePermit,
}

impl Door {
    pub fn new(listener: TcpListener, connections: usize) -> Self {
        Self {
            listener,
            places: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            leaving: Arc::new(Semaphore::new(LEAVING)),
        }
    }

    /// `None` once we are to stop.
    pub async fn next(&self, stop: &CancellationToken) -> Option<Arrived> {
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => return None,
            };
            match accepted {
                Ok((stream, peer)) => match self.places.clone().try_acquire_owned() {
                    Ok(place) => {
                        prepare(&stream);
                        return Some(Arrived { stream, peer, place });
                    }
                    Err(_) => self.turn_away(stream),
                },
                Err(error) => {
                    warn!(error = %error, "Could not accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn turn_away(&self, stream: TcpStream) {
        measures::limited("connections");
        if let Ok(leaving) = self.leaving.clone().try_acquire_owned() {
            tokio::spawn(async move {
                tokio::time::timeout(GOODBYE, say_no(stream)).await.ok();
                drop(leaving);
            });
        }
    }
}

/// Refused only by a socket that is gone already.
fn prepare(stream: &TcpStream) {
    // Events must not wait for company.
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let (interval, probes) = PROBES;
    let keepalive = TcpKeepalive::new().with_time(SILENT).with_interval(interval);
    let _ = socket.set_tcp_keepalive(&keepalive.with_retries(probes));
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(STUCK));
}

async fn say_no(mut stream: TcpStream) -> io::Result<()> {
    let _ = stream.read(&mut [0; 1024]).await?;
    stream.write_all(NO_ROOM).await?;
    part(stream).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(door: &Door) -> String {
        let address = door.listener.local_addr().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn one_connection_too_many_is_told_503_until_another_ends() {
        let door = Door::new(TcpListener::bind("127.0.0.1:0").await.unwrap(), 1);
        let address = door.listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let _peer = TcpStream::connect(address).await.unwrap();
        let first = door.next(&stop).await.unwrap();
        let answer = tokio::select! {
            answer = ask(&door) => answer,
            _ = door.next(&stop) => panic!("there was no room"),
        };
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 503 ") && head.contains("\r\nretry-after: "),
            "{head}"
        );
        assert!(
            head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())),
            "{answer}"
        );
        drop(first);
        let _peer = TcpStream::connect(address).await.unwrap();
        assert!(door.next(&stop).await.is_some());
    }
}
