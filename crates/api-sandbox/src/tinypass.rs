//! The TinyPass r2 server: grants, subscriptions, downloads and users in memory.
//!
//! It accepts what the provider's documentation and its official clients send, and nothing else.
//! Where no source tells what the real server does, the rule here is marked "chosen".

mod webhooks;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::query::{decode, decode_form};
use crate::server::Verdict;
use crate::{Raw, Reply, SandboxClock, Service};

pub use webhooks::Webhooks;

/// The application id that the server knows.
pub const AID: &str = "SANDBOXAID";
/// The private key of that application.
pub const PRIVATE_KEY: &str = "SandboxPrivateKey0000000000000000000000A";
/// A resource that exists; `user_42` has bought it.
pub const RID: &str = "premium-content";
/// A resource that is sold by the month; `user_42` has a subscription to it.
pub const SUBSCRIPTION_RID: &str = "monthly-pass";
/// A resource with a file.
pub const DOWNLOAD_RID: &str = "ebook-1";
/// The reference of a user who exists.
pub const USER_REF: &str = "user_42";
/// The uid of that user.
pub const UID: &str = "kjkxrNWUyD";
/// The e-mail address of that user.
pub const EMAIL: &str = "ann@example.org";

const MONTH: u64 = 30 * 86_400;

/// Which paths serve downloads; the sources disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownloadPaths {
    /// `/r2/downloads/url` and `/r2/download/`, as the documentation says.
    Documented,
    /// `/r2/download/url` and `/r2/download`, as the official PHP client calls them.
    Sdk,
    /// All four.
    Both,
}

/// How lists of subscriptions are wrapped; no source tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListShape {
    /// `{"data":[...]}`
    Data,
    /// `[...]`
    Bare,
}

/// A grant of access.
#[derive(Debug, Clone, PartialEq)]
pub struct Access {
    /// Its public id, 12 characters.
    pub id: String,
    /// The resource.
    pub rid: String,
    /// The user.
    pub uid: String,
    /// The publisher's name for the user.
    pub user_ref: String,
    /// The user's address.
    pub email: String,
    /// What was paid, in cents.
    pub cents: u64,
    /// Unix seconds.
    pub created: u64,
    /// Unix seconds; `None` does not end.
    pub expires: Option<u64>,
    /// The resource's tags.
    pub tags: Vec<String>,
}

struct User {
    uid: String,
    email: String,
    first_name: String,
}

struct Resource {
    rid: String,
    tags: Vec<String>,
}

struct Subscription {
    id: String,
    rid: String,
    user_ref: String,
    cancelled: bool,
}

struct Link {
    token: String,
    expires: u64,
}

/// The server's state.
pub struct TinyPass {
    clock: SandboxClock,
    /// Which paths serve downloads.
    pub download_paths: DownloadPaths,
    /// How lists of subscriptions are wrapped.
    pub list_shape: ListShape,
    /// Whether a search that finds nothing answers 404 (as clients expect) or an empty list.
    pub empty_search_is_404: bool,
    /// The grants, oldest first.
    pub accesses: Vec<Access>,
    /// The addresses that were mailed to, oldest first.
    pub mails: Vec<String>,
    /// The ids of accesses that were refunded.
    pub refunds: Vec<String>,
    /// Where grants and revocations are told, and what became of it.
    pub webhooks: Webhooks,
    resources: Vec<Resource>,
    users: Vec<User>,
    subscriptions: Vec<Subscription>,
    links: Vec<Link>,
    ids: u64,
}

