//! A test server for the TinyPass r2 API, with access records, subscriptions, downloads and users
//! in memory.
//!
//! The server accepts only the requests in the provider's documentation and those of its official
//! clients. Where nothing is documented, the server has rules of its own; their comments contain
//! "not documented".

mod accesses;
mod ask;
mod auth;
mod console;
mod downloads;
mod routes;
mod subscriptions;
mod users;
mod webhooks;

use std::fmt;

use serde_json::{Value, json};

pub use accesses::Access;
pub use webhooks::Webhooks;

use crate::date::DAY;
use crate::query::decode_segment;
use crate::routes::{Found, find, template_of};
use crate::server::Verdict;
use crate::{ConsolePage, Raw, Response, SandboxClock, Service};
use ask::Ask;
use routes::{DOCUMENTED, ROUTES, Route, SDK};

/// The id (AID) of the only application that the server knows.
pub const AID: &str = "SANDBOXAID";
/// The private key with which requests of the application [`AID`] are signed.
pub const PRIVATE_KEY: &str = "SandboxPrivateKey0000000000000000000000A";
/// The id of a resource to which [`USER_REF`] has access.
pub const RID: &str = "premium-content";
/// The id of a resource to which [`USER_REF`] has subscribed.
pub const SUBSCRIPTION_RID: &str = "monthly-pass";
/// The id of a resource with a download.
pub const DOWNLOAD_RID: &str = "ebook-1";
/// The publisher's reference for a user who exists in the initial state.
pub const USER_REF: &str = "user_42";
/// The id that TinyPass assigned to the user [`USER_REF`] (the uid).
pub const UID: &str = "kjkxrNWUyD";
/// The e-mail address of the user [`USER_REF`].
pub const EMAIL: &str = "ann@example.org";

/// The spellings of the download paths that the server accepts. The documentation and the official
/// PHP client disagree, so a test can select the spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownloadPaths {
    /// `/r2/downloads/url` and `/r2/download/`, as documented.
    Documented,
    /// `/r2/download/url` and `/r2/download`, as in the official PHP client.
    Sdk,
    /// All four paths.
    Both,
}

/// The JSON format of a list of subscriptions. It is not documented, so a test can select it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListShape {
    /// An object: `{"data":[...]}`.
    Data,
    /// A list: `[...]`.
    Bare,
}

/// The state and settings of the TinyPass server.
pub struct TinyPass {
    clock: SandboxClock,
    /// The spellings of the download paths that the server accepts. Defaults to both.
    pub download_paths: DownloadPaths,
    /// The JSON format of lists of subscriptions. Defaults to an object.
    pub list_shape: ListShape,
    /// Whether `access.search` responds with status 404 if it finds no access records, as the
    /// official clients expect. Otherwise, it returns an empty list. Defaults to `true`.
    pub empty_search_is_404: bool,
    /// The access records, oldest first.
    pub accesses: Vec<Access>,
    /// The recipients of the e-mails about grants, oldest first. No e-mail is actually sent.
    pub mails: Vec<String>,
    /// The ids of the access records whose price was refunded.
    pub refunds: Vec<String>,
    /// The webhooks for grants and revocations. They are sent only after [`Webhooks::subscribe`]
    /// has been called.
    pub webhooks: Webhooks,
    resources: Vec<Resource>,
    users: Vec<users::User>,
    subscriptions: Vec<subscriptions::Subscription>,
    links: Vec<downloads::Link>,
    ids: u64,
}

struct Resource {
    rid: &'static str,
    tags: Vec<String>,
}

/// The status and the message of an error response.
type Refusal = (u16, String);
type ApiResult = Result<Value, Refusal>;

impl TinyPass {
    /// Creates the server in its initial state, which the examples use. [`USER_REF`] has access to
    /// [`RID`] and [`DOWNLOAD_RID`], and has subscribed to [`SUBSCRIPTION_RID`]. The access of
    /// another user has expired.
    pub fn new(clock: SandboxClock) -> Self {
        let now = clock.unix();
        let resource = |rid, tags: &[&str]| Resource {
            rid,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        let mut server = Self {
            clock,
            download_paths: DownloadPaths::Both,
            list_shape: ListShape::Data,
            empty_search_is_404: true,
            accesses: Vec::new(),
            mails: Vec::new(),
            refunds: Vec::new(),
            webhooks: Webhooks::default(),
            resources: vec![
                resource(RID, &["music"]),
                resource(SUBSCRIPTION_RID, &[]),
                resource(DOWNLOAD_RID, &["books"]),
            ],
            users: vec![users::first_user()],
            subscriptions: vec![subscriptions::first_subscription()],
            links: Vec::new(),
            ids: 0,
        };
        server.add_access(RID, USER_REF, EMAIL, 499, Some(now + 30 * DAY));
        server.add_access(DOWNLOAD_RID, USER_REF, EMAIL, 499, None);
        let ended = Some(now.saturating_sub(1));
        server.add_access(RID, "former_reader", "bob@example.org", 499, ended);
        server
    }

    /// Returns a new id of `length` characters: the prefix, followed by a number with leading
    /// zeros, such as `A00000000003`.
    fn next_id(&mut self, prefix: &str, length: usize) -> String {
        self.ids += 1;
        format!("{prefix}{:0width$}", self.ids, width = length - prefix.len())
    }

    fn resource(&self, rid: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.rid == rid)
    }

