//! A proxy on the way that does to connections what networks do: late bytes, resets, silence, half-closes. What befalls which
//! connection follows from the seed alone.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

const PIECE: usize = 8 * 1024;
/// So many bytes of answers go through before something happens: some answers whole, one in the middle.
const MOST_BYTES: usize = 12_000;
const MOST_DELAY: u64 = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Each piece comes this late.
    Late(Duration),
    /// After so many bytes: RST both ways; nothing any more, and no end; the end of one direction.
    Reset(usize),
    Hole(usize),
    HalfClose(usize),
}

/// How often each has happened.
#[derive(Debug, Default)]
pub struct Counts {
    pub connections: AtomicU64,
    pub late: AtomicU64,
    pub resets: AtomicU64,
    pub holes: AtomicU64,
    pub half_closes: AtomicU64,
}

pub struct Faults {
    pub address: SocketAddr,
    pub counts: Arc<Counts>,
    accepting: JoinHandle<()>,
}

impl Faults {
    /// Before the server at `to`.
    pub async fn start(to: SocketAddr, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, counts) = (listener.local_addr()?, Arc::<Counts>::default());
        let accepting = tokio::spawn(accept(listener, to, seed, counts.clone()));
        Ok(Self {
            address,
            counts,
            accepting,
        })
    }
}

/// All connections end with it.
impl Drop for Faults {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, to: SocketAddr, seed: u64, counts: Arc<Counts>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let number = counts.connections.fetch_add(1, Ordering::Relaxed);
        let fault = draw(&mut StdRng::seed_from_u64(seed.wrapping_add(number)));
        let counts = counts.clone();
        connections.spawn(async move {
            if let Ok(server) = TcpStream::connect(to).await {
                let _ = carry(client, server, fault, &counts).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Half of the connections are left alone.
fn draw(random: &mut StdRng) -> Fault {
    let bytes = random.random_range(0..MOST_BYTES);
    match random.random_range(0..100) {
        0..50 => Fault::None,
        50..70 => Fault::Late(Duration::from_millis(random.random_range(1..=MOST_DELAY))),
        70..83 => Fault::Reset(bytes),
        83..90 => Fault::Hole(bytes),
        _ => Fault::HalfClose(bytes),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    ByPeer,
    ByFault,
}

async fn carry(mut client: TcpStream, mut server: TcpStream, fault: Fault, counts: &Counts) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (delay, limit) = match fault {
        Fault::None => (None, usize::MAX),
        Fault::Late(delay) => (Some(delay), usize::MAX),
        Fault::Reset(bytes) | Fault::Hole(bytes) | Fault::HalfClose(bytes) => (None, bytes),
    };
    if delay.is_some() {
        counts.late.fetch_add(1, Ordering::Relaxed);
    }
    {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let up = pump(&mut from_client, &mut to_server, delay, usize::MAX);
        tokio::pin!(up);
        let ended = tokio::select! {
            _ = &mut up => return Ok(()),
            ended = pump(&mut from_server, &mut to_client, delay, limit) => ended?,
        };
        match (ended, fault) {
            (Ended::ByPeer, _) => return to_client.shutdown().await,
            (Ended::ByFault, Fault::Hole(_)) => {
                counts.holes.fetch_add(1, Ordering::Relaxed);
                return up.await.map(drop);
            }
            (Ended::ByFault, Fault::HalfClose(_)) => {
                counts.half_closes.fetch_add(1, Ordering::Relaxed);
                to_client.shutdown().await?;
                return up.await.map(drop);
            }
            (Ended::ByFault, _) => {}
        }
    }
    counts.resets.fetch_add(1, Ordering::Relaxed);
    client.set_zero_linger()?;
    server.set_zero_linger()
}

/// Carries bytes until one side ends, or so many have passed.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    delay: Option<Duration>,
    limit: usize,
) -> io::Result<Ended> {
    let (mut piece, mut passed) = (vec![0; PIECE], 0);
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return Ok(Ended::ByPeer);
        }
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        let allowed = length.min(limit - passed);
        to.write_all(&piece[..allowed]).await?;
        passed += allowed;
        if passed == limit {
            return Ok(Ended::ByFault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says eight bytes and waits for the end, behind a proxy with this fault; what its client then sees.
    async fn seen(fault: Fault) -> (Vec<u8>, io::Result<usize>) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (to, through) = (server.local_addr().unwrap(), proxy.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            stream.write_all(b"12345678").await.unwrap();
            let _ = stream.read(&mut [0; 8]).await;
        });
        tokio::spawn(async move {
            let (client, _) = proxy.accept().await.unwrap();
            let _ = carry(client, TcpStream::connect(to).await.unwrap(), fault, &Counts::default()).await;
        });
        let mut client = TcpStream::connect(through).await.unwrap();
        let mut bytes = Vec::new();
        let rest = tokio::time::timeout(Duration::from_millis(300), client.read_to_end(&mut bytes)).await;
        (bytes, rest.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())))
    }

    #[tokio::test]
    async fn each_fault_does_what_it_is_called() {
        let kind = |result: io::Result<usize>| result.map_err(|error| error.kind());
        let (bytes, end) = seen(Fault::None).await;
        assert_eq!(
            (&bytes[..], kind(end)),
            (&b"12345678"[..], Err(io::ErrorKind::TimedOut))
        );
        let (bytes, end) = seen(Fault::Hole(4)).await;
        assert_eq!((&bytes[..], kind(end)), (&b"1234"[..], Err(io::ErrorKind::TimedOut)));
        let (bytes, end) = seen(Fault::HalfClose(4)).await;
        assert_eq!((&bytes[..], kind(end)), (&b"1234"[..], Ok(4)));
        let (_, end) = seen(Fault::Reset(4)).await;
        assert_eq!(kind(end), Err(io::ErrorKind::ConnectionReset));
    }

    #[test]
    fn the_seed_says_what_happens() {
        let faults = |seed| {
            (0..100u64)
                .map(|n| draw(&mut StdRng::seed_from_u64(seed + n)))
                .collect::<Vec<_>>()
        };
        assert_eq!(faults(7), faults(7));
        assert_ne!(faults(7), faults(1_000));
        for wanted in ["None", "Late", "Reset", "Hole", "HalfClose"] {
            assert!(
                faults(7).iter().any(|fault| format!("{fault:?}").starts_with(wanted)),
                "{wanted}"
            );
        }
    }
}