type Answer = Result<Reply, (u16, &'static str)>;

impl TinyPass {
    /// The state that the examples expect.
    pub fn new(clock: SandboxClock) -> Self {
        let now = clock.unix();
        let resource = |rid: &str, tags: &[&str]| Resource {
            rid: rid.to_owned(),
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
            users: vec![User {
                uid: UID.to_owned(),
                email: EMAIL.to_owned(),
                first_name: "Ann".to_owned(),
            }],
            subscriptions: vec![Subscription {
                id: "SUB000000001".to_owned(),
                rid: SUBSCRIPTION_RID.to_owned(),
                user_ref: USER_REF.to_owned(),
                cancelled: false,
            }],
            links: Vec::new(),
            ids: 0,
        };
        server.add_access(RID, USER_REF, EMAIL, 499, Some(now + MONTH));
        server.add_access(DOWNLOAD_RID, USER_REF, EMAIL, 499, None);
        server.add_access(
            RID,
            "former_reader",
            "bob@example.org",
            499,
            Some(now.saturating_sub(1)),
        );
        server
    }

    /// Adds a grant, and the user if the address is new.
    pub fn add_access(
        &mut self,
        rid: &str,
        user_ref: &str,
        email: &str,
        cents: u64,
        expires: Option<u64>,
    ) -> Access {
        let known = self.users.iter().find(|user| user.email == email);
        let uid = match known {
            Some(user) => user.uid.clone(),
            None => {
                let uid = self.id("U", 10);
                self.users.push(User {
                    uid: uid.clone(),
                    email: email.to_owned(),
                    first_name: email.split('@').next().unwrap_or_default().to_owned(),
                });
                uid
            }
        };
        let tags = self.resource(rid).map(|resource| resource.tags.clone()).unwrap_or_default();
        let access = Access {
            id: self.id("A", 12),
            rid: rid.to_owned(),
            uid,
            user_ref: user_ref.to_owned(),
            email: email.to_owned(),
            cents,
            created: self.clock.unix(),
            expires,
            tags,
        };
        self.accesses.push(access.clone());
        access
    }

    fn id(&mut self, prefix: &str, length: usize) -> String {
        self.ids += 1;
        format!("{prefix}{:0width$}", self.ids, width = length - prefix.len())
    }

    fn resource(&self, rid: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.rid == rid)
    }

    /// The signature over the request line as it arrived.
    fn is_signed(request: &Raw) -> Result<(), &'static str> {
        let header = request.header("authorization").ok_or("Authorization header missing")?;
        let (aid, signature) = header.split_once(':').ok_or("Authorization header malformed")?;
        if aid != AID {
            return Err("Unknown application");
        }
        let bytes = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "Signature malformed")?;
        let mut mac = Hmac::<Sha256>::new_from_slice(PRIVATE_KEY.as_bytes())
            .map_err(|_| "Server has no key")?;
        mac.update(format!("{} {}", request.method, request.target).as_bytes());
        mac.verify_slice(&bytes).map_err(|_| "Signature mismatch")
    }

    /// The id of the endpoint at that path, the method it wants, and its path parameter.
    fn route(&self, path: &str) -> Option<(&'static str, &'static str, String)> {
        let documented = self.download_paths != DownloadPaths::Sdk;
        let sdk = self.download_paths != DownloadPaths::Documented;
        let (id, method) = match path {
            "/r2/access" => ("access.get", "GET"),
            "/r2/access/search" => ("access.search", "GET"),
            "/r2/access/grant" => ("access.grant", "POST"),
            "/r2/access/revoke" => ("access.revoke", "POST"),
            "/r2/subscription/search" => ("subscription.search", "GET"),
            "/r2/subscription/cancel" => ("subscription.cancel", "POST"),
            "/r2/downloads/url" if documented => ("download.url", "GET"),
            "/r2/download/" if documented => ("download.get", "GET"),
            "/r2/download/url" if sdk => ("download.url", "GET"),
            "/r2/download" if sdk => ("download.get", "GET"),
            _ => {
                let uid = path.strip_prefix("/r2/user/").filter(|uid| !uid.contains('/'))?;
                return Some(("user.get", "GET", decode(uid, false, b"~").ok()?));
            }
        };
        Some((id, method, String::new()))
    }

    fn access_get(&self, ask: &Ask) -> Answer {
        let (rid, user) = (ask.need("rid")?, ask.need("user_ref")?);
        let found = self.accesses.iter().rev().find(|access| access.is(rid, user));
        Ok(Reply::json(200, &found.ok_or((404, "Access not found"))?.json()))
    }

    fn access_search(&self, ask: &Ask) -> Answer {
        let show_expired = ask.flag("show_expired")?;
        let page = ask.number("page")?.unwrap_or(0);
        let size = ask.number("pagesize")?.unwrap_or(100);
        if !(1..=1000).contains(&size) {
            return Err((400, "pagesize must be between 1 and 1000"));
        }
        let now = self.clock.unix();
        let fits = |wanted: Option<&str>, value: &str| wanted.is_none_or(|wanted| wanted == value);
        let (first, size) = (page.saturating_mul(size), usize::try_from(size).unwrap_or(1000));
        let found: Vec<Value> = self
            .accesses
            .iter()
            .filter(|access| fits(ask.get("rid"), &access.rid))
            .filter(|access| {
                ask.get("user_ref").is_none_or(|user| access.user_ref == user || access.uid == user)
            })
            .filter(|access| fits(ask.get("email"), &access.email))
            .filter(|access| ask.get("tag").is_none_or(|tag| access.tags.iter().any(|t| t == tag)))
            .filter(|access| show_expired || access.expires.is_none_or(|end| now < end))
            .skip(usize::try_from(first).unwrap_or(usize::MAX))
            .take(size)
            .map(Access::json)
            .collect();
        if found.is_empty() && self.empty_search_is_404 {
            return Err((404, "Access not found"));
        }
        Ok(Reply::json(200, &json!({ "data": found, "page": page, "pagesize": size })))
    }

    fn access_grant(&mut self, ask: &Ask) -> Answer {
        let (rid, email) = (ask.need("rid")?, ask.need("email")?);
        let expires = ask.number("expiration")?;
        let quiet = ask.flag("suppress_email")?;
        if self.resource(rid).is_none() {
            return Err((404, "Resource not found"));
        }
        if !email.contains('@') {
            return Err((402, "Not an e-mail address"));
        }
        let user_ref = ask.get("user_ref").unwrap_or(email);
        // Chosen: a second grant of the same moves the end of the first one.
        let access = match self.accesses.iter_mut().find(|access| access.is(rid, user_ref)) {
            Some(access) => {
                access.expires = expires;
                access.clone()
            }
            None => self.add_access(rid, user_ref, email, 0, expires),
        };
        if !quiet {
            self.mails.push(email.to_owned());
        }
        self.webhooks.send(&access.webhook("access_granted", "free_access_granted"));
        Ok(Reply::json(200, &access.json()))
    }

    fn access_revoke(&mut self, ask: &Ask) -> Answer {
        let (rid, user) = (ask.need("rid")?, ask.need("user_ref")?);
        let refund = ask.flag("refund")?;
        let index = self
            .accesses
            .iter()
            .position(|access| access.is(rid, user))
            .ok_or((404, "Access not found"))?;
        if refund && self.accesses.get(index).is_some_and(|access| access.cents == 0) {
            // Chosen: what was granted for nothing cannot be refunded.
            return Err((402, "Nothing was paid"));
        }
        let access = self.accesses.remove(index);
        if refund {
            self.refunds.push(access.id.clone());
        }
        self.webhooks.send(&access.webhook("access_revoked", "access_revoked"));
        Ok(Reply::json(200, &access.json()))
    }

    fn subscription_search(&self, ask: &Ask) -> Answer {
        let found: Vec<Value> = self
            .subscriptions
            .iter()
            .filter(|subscription| ask.get("rid").is_none_or(|rid| subscription.rid == rid))
            .filter(|subscription| {
                ask.get("user_ref").is_none_or(|user| subscription.user_ref == user)
            })
            .map(|subscription| {
                json!({
                    "id": subscription.id,
                    "rid": subscription.rid,
                    "user_ref": subscription.user_ref,
                    "status": if subscription.cancelled { "cancelled" } else { "active" },
                })
            })
            .collect();
        match self.list_shape {
            _ if found.is_empty() => Err((404, "Subscription not found")),
            ListShape::Data => Ok(Reply::json(200, &json!({ "data": found }))),
            ListShape::Bare => Ok(Reply::json(200, &json!(found))),
        }
    }

    fn subscription_cancel(&mut self, ask: &Ask) -> Answer {
        let (rid, user) = (ask.need("rid")?, ask.need("user_ref")?);
        let subscription = self
            .subscriptions
            .iter_mut()
            .find(|subscription| subscription.rid == rid && subscription.user_ref == user)
            .ok_or((404, "Subscription not found"))?;
        // Chosen: cancelling twice is no error.
        subscription.cancelled = true;
        Ok(Reply::json(200, &json!({ "id": subscription.id, "status": "cancelled" })))
    }

    fn download_url(&mut self, ask: &Ask, host: &str) -> Answer {
        let rid = ask.need("rid")?;
        let now = self.clock.unix();
        let expires = match (ask.number("lifetime")?, ask.number("expiration")?) {
            (Some(lifetime), None) => now.saturating_add(lifetime),
            (None, Some(expiration)) => expiration,
            _ => {
                return Err((400, "lifetime or expiration is required, and only one of them"));
            }
        };
        if rid != DOWNLOAD_RID {
            return Err((404, "Download not found"));
        }
        let token = self.id("L", 16);
        self.links.push(Link { token: token.clone(), expires });
        Ok(Reply::json(200, &json!({ "url": format!("http://{host}/d/{token}") })))
    }

    fn download_get(ask: &Ask) -> Answer {
        if ask.need("rid")? != DOWNLOAD_RID {
            return Err((404, "Download not found"));
        }
        let download = json!({
            "id": "DLebook0001x",
            "rid": DOWNLOAD_RID,
            "title": "An e-book",
            "description": "One hundred pages",
            "image": null,
            "price": "$4.99 USD",
            "modified_date": 1_399_913_600,
            "created_date": 1_399_222_400,
            "published_date": 1_399_308_800,
        });
        Ok(Reply::json(200, &download))
    }

    fn user_get(&self, uid: &str) -> Answer {
        let user = self.users.iter().find(|user| user.uid == uid).ok_or((404, "User not found"))?;
        let (uid, email, first_name) = (&user.uid, &user.email, &user.first_name);
        let user =
            json!({ "uid": uid, "email": email, "first_name": first_name, "last_name": null });
        Ok(Reply::json(200, &user))
    }

    /// What a link of `download.url` leads to; it needs no signature.
    fn file(&self, token: &str) -> Answer {
        let now = self.clock.unix();
        let link = self.links.iter().find(|link| link.token == token);
        match link.ok_or((404, "No such link"))? {
            link if now < link.expires => Ok(Reply::new(200, "text/plain", "One hundred pages.\n")),
            _ => Err((404, "The link has expired")),
        }
    }

    fn call(&mut self, id: &str, path_value: &str, request: &Raw) -> Answer {
        if !request.body.is_empty() {
            return Err((400, "Parameters belong into the query"));
        }
        if request.method == "POST" && request.header("content-length") != Some("0") {
            return Err((400, "A POST without parameters in its body has Content-Length: 0"));
        }
        if request.target.ends_with('?') {
            return Err((400, "A bare question mark"));
        }
        let ask = Ask::read(request)?;
        let host = request.header("host").unwrap_or_default();
        match id {
            "access.get" => self.access_get(&ask),
            "access.search" => self.access_search(&ask),
            "access.grant" => self.access_grant(&ask),
            "access.revoke" => self.access_revoke(&ask),
            "subscription.search" => self.subscription_search(&ask),
            "subscription.cancel" => self.subscription_cancel(&ask),
            "download.url" => self.download_url(&ask, host),
            "download.get" => Self::download_get(&ask),
            _ => self.user_get(path_value),
        }
    }
}

