//! Handles the endpoints `download.*`, which return a download and expiring links to its file.

use serde_json::json;

use super::ask::Ask;
use super::{ApiResult, DOWNLOAD_RID, Refusal, TinyPass};
use crate::Response;

/// An expiring link to the file of a download.
pub(super) struct Link {
    token: String,
    expires: u64,
}

impl TinyPass {
    pub(super) fn download_url(&mut self, ask: &Ask<'_>) -> ApiResult {
        let rid = ask.need("rid")?;
        let expires = match (ask.number("lifetime")?, ask.number("expiration")?) {
            (Some(lifetime), None) => self.clock.unix().saturating_add(lifetime),
            (None, Some(expiration)) => expiration,
            _ => {
                let why = "lifetime, expiration: exactly one of them is required";
                return Err((400, why.to_owned()));
            }
        };
        if rid != DOWNLOAD_RID {
            return Err((404, "Download not found".to_owned()));
        }
        let token = self.next_id("L", 16);
        self.links.push(Link { token: token.clone(), expires });
        Ok(json!({ "url": format!("{}/d/{token}", ask.request.base_url()) }))
    }

    pub(super) fn download_get(&self, ask: &Ask<'_>) -> ApiResult {
        if ask.need("rid")? != DOWNLOAD_RID {
            return Err((404, "Download not found".to_owned()));
        }
        Ok(json!({
            "id": "DLebook0001x",
            "rid": DOWNLOAD_RID,
            "title": "An e-book",
            "description": "One hundred pages",
            "image": null,
            "price": "$4.99 USD",
            "modified_date": 1_399_913_600,
            "created_date": 1_399_222_400,
            "published_date": 1_399_308_800,
        }))
    }

    /// Returns the file at the link `/d/TOKEN`, which `download.url` has returned. The request
    /// requires no signature.
    pub(super) fn file(&self, token: &str) -> Result<Response, Refusal> {
        let now = self.clock.unix();
        let link = self.links.iter().find(|link| link.token == token);
        match link.ok_or_else(|| (404, "no such link".to_owned()))? {
            link if now < link.expires => {
                Ok(Response::new(200, "text/plain", "One hundred pages.\n"))
            }
            _ => Err((404, "the link has expired".to_owned())),
        }
    }
}
