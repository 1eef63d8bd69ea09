//! Handles the endpoints `credit_group.*`, `credit_account.*` and `credit.*`, which keep the
//! credits of applications in a double-entry ledger.

use super::ask::Ask;
use super::entities::escape;
use super::php::{Value, map};
use super::response::{ApiResult, crashed, error, json};
use super::{Tokenpass, User};
use crate::Response;

/// The name of the account on the other side of a transaction if the request does not name one.
const DEFAULT_ACCOUNT: &str = "_";

/// The maximum number of characters of a reference. The server cuts longer ones.
const LONGEST_REFERENCE: usize = 255;

/// A credit group, which is a ledger with its own accounts.
#[derive(Debug, Clone)]
pub struct CreditGroup {
    /// The UUID of the group.
    pub id: String,
    /// The name of the group.
    pub name: String,
    /// The client id of the application that created the group. Only this application can list and
    /// change the group; the provider's rule is not documented.
    pub owner: String,
    /// The client ids of the applications that are allowed to use the group.
    pub whitelist: Vec<String>,
    /// The time of creation, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub created_at: String,
    /// The time of the last change, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub updated_at: String,
}

/// An account of a credit group.
#[derive(Debug, Clone)]
pub struct CreditAccount {
    /// The UUID of the account.
    pub id: String,
    /// The UUID of the group to which the account belongs.
    pub group: String,
    /// The name of the account as the server stores it: special characters are HTML entities, such
    /// as `&amp;`.
    pub name: String,
    /// The number of credits in the account, which can be negative.
    pub balance: i64,
    /// The id of the user to whom the account belongs, if any.
    pub user: Option<String>,
    /// The time of creation, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub created_at: String,
    /// The time of the last change, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub updated_at: String,
}

/// An entry in the ledger: one side of a transaction.
#[derive(Debug, Clone)]
pub struct CreditEntry {
    /// The UUID of the entry.
    pub id: String,
    /// The UUID of the credit group to which the account belongs.
    pub group: String,
    /// The UUID of the account that the entry credits or debits.
    pub account: String,
    /// The number of credits: positive for a credit, negative for a debit.
    pub amount: i64,
    /// The reference that the application passed as `ref`, if any.
    pub reference: Option<String>,
    /// The time at which the entry was made, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub created_at: String,
}

/// Whether a transaction credits or debits the account that the request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Credit,
    Debit,
}

impl CreditGroup {
    fn json(&self) -> Value {
        let mut whitelist: Vec<Value> = self.whitelist.iter().map(Value::from).collect();
        if whitelist.is_empty() {
            whitelist.push("".into());
        }
        map([
            ("name", (&self.name).into()),
            ("uuid", (&self.id).into()),
            ("active", true.into()),
            ("app_whitelist", whitelist.into()),
            ("created_at", (&self.created_at).into()),
            ("updated_at", (&self.updated_at).into()),
        ])
    }
}

impl CreditEntry {
    /// Returns the entry as a row of a history. `of_account` contains members that describe the
    /// account. They are placed after `credit_group`.
    fn row(&self, of_account: Vec<(String, Value)>) -> Value {
        let mut members = vec![("credit_group".to_owned(), (&self.group).into())];
        members.extend(of_account);
        members.extend([
            ("tx_uuid".to_owned(), (&self.id).into()),
            ("amount".to_owned(), self.amount.to_string().into()),
            ("created_at".to_owned(), (&self.created_at).into()),
            ("updated_at".to_owned(), (&self.created_at).into()),
            ("ref".to_owned(), self.reference.clone().into()),
        ]);
        Value::Map(members)
    }
}

fn missing_group() -> Response {
    error(404, "App Credit Group not found")
}

impl Tokenpass {
    /// Returns whether the ledger is balanced, that is, whether the entries of each group add up to
    /// 0, and those of each account add up to its balance.
    pub fn ledger_balances(&self) -> bool {
        let groups = self.credit_groups.iter().all(|group| {
            let entries = self.credit_entries.iter().filter(|entry| entry.group == group.id);
            entries.map(|entry| i128::from(entry.amount)).sum::<i128>() == 0
        });
        groups
            && self.credit_accounts.iter().all(|account| {
                let entries =
                    self.credit_entries.iter().filter(|entry| entry.account == account.id);
                entries.map(|entry| i128::from(entry.amount)).sum::<i128>()
                    == i128::from(account.balance)
            })
    }