    /// Returns whether the server accepts the path of this route, according to `download_paths`.
    fn serves(&self, route: &Route) -> bool {
        let hidden: &[&str] = match self.download_paths {
            DownloadPaths::Documented => &SDK,
            DownloadPaths::Sdk => &DOCUMENTED,
            DownloadPaths::Both => &[],
        };
        !hidden.iter().any(|path| route.is_at(path))
    }

    fn call(&mut self, id: &str, ask: &Ask<'_>) -> ApiResult {
        match id {
            "access.get" => self.access_get(ask),
            "access.search" => self.access_search(ask),
            "access.grant" => self.access_grant(ask),
            "access.revoke" => self.access_revoke(ask),
            "subscription.search" => self.subscription_search(ask),
            "subscription.cancel" => self.subscription_cancel(ask),
            "download.url" => self.download_url(ask),
            "download.get" => self.download_get(ask),
            "user.get" => self.user_get(ask),
            _ => Err((404, NO_ENDPOINT.to_owned())),
        }
    }
}

/// The body of the response to a request whose path belongs to no endpoint.
const NO_ENDPOINT: &str = "no such endpoint";

fn unauthorized(why: &str) -> Refusal {
    (401, why.to_owned())
}

fn error((status, message): Refusal) -> Response {
    Response::json(status, &json!({ "error": { "message": message } }))
}

impl Service for TinyPass {
    fn console(&self) -> ConsolePage {
        self.console_page()
    }

    fn has_action(&self, action: &str) -> bool {
        console::ACTIONS.contains(&action)
    }

    fn press(&mut self, action: &str, subject: &str) -> bool {
        self.press_button(action, subject)
    }

    fn path_template(&self, path: &str) -> Option<&'static str> {
        // The segment of a link is the right to the file.
        match path.starts_with("/d/") {
            true => Some("/d/{}"),
            false => template_of(&ROUTES, path),
        }
    }

    fn respond(&mut self, request: &Raw) -> (Response, Verdict) {
        if let Some(token) = request.path().strip_prefix("/d/") {
            let response = self.file(token).unwrap_or_else(error);
            return (response, Verdict { endpoint: None, signed: None });
        }
        let signed = auth::verify(request);
        let verdict = |endpoint| Verdict { endpoint, signed: Some(signed.is_ok()) };
        let served = ROUTES.iter().filter(|route| self.serves(route));
        let found = find(served, &request.method, request.path(), decode_segment);
        let (endpoint, response) = match found {
            // Not documented: the body is not that of an API error, which would mean that there is
            // no record.
            Found::Nothing => {
                return (Response::new(404, "text/plain", NO_ENDPOINT), verdict(None));
            }
            Found::OtherMethod(route) => {
                let why = format!("{} {}: method not supported", request.method, request.path());
                (route.id, signed.map_err(unauthorized).and(Err((402, why))))
            }
            Found::Here(route, values) => {
                let response = signed
                    .map_err(unauthorized)
                    .and_then(|()| Ask::read(request, route, values))
                    .and_then(|ask| self.call(route.id, &ask));
                (route.id, response)
            }
        };
        let response = response.map_or_else(error, |value| Response::json(200, &value));
        (response, verdict(Some(endpoint)))
    }

    /// Returns the message of an error response. Returns `None` if the response contains no
    /// message.
    fn rejection(&self, response: &Response) -> Option<String> {
        if response.body == NO_ENDPOINT.as_bytes() {
            return Some(NO_ENDPOINT.to_owned());
        }
        let body: Value = serde_json::from_slice(&response.body).ok()?;
        body.pointer("/error/message").and_then(Value::as_str).map(str::to_owned)
    }
}

impl fmt::Debug for TinyPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TinyPass").field("accesses", &self.accesses.len()).finish_non_exhaustive()
    }
}
