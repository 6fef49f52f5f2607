//! One single-threaded runtime per core for gateway calls: a call stays on the thread that its connection came to, and so does the
//! connection to the upstream. Handing tasks from thread to thread costs a third of the throughput at 32 connections
//! (`bench/README.md`).
//!
//! All else (pages, REST, sign-in with its slow hashes) goes to the runtime that the program was started in.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt, service_fn};
use tracing::warn;

use super::Site;
use super::door::{Arrived, Door};
use super::listen::{Bounds, Connections};
use crate::egress;
use crate::gateway::Address;

/// Shorter than all time limits.
const TICK: Duration = Duration::from_millis(100);

/// A connection on its way to another runtime.
struct Arriving {
    stream: std::net::TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
}

/// Their threads end when this is dropped, after `serve`; what calls have begun in the background goes on until then.
pub struct Workers {
    workers: Vec<Worker>,
    /// How many there may be, of all together.
    connections: usize,
}

struct Worker {
    connections: Option<mpsc::UnboundedSender<Arriving>>,
    /// Comes when its last connection has ended.
    finished: Option<oneshot::Receiver<()>>,
    release: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Workers {
    /// As many as `count`; to be called in the runtime that does all else.
    pub fn start(count: usize, site: &Site, bounds: Bounds) -> io::Result<Self> {
        let main = Handle::current();
        let workers = (0..count)
            .map(|number| Worker::start(number, site.clone(), main.clone(), bounds))
            .collect::<io::Result<_>>()?;
        let connections = bounds.connections;
        Ok(Self { workers, connections })
    }

    /// Serves until told to stop, and then until the last running request has ended. Each connection goes to the next worker.
    pub async fn serve(&mut self, listener: TcpListener, stop: CancellationToken) {
        let mut next = 0;
        let door = Door::new(listener, self.connections);
        while let Some(Arrived { stream, peer, place }) = door.next(&stop).await {
            let sent = stream.into_std().map(|stream| {
                let worker = &self.workers[next];
                next = (next + 1) % self.workers.len();
                worker
                    .connections
                    .as_ref()
                    .map(|connections| connections.send(Arriving { stream, peer, place }))
            });
            if !matches!(sent, Ok(Some(Ok(())))) {
                warn!("Could not hand a connection to its worker");
            }
        }
        drop(door);
        for worker in &mut self.workers {
            worker.connections = None;
        }
        for worker in &mut self.workers {
            if let Some(finished) = worker.finished.take() {
                finished.await.ok();
            }
        }
    }
}

impl Worker {
    fn start(number: usize, site: Site, main: Handle, bounds: Bounds) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (connections, arriving) = mpsc::unbounded_channel();
        let (finish, finished) = oneshot::channel();
        let release = CancellationToken::new();
        let released = release.clone();
        let thread = std::thread::Builder::new().name(format!("calls-{number}"));
        let thread = thread.spawn(move || {
            egress::use_own_connections(number);
            runtime.block_on(async {
                tokio::spawn(tick());
                serve(arriving, site, main, bounds).await;
                finish.send(()).ok();
                released.cancelled().await;
            });
        })?;
        Ok(Self {
            connections: Some(connections),
            finished: Some(finished),
            release,
            thread: Some(thread),
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.connections = None;
        self.release.cancel();
        // Not joined: a call that outlives the time it was given must not hold the program.
        drop(self.thread.take());
    }
}

async fn serve(mut arriving: mpsc::UnboundedReceiver<Arriving>, site: Site, main: Handle, bounds: Bounds) {
    let connections = Connections::new(service_fn(move |request| by_path(&site, &main, request)), bounds);
    while let Some(Arriving { stream, peer, place }) = arriving.recv().await {
        match TcpStream::from_std(stream) {
            Ok(stream) => connections.take(Arrived { stream, peer, place }),
            Err(error) => warn!(error = %error, "Could not take a connection over"),
        }
    }
    connections.finish().await;
}

/// For ever. Tokio wakes its thread by a system call when a timer is set that is due before all others; calls set some each,
/// and none of them is due before this one.
async fn tick() {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
    }
}

/// Calls are answered here, all else in `main`. Boxed here, outermost: what holds it would otherwise be copied from layer to layer.
fn by_path(site: &Site, main: &Handle, request: Request) -> BoxFuture<'static, Result<Response, Infallible>> {
    if let Some(address) = Address::of(request.uri()) {
        let calls = site.calls.clone();
        return Box::pin(async move { Ok(calls.answer(address, request).await) });
    }
    let answering = main.spawn(site.rest.clone().oneshot(request));
    Box::pin(async move {
        Ok(match answering.await {
            Ok(Ok(answer)) => answer,
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        })
    })
}
