//! OAuth 2: pure functions that build requests for tokens and parse the responses to them, and
//! [`Bearer`], which adds a token to requests.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use api_auth::oauth::{Grant, TokenServer, token_response};
//!
//! let server = TokenServer::new("https://api.example.com/token", "id", "secret")?;
//! let request = server.request(&Grant::Refresh("r1".into()))?;
//! assert_eq!(
//!     request.body(),
//!     b"grant_type=refresh_token&refresh_token=r1&client_id=id&client_secret=secret"
//! );
//!
//! let response = api_auth::Response::new(br#"{"access_token":"t","expires_in":"3600"}"#.to_vec());
//! let token = token_response(&response, SystemTime::UNIX_EPOCH)?;
//! assert_eq!(token.lifetime(), Some(Duration::from_secs(3600)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod authorization;
pub(crate) mod basic;
pub(crate) mod bearer;
pub(crate) mod grant;
pub(crate) mod response;
pub(crate) mod token_server;

pub use self::authorization::{authorization_url, code_challenge};
pub use self::basic::{Basic, basic};
pub use self::bearer::Bearer;
pub use self::grant::{ClientAuthentication, Grant};
pub use self::response::{oauth_error, token_response};
pub use self::token_server::TokenServer;
