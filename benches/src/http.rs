//! The load generator's end of a connection: HTTP/1.1 kept alive, one request at a time, and as little work as can be,
//! because it shares the machine with what it measures.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::failure::Failure;

/// Longer answers are none of ours.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// A connection that is made again when the server has closed it.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

/// What an operation looks at of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    /// `Location`.
    pub location: Option<String>,
    /// `Set-Cookie`, up to the first semicolon; deletions are empty values.
    pub cookies: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The answer, or what came instead of this status.
    pub(crate) fn expect(self, status: u16) -> Result<Self, Failure> {
        if self.status == status {
            return Ok(self);
        }
        let body: String = String::from_utf8_lossy(&self.body).chars().take(300).collect();
        Err(Failure(format!("{} instead of {status}, to {:?}: {body}", self.status, self.location)))
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<serde_json::Value, Failure> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Connection {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, received: Vec::with_capacity(16 * 1024) }
    }

    /// Sends a whole request and reads its answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        let mut stream = if let Some(stream) = self.stream.take() {
            stream
        } else {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            stream
        };
        stream.write_all(request).await?;
        self.received.clear();
        loop {
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(Failure("the server closed the connection before it had answered".to_owned()));
            }
            if let Some((answer, keep)) = read(&self.received)? {
                if keep {
                    self.stream = Some(stream);
                }
                return Ok(answer);
            }
            if self.received.len() > LONGEST_ANSWER {
                return Err(Failure("an answer longer than a mebibyte".to_owned()));
            }
        }
    }
}

/// The answer and whether the connection goes on; `None` while there is more to come.
fn read(received: &[u8]) -> Result<Option<(Answer, bool)>, Failure> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(received)? else { return Ok(None) };
    let mut length = None;
    let mut keep = true;
    let mut location = None;
    let mut cookies = Vec::new();
    for header in response.headers.iter() {
        let value = || String::from_utf8_lossy(header.value).into_owned();
        if header.name.eq_ignore_ascii_case("content-length") {
            length = value().parse::<usize>().ok();
        } else if header.name.eq_ignore_ascii_case("connection") {
            keep = !header.value.eq_ignore_ascii_case(b"close");
        } else if header.name.eq_ignore_ascii_case("location") {
            location = Some(value());
        } else if header.name.eq_ignore_ascii_case("set-cookie") {
            let cookie = value();
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    let length = length.ok_or_else(|| Failure("an answer without Content-Length".to_owned()))?;
    let Some(body) = received.get(head..head + length) else { return Ok(None) };
    let status = response.code.unwrap_or_default();
    Ok(Some((Answer { status, location, cookies, body: body.to_vec() }, keep)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let text = b"HTTP/1.1 303 See Other\r\nLocation: /login\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\nok";
        for cut in 0..text.len() {
            assert!(read(text.get(..cut).unwrap()).unwrap().is_none(), "{cut}");
        }
        let (answer, keep) = read(text).unwrap().unwrap();
        assert!(keep);
        assert_eq!(answer.status, 303);
        assert_eq!(answer.location.as_deref(), Some("/login"));
        assert_eq!(answer.cookies, [("a".to_owned(), "b".to_owned())]);
        assert_eq!(answer.body, b"ok");
        assert!(answer.expect(200).is_err());
    }
}
