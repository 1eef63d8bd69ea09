//! The console page of the TinyPass server, and the actions of its buttons.

use super::{Access, TinyPass};
use crate::date::date_time;
use crate::{Button, ConsolePage, Row, Table};

/// The actions of the buttons.
pub(super) const ACTIONS: [&str; 1] = ["remove"];

impl TinyPass {
    pub(super) fn console_page(&self) -> ConsolePage {
        let access = |access: &Access| Row {
            cells: vec![
                access.user_ref.clone(),
                access.email.clone(),
                access.rid.clone(),
                match access.expires {
                    Some(end) => format!("{} UTC", date_time(end)),
                    None => "never".to_owned(),
                },
            ],
            buttons: vec![Button::new("Remove", "remove", &access.id)],
        };
        ConsolePage {
            title: "TinyPass",
            clock: Some(self.clock.clone()),
            buttons: Vec::new(),
            tables: vec![Table {
                title: "Accesses",
                columns: &["User", "E-mail", "Resource", "Expires"],
                rows: self.accesses.iter().rev().map(access).collect(),
            }],
        }
    }

    pub(super) fn press_button(&mut self, action: &str, subject: &str) -> bool {
        let before = self.accesses.len();
        if action == "remove" {
            self.accesses.retain(|access| access.id != subject);
        }
        self.accesses.len() < before
    }
}
