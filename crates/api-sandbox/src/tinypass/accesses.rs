//! Handles the endpoints `access.*`, which find, grant and revoke access to resources.

use serde_json::{Value, json};

use super::ask::Ask;
use super::{AID, ApiResult, Refusal, TinyPass};

/// An access record: the access of a user to a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Access {
    /// The public id of the record, a string of 12 characters.
    pub id: String,
    /// The id of the resource, such as `premium-content`.
    pub rid: String,
    /// The id that TinyPass assigned to the user, such as `kjkxrNWUyD`.
    pub uid: String,
    /// The publisher's reference for the user, such as `user_42`.
    pub user_ref: String,
    /// The user's e-mail address.
    pub email: String,
    /// The price in US cents. It is 0 if access is free.
    pub cents: u64,
    /// The time of creation, in Unix seconds.
    pub created: u64,
    /// The time of expiry, in Unix seconds. `None` if access does not expire.
    pub expires: Option<u64>,
    /// The tags of the resource, by which `access.search` can filter records.
    pub tags: Vec<String>,
}

impl Access {
    fn is_of(&self, user: &str) -> bool {
        self.user_ref == user || self.uid == user
    }

    fn is(&self, rid: &str, user: &str) -> bool {
        self.rid == rid && self.is_of(user)
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
            // The amount is a string with two decimal places, like other prices in this API.
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

fn no_access() -> Refusal {
    (404, "Access not found".to_owned())
}

impl TinyPass {
    /// Adds an access record and returns it. `cents` is the price in US cents, and `expires` is the
    /// time of expiry in Unix seconds. A user is also added if the e-mail address is unknown.
    pub fn add_access(
        &mut self,
        rid: &str,
        user_ref: &str,
        email: &str,
        cents: u64,
        expires: Option<u64>,
    ) -> Access {
        let uid = self.uid_of(email);
        let tags = self.resource(rid).map(|resource| resource.tags.clone()).unwrap_or_default();
        let access = Access {
            id: self.next_id("A", 12),
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

    pub(super) fn access_get(&self, ask: &Ask<'_>) -> ApiResult {
        let (rid, user) = (ask.need("rid")?, ask.need("user_ref")?);
        let found = self.accesses.iter().rev().find(|access| access.is(rid, user));
        Ok(found.ok_or_else(no_access)?.json())
    }

    pub(super) fn access_search(&self, ask: &Ask<'_>) -> ApiResult {
        let show_expired = ask.flag("show_expired")?;
        let page = ask.number("page")?.unwrap_or(0);
        let size = ask.number("pagesize")?.unwrap_or(100);
        // Not documented: the response to a page size above the documented maximum.
        if !(1..=1000).contains(&size) {
            return Err((400, "pagesize: must be from 1 to 1000".to_owned()));
        }
        let now = self.clock.unix();
        let (first, size) = (page.saturating_mul(size), usize::try_from(size).unwrap_or(1000));
        let found: Vec<Value> = self
            .accesses
            .iter()
            .filter(|access| ask.fits("rid", &access.rid))
            .filter(|access| ask.get("user_ref").is_none_or(|user| access.is_of(user)))
            .filter(|access| ask.fits("email", &access.email))
            .filter(|access| ask.get("tag").is_none_or(|tag| access.tags.iter().any(|t| t == tag)))
            .filter(|access| show_expired || access.expires.is_none_or(|end| now < end))
            .skip(usize::try_from(first).unwrap_or(usize::MAX))
            .take(size)
            .map(Access::json)
            .collect();
        if found.is_empty() && self.empty_search_is_404 {
            return Err(no_access());
        }
        Ok(json!({ "data": found, "page": page, "pagesize": size }))
    }

    pub(super) fn access_grant(&mut self, ask: &Ask<'_>) -> ApiResult {
        let (rid, email) = (ask.need("rid")?, ask.need("email")?);
        let expires = ask.number("expiration")?;
        let quiet = ask.flag("suppress_email")?;
        if self.resource(rid).is_none() {
            return Err((404, "rid: no such resource".to_owned()));
        }
        if !email.contains('@') {
            return Err((402, "email: must be an e-mail address".to_owned()));
        }
        // Not documented: an empty reference counts as missing.
        let user_ref = ask.get("user_ref").filter(|user| !user.is_empty()).unwrap_or(email);
        // Not documented: a second grant of the same access changes the expiry of the first one.
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
        Ok(access.json())
    }

    pub(super) fn access_revoke(&mut self, ask: &Ask<'_>) -> ApiResult {
        let (rid, user) = (ask.need("rid")?, ask.need("user_ref")?);
        let refund = ask.flag("refund")?;
        let found = self.accesses.iter().position(|access| access.is(rid, user));
        let found = found.ok_or_else(no_access)?;
        if refund && self.accesses.get(found).is_some_and(|access| access.cents == 0) {
            // Not documented: free access cannot be refunded.
            return Err((402, "refund: nothing was paid".to_owned()));
        }
        let access = self.accesses.remove(found);
        if refund {
            self.refunds.push(access.id.clone());
        }
        self.webhooks.send(&access.webhook("access_revoked", "access_revoked"));
        // Not documented: the body of the response.
        Ok(access.json())
    }
}