impl Access {
    fn is(&self, rid: &str, user: &str) -> bool {
        self.rid == rid && (self.user_ref == user || self.uid == user)
    }

    fn webhook(&self, kind: &str, event: &str) -> Value {
        json!({
            "version": 2,
            "type": kind,
            "event": event,
            "aid": AID,
            "rid": self.rid,
            "uid": self.uid,
            "access_id": self.id,
            "expires": self.expires,
        })
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "id": self.id,
            "aid": AID,
            "rid": self.rid,
            "uid": self.uid,
            // A number with two decimals, as a text, as prices are elsewhere in this API.
            "amount": format!("{}.{:02}", self.cents / 100, self.cents % 100),
            "currency": "USD",
            "created": self.created,
            "user_ref": self.user_ref,
            "user_email": self.email,
            "tags": self.tags,
        });
        if let (Some(expires), Some(object)) = (self.expires, value.as_object_mut()) {
            object.insert("expires".to_owned(), expires.into());
        }
        value
    }
}

/// The parameters of a request.
struct Ask(Vec<(String, String)>);

impl Ask {
    fn read(request: &Raw) -> Result<Self, (u16, &'static str)> {
        let pairs =
            decode_form(request.query().unwrap_or_default(), b"*").map_err(|why| (400, why))?;
        let twice = |(index, (name, _)): (usize, &(String, String))| {
            pairs.iter().skip(index + 1).any(|(other, _)| other == name)
        };
        if pairs.iter().enumerate().any(twice) {
            return Err((400, "A parameter comes twice"));
        }
        Ok(Self(pairs))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn need(&self, name: &'static str) -> Result<&str, (u16, &'static str)> {
        self.get(name).filter(|value| !value.is_empty()).ok_or((
            400,
            match name {
                "rid" => "rid is required",
                "user_ref" => "user_ref is required",
                _ => "email is required",
            },
        ))
    }

    fn flag(&self, name: &str) -> Result<bool, (u16, &'static str)> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err((400, "A flag must be true or false")),
        }
    }

