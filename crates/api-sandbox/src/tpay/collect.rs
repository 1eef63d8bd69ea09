//! Handles the endpoints `collect.*`, which list and create the bank accounts of Collect merchants.

use serde_json::json;

use super::check::{Kind, Rules, check, kinds, need};
use super::json::Members;
use super::text::date_time;
use super::{ApiResult, Ask, Out, Tpay};

const CREATE: Rules = &[
    need("accountNumber", kinds::POLISH_ACCOUNT),
    need("ownerName", Kind::Text(1, 1000)),
    need("additionalInformation", Kind::Text(1, 1000)),
];

impl Tpay {
    pub(super) fn collect_list_bank_accounts(&self, ask: &Ask) -> ApiResult {
        ask.only(&["page", "limit"])?;
        Ok(Out::Wrapped(ask.page()?.wrap("bankAccounts", &self.bank_accounts, Clone::clone)))
    }

    pub(super) fn collect_create_bank_account(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, CREATE)?;
        let mut account = ask.body.clone();
        account.put("/id", self.ulid());
        account.put("/status", json!("active"));
        account.put("/createdAt", date_time(self.clock.unix()));
        self.bank_accounts.push(account.clone());
        Ok(Out::Wrapped(account))
    }
}