    /// Returns the group whose UUID is in the path, if the calling application is allowed to use
    /// it.
    fn group(&self, ask: &Ask<'_>) -> Result<&CreditGroup, Response> {
        let group = self.credit_groups.iter().find(|group| group.id == ask.value(0));
        let group = group.ok_or_else(missing_group)?;
        if group.whitelist.contains(&ask.client) {
            return Ok(group);
        }
        Err(error(403, "Your app does not have access to this App Credit Group"))
    }

    /// Returns the client ids in `app_whitelist`, which is a list, or a string with one id per
    /// line.
    fn whitelist(&self, ask: &Ask<'_>) -> Result<Vec<String>, Response> {
        let ids: Vec<String> = match ask.get("app_whitelist") {
            None => Vec::new(),
            Some(Value::Text(text)) => text.lines().map(str::to_owned).collect(),
            Some(value) => {
                value.items().unwrap_or_default().into_iter().filter_map(Value::text).collect()
            }
        };
        let ids = ids.iter().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        let ids: Vec<String> = ids.collect();
        match ids.iter().find(|id| !self.clients.iter().any(|client| client.id == **id)) {
            None => Ok(ids),
            Some(id) => Err(error(400, &format!("Invalid Client ID {id} for App Credit Group"))),
        }
    }

    pub(super) fn credit_group_create(&mut self, ask: &Ask<'_>) -> ApiResult {
        let name = ask.text("name").filter(|name| !name.trim().is_empty());
        let name = name.ok_or_else(|| error(400, "App Credit Group name required"))?;
        let whitelist = self.whitelist(ask)?;
        let (id, date) = (self.uuid(), self.date());
        let owner = ask.client.clone();
        let group =
            CreditGroup { id, name, owner, whitelist, created_at: date.clone(), updated_at: date };
        let response = json(200, &map([("credit_group", group.json())]));
        self.credit_groups.push(group);
        Ok(response)
    }

    pub(super) fn credit_group_update(&mut self, ask: &Ask<'_>) -> ApiResult {
        let found = self.credit_groups.iter().position(|group| group.id == ask.value(0));
        let found = found.ok_or_else(missing_group)?;
        if self.credit_groups.get(found).is_none_or(|group| group.owner != ask.client) {
            return Err(error(403, "You do not have access to this App Credit Group"));
        }
        let (whitelist, date) = (self.whitelist(ask)?, self.date());
        let group = self.credit_groups.get_mut(found).ok_or_else(missing_group)?;
        if let Some(name) = ask.text("name") {
            group.name = name;
        }
        if !whitelist.is_empty() {
            group.whitelist = whitelist;
        }
        group.updated_at = date;
        Ok(json(200, &map([("credit_group", group.json())])))
    }

    pub(super) fn credit_group_list(&self, ask: &Ask<'_>) -> ApiResult {
        let own = self.credit_groups.iter().filter(|group| group.owner == ask.client);
        let list = own.map(CreditGroup::json).collect::<Vec<_>>();
        Ok(json(200, &map([("list", list.into())])))
    }

    pub(super) fn credit_group_get(&self, ask: &Ask<'_>) -> ApiResult {
        Ok(json(200, &map([("credit_group", self.group(ask)?.json())])))
    }

    pub(super) fn credit_group_history(&self, ask: &Ask<'_>) -> ApiResult {
        let group = self.group(ask)?;
        let entries = self.credit_entries.iter().rev().filter(|entry| entry.group == group.id);
        let rows = entries
            .map(|entry| {
                let account = self.credit_accounts.iter().find(|known| known.id == entry.account);
                let user = account.and_then(|account| self.tied_user(account));
                let user = user.map_or(false.into(), |user| Value::from(&user.username));
                let name = account.map(|account| account.name.clone());
                entry.row(vec![
                    ("account".to_owned(), name.into()),
                    ("tokenpass_user".to_owned(), user),
                    ("account_uuid".to_owned(), (&entry.account).into()),
                ])
            })
            .collect::<Vec<_>>();
        let entries = self.credit_entries.iter().filter(|entry| entry.group == group.id);
        let balance = entries.map(|entry| i128::from(entry.amount)).sum::<i128>();
        let members = [
            ("balance", balance.to_string().into()),
            ("count", rows.len().into()),
            ("transactions", rows.into()),
        ];
        Ok(json(200, &map(members)))
    }

