//! One kept HTTP/1.1 connection, as light as it can be: whoever makes the load shares the machine with what it measures.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MOST_HEADERS: usize = 64;
const CHUNK_LINE: usize = 64;

pub struct Connection {
    stream: TcpStream,
    /// Read, and not yet used.
    buffer: BytesMut,
    /// The last answer's.
    body: Vec<u8>,
}

#[derive(Debug)]
pub struct Head {
    pub status: u16,
    pub session: Option<String>,
    /// Events come one by one, and the next may be long in coming.
    pub streams: bool,
    framing: Framing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    /// Until the peer ends the connection.
    Rest,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (buffer, body) = (BytesMut::with_capacity(4096), Vec::new());
        Ok(Self { stream, buffer, body })
    }

    /// Sends these bytes and reads the whole answer.
    pub async fn call(&mut self, request: &[u8]) -> Result<Head> {
        let head = self.begin(request).await?;
        self.finish(&head).await?;
        Ok(head)
    }

    /// Sends these bytes and reads the answer's head; of its body nothing is taken yet.
    pub async fn begin(&mut self, request: &[u8]) -> Result<Head> {
        // Before all else: when nothing comes, the last answer must not pass for this one.
        self.body.clear();
        self.stream.write_all(request).await?;
        loop {
            if let Some((head, length)) = parse(&self.buffer)? {
                self.buffer.advance(length);
                return Ok(head);
            }
            let begun = !self.buffer.is_empty();
            self.fill().await.map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof if !begun => Error::new(error.kind(), "the connection ended before an answer"),
                _ => error,
            })?;
        }
    }

    /// Reads the rest of an answer that was begun.
    pub async fn finish(&mut self, head: &Head) -> Result<()> {
        match head.framing {
            Framing::Length(length) => self.take(length).await?,
            Framing::Chunked => while self.chunk().await? {},
            Framing::Rest => self.rest().await?,
        }
        Ok(())
    }

    /// The last answer's body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Reads on until these bytes have come: an event stream's first event.
    pub async fn wait_for(&mut self, mark: &[u8]) -> Result<()> {
        while !self.buffer.windows(mark.len()).any(|window| window == mark) {
            self.fill().await?;
        }
        Ok(())
    }

    /// What has come of a body that is not read to its end.
    pub fn unread(&self) -> &[u8] {
        &self.buffer
    }

    async fn fill(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(Error::new(
                ErrorKind::UnexpectedEof,
                "the connection ended in the middle",
            )),
            _ => Ok(()),
        }
    }

    async fn take(&mut self, length: usize) -> Result<()> {
        while self.buffer.len() < length {
            self.fill().await?;
        }
        self.body.extend_from_slice(&self.buffer[..length]);
        self.buffer.advance(length);
        Ok(())
    }

    /// One chunk; false after the last one.
    async fn chunk(&mut self) -> Result<bool> {
        let size = self.line().await?;
        let size = size.split(|byte| *byte == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(size)
            .ok()
            .and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let size = size.ok_or_else(|| Error::new(ErrorKind::InvalidData, "a chunk without a size"))?;
        self.take(size).await?;
        if size > 0 {
            self.line().await?;
            return Ok(true);
        }
        while !self.line().await?.is_empty() {}
        Ok(false)
    }

    async fn line(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer[..end].to_vec();
                self.buffer.advance(end + 2);
                return Ok(line);
            }
            if self.buffer.len() > CHUNK_LINE {
                return Err(Error::new(ErrorKind::InvalidData, "a chunk's line without an end"));
            }
            self.fill().await?;
        }
    }

    async fn rest(&mut self) -> Result<()> {
        while self.stream.read_buf(&mut self.buffer).await? > 0 {}
        self.body.extend_from_slice(&self.buffer);
        self.buffer.clear();
        Ok(())
    }
}

/// The head and its length, once all of it is there.
fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let parsed = answer
        .parse(bytes)
        .map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(None);
    };
    let find = |name: &str| {
        answer
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
    };
    let text = |name: &str| find(name).map(|header| String::from_utf8_lossy(header.value).into_owned());
    let status = answer.code.unwrap_or_default();
    let declared = text("content-length").and_then(|text| text.parse().ok());
    let framing = match declared {
        _ if matches!(status, 204 | 304) => Framing::Length(0),
        _ if find("transfer-encoding").is_some() => Framing::Chunked,
        Some(length) => Framing::Length(length),
        None => Framing::Rest,
    };
    let head = Head {
        status,
        session: text("mcp-session-id"),
        streams: text("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")),
        framing,
    };
    Ok(Some((head, length)))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A server that sends these pieces one by one.
    async fn answering(pieces: &'static [&'static str]) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            for piece in pieces {
                stream.write_all(piece.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
            // Dropped with something unread, it would be reset.
            stream.shutdown().await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        Connection::open(address).await.unwrap()
    }

    #[tokio::test]
    async fn reads_answers_of_every_framing_one_after_the_other() {
        let mut connection = answering(&[
            "HTTP/1.1 200 OK\r\nContent-Le",
            "ngth: 5\r\nMcp-Session-Id: a\r\n\r\nhel",
            "loHTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab",
            "c\r\nA;x=1\r\n0123456789\r\n0\r\n",
            "\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\nthe rest",
        ])
        .await;
        let head = connection.call(b"-").await.unwrap();
        assert_eq!(
            (head.status, head.session.as_deref(), connection.body()),
            (200, Some("a"), &b"hello"[..])
        );
        assert_eq!(connection.call(b"-").await.unwrap().status, 202);
        assert_eq!(connection.body(), b"abc0123456789");
        assert_eq!(connection.call(b"-").await.unwrap().status, 204);
        assert_eq!(connection.body(), b"");
        assert_eq!(connection.call(b"-").await.unwrap().status, 200);
        assert_eq!(connection.body(), b"the rest");
    }

    #[tokio::test]
    async fn the_last_answer_does_not_pass_for_one_that_never_came() {
        let mut connection = answering(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]).await;
        connection.call(b"-").await.unwrap();
        let error = connection.call(b"-").await.unwrap_err();
        assert_eq!(error.to_string(), "the connection ended before an answer");
        assert_eq!(connection.body(), b"");
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_no_answer() {
        for pieces in [
            &["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"][..],
            &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
            &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n"],
        ] {
            let mut connection = answering(pieces).await;
            assert!(connection.call(b"-").await.is_err(), "{pieces:?}");
        }
    }
}
