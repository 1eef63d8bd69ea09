//! Handles the endpoints `balance.*` and `tca.*`, which return the balances of users and check them
//! against rules.

use sha2::{Digest, Sha256};

use super::ask::Ask;
use super::php::{Value, map};
use super::response::{ApiResult, crashed, json, refused, result};
use super::tca::Stack;
use super::{Address, Balances, Tokenpass, User, bitcoin};

fn add<'a>(sum: &mut Balances, more: impl IntoIterator<Item = (&'a String, &'a i64)>) {
    for (asset, satoshis) in more {
        let known = sum.entry(asset.clone()).or_default();
        *known = known.saturating_add(*satoshis);
    }
}

fn subtract(sum: &mut Balances, asset: String, satoshis: i64) {
    let known = sum.entry(asset).or_default();
    *known = known.saturating_sub(satoshis);
}

impl Tokenpass {
    /// Returns the balances of a user for comparison with rules: those of all active and verified
    /// addresses, including private ones, without the assets that the user has disabled. If
    /// `with_promises` is true, promises to these addresses are added. Promises that were made with
    /// the API are not subtracted from the balance of their source. Loans that were made on the
    /// website are always subtracted, which is not documented.
    pub(super) fn balances_of(&self, user: &User, with_promises: bool) -> Balances {
        let mut sum = Balances::new();
        let own = self.addresses.iter().filter(|known| known.user == user.id && known.is_live());
        for address in own {
            add(&mut sum, self.chain.get(&address.address).into_iter().flatten());
            if with_promises {
                add(&mut sum, &self.promised_to(&address.address));
            }
        }
        for (asset, lent) in self.lent_by(&user.id) {
            subtract(&mut sum, asset, lent);
        }
        sum.retain(|asset, _| !self.disabled.contains(&(user.id.clone(), asset.clone())));
        sum
    }

    pub(super) fn tca_check_user(&self, ask: &Ask<'_>) -> ApiResult {
        let user = self.user_named(ask.value(0));
        let user = user.ok_or_else(|| refused(404, "Username not found"))?;
        let stack = Stack::from_input(&ask.input).ok_or_else(crashed)?;
        result(stack.allows(&self.balances_of(user, stack.with_promises)))
    }

    pub(super) fn tca_check_address(&self, ask: &Ask<'_>) -> ApiResult {
        if !bitcoin::is_address(ask.value(0)) {
            return Err(refused(400, "Invalid address"));
        }
        let held = self.chain.get(ask.value(0)).cloned().unwrap_or_default();
        let stack = Stack::from_input(&ask.input).ok_or_else(crashed)?;
        result(stack.allows(&held))
    }

    /// Handles `tca.check_email`, which is known only from the code of a client. If no user has the
    /// e-mail address, this server counts only the promises to the e-mail address.
    pub(super) fn tca_check_email(&self, ask: &Ask<'_>) -> ApiResult {
        let stack = Stack::from_input(&ask.input).ok_or_else(crashed)?;
        let user = self.user_with_email(ask.value(0));
        let mut held = user.map(|user| self.balances_of(user, true)).unwrap_or_default();
        add(&mut held, &self.promised_to(ask.value(0)));
        result(stack.allows(&held))
    }

    pub(super) fn tca_find_users(&self, ask: &Ask<'_>) -> ApiResult {
        let stack = Stack::from_input(&ask.input).ok_or_else(crashed)?;
        let found = self
            .users
            .iter()
            .filter(|user| stack.allows(&self.balances_of(user, true)))
            .map(|user| {
                map([
                    ("id", (&user.id).into()),
                    ("username", (&user.username).into()),
                    ("channel", bitcoin::base58(&Sha256::digest(&user.id)).into()),
                ])
            })
            .collect::<Vec<_>>();
        Ok(json(200, &map([("count", found.len().into()), ("results", found.into())])))
    }

    /// Returns the total balances of those addresses of the user for which `counts` returns `true`,
    /// in the format of responses. Promises to these addresses are added, and promises from them
    /// are subtracted.
    fn combined(&self, ask: &Ask<'_>, counts: impl Fn(&Address) -> bool) -> ApiResult {
        // Not documented: only a refresh requires the blockchain.
        if self.chain_is_down && ask.get("refresh").is_some_and(Value::is_truthy) {
            return Err(crashed());
        }
        let user = self.user(&ask.user).ok_or_else(crashed)?;
        let mut sum = Balances::new();
        for address in self.addresses.iter().filter(|known| known.user == user.id && counts(known))
        {
            add(&mut sum, self.chain.get(&address.address).into_iter().flatten());
            add(&mut sum, &self.promised_to(&address.address));
            for (asset, promised) in self.promised_from(&address.address) {
                subtract(&mut sum, asset, promised);
            }
        }
        let rows = sum
            .into_iter()
            .filter(|(asset, satoshis)| {
                *satoshis != 0 && !self.disabled.contains(&(user.id.clone(), asset.clone()))
            })
            .map(|(asset, satoshis)| {
                #[expect(clippy::cast_precision_loss, reason = "the server shows a float as well")]
                let whole = satoshis as f64 / 100_000_000.0;
                let mut members = vec![
                    ("asset".to_owned(), (&asset).into()),
                    ("name".to_owned(), (&asset).into()),
                    ("balance".to_owned(), Value::Float(whole)),
                    ("balanceSat".to_owned(), satoshis.to_string().into()),
                ];
                if self.quantity_objects {
                    members.push(("precision".to_owned(), Value::Int(8)));
                }
                Value::Map(members)
            });
        Ok(json(200, &Value::List(rows.collect())))
    }

    pub(super) fn balance_public(&self, ask: &Ask<'_>) -> ApiResult {
        self.combined(ask, Address::is_shown)
    }

    pub(super) fn balance_protected(&self, ask: &Ask<'_>) -> ApiResult {
        self.combined(ask, Address::is_live)
    }
}