    fn tied_user(&self, account: &CreditAccount) -> Option<&User> {
        account.user.as_ref().and_then(|id| self.user(id))
    }

    fn account_json(&self, account: &CreditAccount, balance: Value) -> Value {
        let user = self.tied_user(account).map_or(false.into(), |user| {
            map([
                ("uuid", (&user.id).into()),
                ("slug", (&user.slug).into()),
                ("username", (&user.username).into()),
            ])
        });
        map([
            ("name", (&account.name).into()),
            ("uuid", (&account.id).into()),
            ("balance", balance),
            ("tokenpass_user", user),
            ("created_at", (&account.created_at).into()),
            ("updated_at", (&account.updated_at).into()),
        ])
    }

    /// Returns the account of `group` with this UUID or name.
    fn find_account(&self, group: &str, name: &str) -> Option<&CreditAccount> {
        let escaped = escape(name);
        let mut own = self.credit_accounts.iter().filter(|account| account.group == group);
        own.find(|account| account.id == name || account.name == name || account.name == escaped)
    }

    /// Returns the account whose UUID or name is in the path.
    fn account(&self, ask: &Ask<'_>) -> Result<&CreditAccount, Response> {
        let group = self.group(ask)?;
        let account = self.find_account(&group.id, ask.value(1));
        account.ok_or_else(|| error(404, "App Credit account not found"))
    }

    fn open_account(&mut self, group: &str, name: &str) -> CreditAccount {
        let (id, date) = (self.uuid(), self.date());
        let account = CreditAccount {
            id,
            group: group.to_owned(),
            name: escape(name),
            balance: 0,
            user: self.user(name).map(|user| user.id.clone()),
            created_at: date.clone(),
            updated_at: date,
        };
        self.credit_accounts.push(account.clone());
        account
    }

    pub(super) fn credit_account_list(&self, ask: &Ask<'_>) -> ApiResult {
        let group = self.group(ask)?;
        let own = self.credit_accounts.iter().filter(|account| account.group == group.id);
        let own: Vec<&CreditAccount> = own.collect();
        // The sum of a part of the accounts may exceed 64 bits.
        let balance = own.iter().map(|account| i128::from(account.balance)).sum::<i128>();
        let balance = i64::try_from(balance).map_err(|_| crashed())?;
        let rows = own
            .iter()
            .map(|account| {
                let row = self.account_json(account, account.balance.into());
                if !self.dumps_accounts {
                    return row;
                }
                map([
                    ("\0*\0table", "app_credit_accounts".into()),
                    ("\0*\0attributes", row),
                    ("exists", true.into()),
                ])
            })
            .collect::<Vec<_>>();
        let members =
            [("balance", balance.into()), ("count", rows.len().into()), ("accounts", rows.into())];
        Ok(json(200, &map(members)))
    }

    pub(super) fn credit_account_create(&mut self, ask: &Ask<'_>) -> ApiResult {
        let group = self.group(ask)?.id.clone();
        let name = ask.text("name").filter(|name| !name.trim().is_empty());
        let name = name.ok_or_else(|| error(400, "App Credit account name required"))?;
        if self.find_account(&group, &name).is_some() {
            return Err(error(400, "An account with this name already exists"));
        }
        let account = self.open_account(&group, &name);
        Ok(json(200, &map([("account", self.account_json(&account, Value::Int(0)))])))
    }

    pub(super) fn credit_account_get(&self, ask: &Ask<'_>) -> ApiResult {
        let account = self.account(ask)?;
        let account = self.account_json(account, account.balance.into());
        Ok(json(200, &map([("account", account)])))
    }

    pub(super) fn credit_account_history(&self, ask: &Ask<'_>) -> ApiResult {
        let account = self.account(ask)?;
        let entries = self.credit_entries.iter().rev().filter(|entry| entry.account == account.id);
        let rows = entries.map(|entry| entry.row(Vec::new())).collect::<Vec<_>>();
        let members = [
            ("account", self.account_json(account, account.balance.to_string().into())),
            ("count", rows.len().into()),
            ("transactions", rows.into()),
        ];
        Ok(json(200, &map(members)))
    }

