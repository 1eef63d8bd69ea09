//! Handles `transactions.channels` and `transactions.bank_groups`, which list the payment channels
//! and their groups.

use serde_json::{Value, json};

use super::check::decimal;
use super::{ApiResult, Ask, Out, Tpay};

/// The id, the name and the channels of each group of payment channels. The first channel is the
/// main one.
pub(super) const GROUPS: [(u64, &str, &[u64]); 8] = [
    (102, "Pekao", &[4]),
    (103, "Karta płatnicza", &[53]),
    (108, "PKO BP", &[21]),
    (114, "Millennium", &[2]),
    (150, "BLIK", &[64]),
    (166, "Google Pay", &[68]),
    (169, "PayPo", &[83]),
    (170, "Apple Pay", &[75]),
];

/// The id and the name of each channel, whether the payer is redirected to the bank immediately,
/// and the minimum and maximum amount in grosze.
pub(super) const CHANNELS: [(u64, &str, bool, u64, u64); 8] = [
    (2, "Millennium", true, 1, u64::MAX),
    (4, "Pekao", true, 1, u64::MAX),
    (21, "PKO BP", true, 1, u64::MAX),
    (53, "Karta płatnicza", true, 1, u64::MAX),
    (64, "BLIK", true, 1, u64::MAX),
    (68, "Google Pay", true, 1, u64::MAX),
    // Not documented: the id of the Apple Pay channel.
    (75, "Apple Pay", true, 1, u64::MAX),
    (83, "PayPo", false, 4000, 500_000),
];

impl Tpay {
    pub(super) fn transactions_bank_groups(&self, ask: &Ask) -> ApiResult {
        ask.only(&["onlyOnline"])?;
        let only_online = ask.flag("onlyOnline")?;
        let groups: serde_json::Map<String, Value> = GROUPS
            .iter()
            .filter(|(_, _, channels)| !only_online || !channels.contains(&83))
            .map(|group| (group.0.to_string(), self.group(group)))
            .collect();
        Ok(Out::Wrapped(json!({ "groups": groups })))
    }

    /// Returns a group of payment channels in the format of responses.
    fn group(&self, (id, name, channels): &(u64, &str, &[u64])) -> Value {
        let channels: Vec<String> = channels.iter().map(u64::to_string).collect();
        json!({
            "id": id.to_string(),
            "name": name,
            "img": format!("{}/groups/{id}.png", self.base_url),
            "mainChannel": channels.first(),
            "availablePaymentChannels": channels,
        })
    }

    /// Returns all groups of payment channels as a list, which is the format of the marketplace.
    pub(super) fn group_list(&self) -> Vec<Value> {
        GROUPS.iter().map(|group| self.group(group)).collect()
    }

    pub(super) fn transactions_channels(&self, ask: &Ask) -> ApiResult {
        ask.only(&["imageSize"])?;
        let image = |id: u64| json!({ "url": format!("{}/channels/{id}.png", self.base_url) });
        let channels: Vec<Value> = CHANNELS
            .iter()
            .map(|(id, name, instant, least, most)| {
                let groups: Vec<Value> = GROUPS
                    .iter()
                    .filter(|(_, _, channels)| channels.contains(id))
                    .map(|(id, name, _)| {
                        json!({ "id": id.to_string(), "name": name, "image": image(*id) })
                    })
                    .collect();
                let limit = |kind: &str, grosze: u64| {
                    json!({ "field": "amount", "type": kind, "value": decimal(grosze) })
                };
                let mut constraints = vec![limit("min", *least)];
                if *most < u64::MAX {
                    constraints.push(limit("max", *most));
                }
                json!({
                    "id": id.to_string(), "name": name, "fullName": name, "image": image(*id),
                    "available": true, "onlinePayment": *id != 83,
                    "instantRedirection": instant, "groups": groups, "constraints": constraints,
                })
            })
            .collect();
        Ok(Out::Wrapped(json!({ "language": "pl", "currency": "PLN", "channels": channels })))
    }
}
