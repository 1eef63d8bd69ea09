//! The console page of the TinyCert server, and the actions of its buttons.

use super::TinyCert;
use super::certs::Cert;
use crate::date::date_time;
use crate::{Button, ConsolePage, Row, Table};

/// The actions of the buttons.
pub(super) const ACTIONS: [&str; 1] = ["sessions"];

impl TinyCert {
    pub(super) fn console_page(&self) -> ConsolePage {
        let now = self.clock.unix();
        let cert = |(id, cert): (&i64, &Cert)| Row {
            cells: vec![
                id.to_string(),
                cert.ca.to_string(),
                cert.subject.cn.clone(),
                cert.status(now).text().to_owned(),
                format!("{} UTC", date_time(cert.expires)),
            ],
            buttons: Vec::new(),
        };
        ConsolePage {
            title: "TinyCert",
            clock: Some(self.clock.clone()),
            buttons: vec![Button::new("End all sessions", "sessions", "")],
            tables: vec![Table {
                title: "Certificates",
                columns: &["Id", "CA", "Common name", "Status", "Expires"],
                rows: self.certs.iter().rev().map(cert).collect(),
            }],
        }
    }

    pub(super) fn press_button(&mut self, action: &str, subject: &str) -> bool {
        let is_known = (action, subject) == ("sessions", "");
        if is_known {
            self.forget_sessions();
        }
        is_known
    }
}