    pub(super) fn credit_give(&mut self, ask: &Ask<'_>) -> ApiResult {
        self.book(ask, Side::Credit)
    }

    pub(super) fn credit_take(&mut self, ask: &Ask<'_>) -> ApiResult {
        self.book(ask, Side::Debit)
    }

    /// Makes a transaction for each item of the parameter `accounts`, in order. If an item is
    /// invalid, the transactions for the items before it remain.
    fn book(&mut self, ask: &Ask<'_>, side: Side) -> ApiResult {
        let group = self.group(ask)?.id.clone();
        let rows = ask.get("accounts").and_then(Value::items);
        let rows = rows.ok_or_else(|| error(400, "Array of accounts to update required"))?;
        let mut transactions = Vec::new();
        for row in rows {
            transactions.push(self.book_row(&group, row, side)?);
        }
        Ok(json(200, &map([("transactions", transactions.into())])))
    }

    fn book_row(&mut self, group: &str, row: &Value, side: Side) -> Result<Value, Response> {
        let get = |name: &str| row.get(name).and_then(Value::text);
        let wanted = get("account").ok_or_else(|| error(400, "Missing key \"account\""))?;
        let amount = row.get("amount").filter(|amount| **amount != Value::Null);
        let amount = amount.ok_or_else(|| error(400, "Missing key \"amount\""))?;
        // The sign is ignored. Not documented: -2^63, for which the real server books a number that
        // is no integer of 64 bits, is rejected.
        let amount = amount.integer().checked_abs().ok_or_else(crashed)?;
        let account = self.find_account(group, &wanted).cloned();
        let account =
            account.ok_or_else(|| error(400, &format!("Invalid account \"{wanted}\"")))?;
        let (member, kind) = match side {
            Side::Credit => ("source", "Source"),
            Side::Debit => ("destination", "Destination"),
        };
        let against = get(member).filter(|name| !name.trim().is_empty());
        let other = against.as_deref().unwrap_or(DEFAULT_ACCOUNT);
        let other = match (self.find_account(group, other).cloned(), against) {
            (Some(account), _) => account,
            (None, None) => self.open_account(group, DEFAULT_ACCOUNT),
            (None, Some(name)) => {
                return Err(error(400, &format!("{kind} account {name} does not exist")));
            }
        };
        let reference = get("ref").map(|text| text.chars().take(LONGEST_REFERENCE).collect());
        let (amount, name, other_name) = match side {
            Side::Credit => (amount, "credit", "debit"),
            Side::Debit => (-amount, "debit", "credit"),
        };
        // Not documented: an amount that would exceed the maximum balance is rejected.
        let fits = account.balance.checked_add(amount).is_some()
            && other.balance.checked_sub(amount).is_some();
        if !fits {
            return Err(crashed());
        }
        let entry = self.enter(&account, amount, reference.clone());
        let other_entry = self.enter(&other, -amount, reference);
        Ok(map([(name, entry), (other_name, other_entry)]))
    }

    fn enter(&mut self, account: &CreditAccount, amount: i64, reference: Option<String>) -> Value {
        let (id, date) = (self.uuid(), self.date());
        if let Some(known) = self.credit_accounts.iter_mut().find(|known| known.id == account.id) {
            known.balance = known.balance.saturating_add(amount);
            known.updated_at.clone_from(&date);
        }
        let entry = CreditEntry {
            id,
            group: account.group.clone(),
            account: account.id.clone(),
            amount,
            reference,
            created_at: date,
        };
        let value = map([
            ("uuid", (&entry.id).into()),
            ("app_credit_group_uuid", (&entry.group).into()),
            ("account_uuid", (&entry.account).into()),
            ("account_name", (&account.name).into()),
            ("amount", amount.into()),
            ("ref", entry.reference.clone().into()),
            ("created_at", (&entry.created_at).into()),
            ("updated_at", (&entry.created_at).into()),
        ]);
        self.credit_entries.push(entry);
        value
    }
}
