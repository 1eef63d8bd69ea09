//! The console page of the Tokenpass server, and the actions of its buttons.

use super::{Promise, Token, Tokenpass};
use crate::date::date_time;
use crate::{Button, ConsolePage, Row, Table};

/// The actions of the buttons.
pub(super) const ACTIONS: [&str; 2] = ["expire", "remove"];

impl Tokenpass {
    pub(super) fn console_page(&self) -> ConsolePage {
        let time = |end: u64| format!("{} UTC", date_time(end));
        let username = |id: &str| {
            let user = self.users.iter().find(|user| user.id == id);
            user.map_or_else(|| id.to_owned(), |user| user.username.clone())
        };
        let token = |token: &Token| Row {
            cells: vec![
                username(&token.user),
                token.client_id.clone(),
                token.scopes.join(" "),
                time(token.expires),
            ],
            buttons: vec![Button::new("Expire", "expire", &token.token)],
        };
        let promise = |promise: &Promise| Row {
            cells: vec![
                promise.id.to_string(),
                promise.source.clone(),
                promise.destination.clone(),
                format!("{} satoshis of {}", promise.quantity, promise.asset),
                promise.expiration.map_or_else(|| "never".to_owned(), time),
            ],
            buttons: vec![Button::new("Remove", "remove", promise.id.to_string())],
        };
        ConsolePage {
            title: "Tokenpass",
            clock: Some(self.clock.clone()),
            buttons: Vec::new(),
            tables: vec![
                Table {
                    title: "Tokens of users",
                    columns: &["User", "Application", "Scopes", "Expires"],
                    rows: self.tokens.iter().rev().map(token).collect(),
                },
                Table {
                    title: "Promises",
                    columns: &["Id", "Source", "Destination", "Amount", "Expires"],
                    rows: self.promises.iter().rev().map(promise).collect(),
                },
            ],
        }
    }

    pub(super) fn press_button(&mut self, action: &str, subject: &str) -> bool {
        let before = (self.tokens.len(), self.promises.len());
        match action {
            "expire" => self.tokens.retain(|token| token.token != subject),
            "remove" => self.promises.retain(|promise| promise.id.to_string() != subject),
            _ => {}
        }
        before != (self.tokens.len(), self.promises.len())
    }
}
