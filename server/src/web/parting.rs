//! The end of a connection that is ours to end. When a socket is closed while its peer still sends, the system resets the
//! connection, and the peer may lose the last answer, or give up in the middle of its request and never look for one. So what comes
//! after our last word is read for a moment, and thrown away.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

/// A peer needs this long to notice that it was answered.
const PATIENCE: Duration = Duration::from_secs(2);
const PIECE: usize = 8 * 1024;

/// A stream that can be had back from whoever drops it, unless its peer ended it.
pub struct Parting {
    /// Always there until it is dropped.
    stream: Option<TcpStream>,
    ended: bool,
    left: Left,
}

/// Where a stream is when whoever had it is done with it.
#[derive(Clone, Default)]
pub struct Left(Arc<Mutex<Option<TcpStream>>>);

impl Parting {
    pub fn from(stream: TcpStream) -> (Self, Left) {
        let left = Left::default();
        let parting = Self {
            stream: Some(stream),
            ended: false,
            left: left.clone(),
        };
        (parting, left)
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(Pin::new(stream))
    }
}

impl Drop for Parting {
    fn drop(&mut self) {
        if !self.ended {
            *self.left.0.lock().unwrap_or_else(PoisonError::into_inner) = self.stream.take();
        }
    }
}

impl Left {
    /// Ends what is left of a connection.
    pub async fn part(self) {
        let stream = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stream) = stream {
            part(stream).await;
        }
    }
}

/// Says that nothing more will be said, and closes once the peer has ended, too, or after a while.
pub async fn part(mut stream: TcpStream) {
    let parting = async {
        stream.shutdown().await?;
        let mut rest = [0; PIECE];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<_, io::Error>(())
    };
    // A peer that is gone, or does not go, has had its chance.
    let _ = tokio::time::timeout(PATIENCE, Box::pin(parting)).await;
}

impl AsyncRead for Parting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(self.stream()?.poll_read(context, buffer));
        self.ended |= read.is_err() || (buffer.filled().len() == before && buffer.remaining() > 0);
        Poll::Ready(read)
    }
}

impl AsyncWrite for Parting {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}
