//! The console page of the Tpay server, and the actions of its buttons.

use super::check::decimal;
use super::notify::Delivery;
use super::{Alias, Tpay, Transaction};
use crate::{Button, ConsolePage, Row, Table};

/// The actions of the buttons.
pub(super) const ACTIONS: [&str; 7] =
    ["pay", "decline", "chargeback", "unregister", "confirm", "revoke", "refunds"];

impl Tpay {
    pub(super) fn console_page(&self) -> ConsolePage {
        let transaction = |found: &Transaction| Row {
            cells: vec![
                found.title.clone(),
                found.hidden_description.clone(),
                format!("{} {}", decimal(found.grosze), found.currency),
                found.status.to_owned(),
                decimal(found.refunded),
            ],
            buttons: match found.status {
                "pending" => vec![
                    Button::new("Pay", "pay", &found.id),
                    Button::new("Decline", "decline", &found.id),
                ],
                "paid" | "correct" => vec![Button::new("Charge back", "chargeback", &found.id)],
                _ => Vec::new(),
            },
        };
        let alias = |alias: &Alias| Row {
            cells: vec![alias.kind.clone(), alias.value.clone(), alias.label.clone()],
            buttons: vec![Button::new(
                "Unregister",
                "unregister",
                format!("{}:{}", alias.kind, alias.value),
            )],
        };
        let waiting = |(value, kind, label): &(String, String, String)| Row {
            cells: vec![kind.clone(), value.clone(), label.clone()],
            buttons: vec![Button::new("Confirm", "confirm", format!("{kind}:{value}"))],
        };
        let delivery = |delivery: Delivery| Row {
            cells: vec![delivery.kind.to_owned(), delivery.subject, delivery.response],
            buttons: Vec::new(),
        };
        ConsolePage {
            title: "Tpay",
            clock: Some(self.clock.clone()),
            buttons: vec![
                Button::new("Revoke all tokens", "revoke", ""),
                Button::new("Finish refunds", "refunds", ""),
            ],
            tables: vec![
                Table {
                    title: "Transactions",
                    columns: &["Title", "Hidden description", "Amount", "Status", "Refunded"],
                    rows: self.transactions.iter().rev().map(transaction).collect(),
                },
                Table {
                    title: "BLIK aliases",
                    columns: &["Type", "Value", "Label"],
                    rows: self.aliases.iter().filter(|alias| !alias.removed).map(alias).collect(),
                },
                Table {
                    title: "Pending BLIK aliases",
                    columns: &["Type", "Value", "Label"],
                    rows: self.waiting_aliases.iter().map(waiting).collect(),
                },
                Table {
                    title: "Notifications",
                    columns: &["Kind", "Subject", "Response"],
                    rows: self.outbox().deliveries().into_iter().rev().map(delivery).collect(),
                },
            ],
        }
    }

    pub(super) fn press_button(&mut self, action: &str, subject: &str) -> bool {
        match action {
            "pay" => self.pay(subject),
            // The payer's bank rejects the payment.
            "decline" => self.decline(subject, "101"),
            "chargeback" => self.chargeback(subject),
            "unregister" => subject
                .split_once(':')
                .is_some_and(|(kind, value)| self.unregister_alias(value, kind)),
            "confirm" => {
                subject.split_once(':').is_some_and(|(kind, value)| self.confirm_alias(value, kind))
            }
            "revoke" if subject.is_empty() => {
                self.revoke_tokens();
                true
            }
            "refunds" if subject.is_empty() => {
                self.finish_refunds();
                true
            }
            _ => false,
        }
    }
}