    fn number(&self, name: &str) -> Result<Option<u64>, (u16, &'static str)> {
        self.get(name).map(|text| text.parse().map_err(|_| (400, "Not a number"))).transpose()
    }
}

fn error((status, message): (u16, &str)) -> Reply {
    Reply::json(status, &json!({ "error": { "message": message } }))
}

impl Service for TinyPass {
    fn answer(&mut self, request: &Raw) -> (Reply, Verdict) {
        if let Some(token) = request.path().strip_prefix("/d/") {
            let reply = self.file(token).unwrap_or_else(error);
            return (reply, Verdict { endpoint: None, signed: None });
        }
        let Some((id, method, path_value)) = self.route(request.path()) else {
            let signed = Some(Self::is_signed(request).is_ok());
            return (error((404, "No such method")), Verdict { endpoint: None, signed });
        };
        let signed = Self::is_signed(request);
        let verdict = Verdict { endpoint: Some(id), signed: Some(signed.is_ok()) };
        let reply = match signed {
            Err(why) => error((401, why)),
            Ok(()) if request.method != method => error((402, "Method not supported")),
            Ok(()) => self.call(id, &path_value, request).unwrap_or_else(error),
        };
        (reply, verdict)
    }
}

impl fmt::Debug for TinyPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TinyPass").field("accesses", &self.accesses.len()).finish_non_exhaustive()
    }
}
