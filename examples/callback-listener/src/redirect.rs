//! Redirect URIs of OAuth logins that point to this machine.

use std::io;

use crate::{Listener, Request, Response};

/// A redirect URI at which a program on this machine receives the callback of an OAuth login.
#[derive(Debug, Clone)]
pub struct Redirect {
    authority: String,
    host: String,
    port: u16,
    path: String,
}

impl Redirect {
    /// Parses a redirect URI that points to this machine, such as `http://127.0.0.1:8000/callback`.
    ///
    /// # Errors
    /// Returns a message that describes the problem if the URI is invalid or does not point to this
    /// machine.
    pub fn parse(uri: &str) -> Result<Self, &'static str> {
        const LOCAL: &str = "must begin with http://127.0.0.1, http://[::1] or http://localhost";
        let rest = match uri.split_at_checked(7) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http://") => rest,
            _ => return Err(LOCAL),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                (host, port.parse().map_err(|_| "has an invalid port")?)
            }
            _ => (authority.as_str(), 80),
        };
        if !matches!(host, "127.0.0.1" | "[::1]" | "localhost") {
            return Err(LOCAL);
        }
        let host = host.to_owned();
        // Browsers omit the default port in the `Host` header.
        let authority = if port == 80 { host.clone() } else { format!("{host}:{port}") };
        let path = if path.is_empty() { "/" } else { path }.to_owned();
        Ok(Self { authority, host, port, path })
    }

    /// Listens on the host and port of the URI.
    ///
    /// # Errors
    /// Returns an error if the port is in use.
    pub fn listen(&self) -> io::Result<Listener> {
        match &*self.host {
            "localhost" => Listener::bind_localhost(self.port),
            "[::1]" => Listener::bind(("::1", self.port)),
            _ => Listener::bind(("127.0.0.1", self.port)),
        }
    }

    /// Returns an error response, or `None` for a GET request to this URI, which is a callback.
    pub fn reject(&self, request: &Request) -> Option<Response> {
        // The domain of another site could resolve to this machine (DNS rebinding).
        let host = request.header("host").ok().flatten().unwrap_or_default();
        if !host.eq_ignore_ascii_case(&self.authority) {
            return Some(Response::text(400, "This is not the host of the redirect URI."));
        }
        // Browsers also request an icon, for example.
        if request.path() != self.path {
            return Some(Response::text(404, "Not found."));
        }
        (request.method != "GET").then(|| Response::text(405, "Use GET."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_of_this_machine_are_parsed() {
        for (uri, authority, port, path) in [
            ("http://127.0.0.1:8000/oauth_callback", "127.0.0.1:8000", 8000, "/oauth_callback"),
            ("HTTP://LOCALHOST/cb?a=b", "localhost", 80, "/cb"),
            ("http://[::1]:80", "[::1]", 80, "/"),
            ("http://user@[::1]:81/#f", "[::1]:81", 81, "/"),
        ] {
            let redirect = Redirect::parse(uri).unwrap();
            let found = (&*redirect.authority, redirect.port, &*redirect.path);
            assert_eq!(found, (authority, port, path), "{uri}");
        }
        for uri in [
            "",
            "http://",
            "https://127.0.0.1/",
            "http://example.org/",
            "http://127.0.0.1.example/",
            "http://127.0.0.1@example.org/",
            "http://127.0.0.1:99999/",
            "http://localhost:x/",
            "ż",
        ] {
            assert!(Redirect::parse(uri).is_err(), "{uri}");
        }
    }
}
