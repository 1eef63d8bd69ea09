//! Handles the endpoints `subscription.*`, which find and cancel subscriptions.

use serde_json::{Value, json};

use super::ask::Ask;
use super::{ApiResult, ListShape, Refusal, SUBSCRIPTION_RID, TinyPass, USER_REF};

/// The subscription of a user to a resource.
pub(super) struct Subscription {
    id: String,
    rid: String,
    user_ref: String,
    cancelled: bool,
}

/// Returns the only subscription in the initial state.
pub(super) fn first_subscription() -> Subscription {
    Subscription {
        id: "SUB000000001".to_owned(),
        rid: SUBSCRIPTION_RID.to_owned(),
        user_ref: USER_REF.to_owned(),
        cancelled: false,
    }
}

impl Subscription {
    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "rid": self.rid,
            "user_ref": self.user_ref,
            "status": if self.cancelled { "cancelled" } else { "active" },
        })
    }
}

fn not_found() -> Refusal {
    (404, "Subscription not found".to_owned())
}

impl TinyPass {
    pub(super) fn subscription_search(&self, ask: &Ask<'_>) -> ApiResult {
        let found: Vec<Value> = self
            .subscriptions
            .iter()
            .filter(|known| ask.fits("rid", &known.rid) && ask.fits("user_ref", &known.user_ref))
            .map(Subscription::json)
            .collect();
        // Not documented: the fields of a subscription, and whether the list is in an object.
        match self.list_shape {
            _ if found.is_empty() => Err(not_found()),
            ListShape::Data => Ok(json!({ "data": found })),
            ListShape::Bare => Ok(json!(found)),
        }
    }

    pub(super) fn subscription_cancel(&mut self, ask: &Ask<'_>) -> ApiResult {
        let (rid, user) = (ask.need("rid")?, ask.need("user_ref")?);
        // Not documented: unlike that of an access, the user is identified by the reference only.
        let found =
            self.subscriptions.iter_mut().find(|known| known.rid == rid && known.user_ref == user);
        let found = found.ok_or_else(not_found)?;
        // Not documented: a second cancellation is not an error.
        found.cancelled = true;
        Ok(json!({ "id": found.id, "status": "cancelled" }))
    }
}
