//! The part of the Redis protocol (RESP 2) that the token store needs.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use tpay_client::Secret;
use zeroize::Zeroizing;

/// The maximum length of a value or a line, in bytes.
const LONGEST: u64 = 256 * 1024;

/// A connection to Redis, for a few consecutive commands.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Opens a connection. `timeout` limits each attempt to connect, and each read and write.
    pub(crate) fn open(address: &str, timeout: Duration) -> io::Result<Self> {
        let mut result = Err(io::ErrorKind::AddrNotAvailable.into());
        for address in address.to_socket_addrs()? {
            result = TcpStream::connect_timeout(&address, timeout);
            if result.is_ok() {
                break;
            }
        }
        let stream = result?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a command and returns the response as a string, or `None` for nil.
    pub(crate) fn command(&mut self, words: &[&str]) -> io::Result<Option<Secret>> {
        let mut bytes = Zeroizing::new(format!("*{}\r\n", words.len()));
        for word in words {
            bytes.push_str(&format!("${}\r\n", word.len()));
            bytes.push_str(word);
            bytes.push_str("\r\n");
        }
        self.0.get_mut().write_all(bytes.as_bytes())?;
        self.response()
    }

    fn response(&mut self) -> io::Result<Option<Secret>> {
        let line = self.line()?;
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        match line.split_at_checked(1).ok_or_else(invalid)? {
            ("+" | ":", text) => Ok(Some(Secret::new(text))),
            ("$", "-1") => Ok(None),
            ("$", length) => {
                let length: u64 = length.parse().map_err(|_| invalid())?;
                if length > LONGEST {
                    return Err(invalid());
                }
                let mut text = Zeroizing::new(String::new());
                self.0.by_ref().take(length).read_to_string(&mut text)?;
                let ends = self.line()?.is_empty();
                let whole = u64::try_from(text.len()) == Ok(length) && ends;
                if whole { Ok(Some(Secret::new(text.as_str()))) } else { Err(invalid()) }
            }
            // The rest of the line may quote the command, and with it a secret.
            ("-", text) => {
                let code = text.split(' ').next().unwrap_or_default();
                let code: String = code.chars().filter(char::is_ascii_uppercase).take(20).collect();
                Err(io::Error::other(format!("the server responded with {code}")))
            }
            _ => Err(invalid()),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.by_ref().take(LONGEST).read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
