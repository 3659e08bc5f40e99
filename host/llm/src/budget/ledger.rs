//! The accounts.

use super::{Bounds, Budgets, Owner, Price, Spent, SpentBy, Usage};
use chatter_protocol::{Clock, memory::Scope};
use metrics::counter;
use std::{
    collections::HashMap,
    ops::Add as _,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::time::Instant;

/// Requests that were not made for want of budget.
const OVER: &str = "chatter_llm_over_budget_total";

/// At how many accounts it is looked for the first time for those that are as good as new.
const FIRST_SWEEP: usize = 1024;

/// The shortest answer that it is worth asking for, in tokens, if more was wanted.
const SHORTEST: u32 = 16;

/// What sums of fractions may be off by, in tokens.
const ROUNDING: f64 = 1e-6;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The accounts of everybody whose budget is bounded.
#[derive(Debug)]
pub(crate) struct Ledger {
    budgets: Budgets,
    clock: Clock,
    accounts: Mutex<Accounts>,
}

#[derive(Debug)]
struct Accounts {
    of: HashMap<Owner, Account>,
    day: i64,
    sweep_at: usize,
    changed: bool,
}

/// What one of them used up.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    minute: Amount,
    /// When `minute` was true.
    at: Option<Instant>,
    day: Amount,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Amount {
    tokens: f64,
    money: f64,
}

impl Account {
    /// What is used up of the minute's budget goes back to nothing within a minute.
    fn catch_up(&mut self, bounds: &Bounds, now: Instant) {
        let minutes = self.at.map_or(0.0, |at| {
            now.saturating_duration_since(at).as_secs_f64() / 60.0
        });
        self.at = Some(now);
        let back = |used: f64, per_minute: f64| (used - minutes * per_minute).max(0.0);
        let Amount { tokens, money } = &mut self.minute;
        *tokens = bounds
            .tokens_per_minute
            .map_or(0.0, |bound| back(*tokens, bound as f64));
        *money = bounds
            .money_per_minute
            .map_or(0.0, |bound| back(*money, bound));
    }

    /// Tokens left at a price.
    fn left(&self, bounds: &Bounds, price: Option<&Price>) -> f64 {
        let tokens = [
            (bounds.tokens_per_minute, self.minute.tokens),
            (bounds.tokens_per_day, self.day.tokens),
        ];
        let tokens = tokens
            .into_iter()
            .filter_map(|(bound, used)| Some(bound? as f64 - used));
        // Answers are the dearer part everywhere.
        let dear = price.map_or(0.0, |price| price.output.max(price.input) / 1e6);
        let money = [
            (bounds.money_per_minute, self.minute.money),
            (bounds.money_per_day, self.day.money),
        ];
        let money = money
            .into_iter()
            .filter(|_| dear > 0.0)
            .filter_map(|(bound, used)| Some((bound? - used) / dear));
        tokens.chain(money).fold(f64::INFINITY, f64::min)
    }

    fn add(&mut self, tokens: f64, money: f64) {
        for amount in [&mut self.minute, &mut self.day] {
            amount.tokens = (amount.tokens + tokens).max(0.0);
            amount.money = (amount.money + money).max(0.0);
        }
    }
}

impl Ledger {
    pub(crate) fn new(budgets: Budgets, clock: Clock) -> Self {
        let day = day(&clock);
        Self {
            budgets,
            clock,
            accounts: Mutex::new(Accounts {
                of: HashMap::new(),
                day,
                sweep_at: FIRST_SWEEP,
                changed: false,
            }),
        }
    }

    /// Whose accounts somebody's requests go to, as far as they are bounded, with the level's name.
    fn owners(&self, scope: &Scope) -> impl Iterator<Item = (&'static str, Owner, Bounds)> {
        let Budgets {
            tenant,
            room,
            persona,
        } = self.budgets;
        [
            ("tenant", Owner::Tenant(scope.room.tenant()), tenant),
            ("room", Owner::Room(scope.room.clone()), room),
            ("persona", Owner::Persona(scope.clone()), persona),
        ]
        .into_iter()
        .filter(|(_, _, bounds)| !bounds.is_none())
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let today = day(&self.clock);
        // A clock that is set back a little gives nobody its day anew.
        if accounts.day < today || today + 1 < accounts.day {
            accounts.day = today;
            accounts.changed = true;
            for account in accounts.of.values_mut() {
                account.day = Amount::default();
            }
        }
        accounts
    }

    /// Tokens left to somebody at a price.
    pub(crate) fn left(&self, scope: &Scope, price: Option<&Price>) -> u32 {
        let mut accounts = self.accounts();
        let now = Instant::now();
        self.owners(scope)
            .map(|(_, owner, bounds)| {
                let account = accounts.account(owner);
                account.catch_up(&bounds, now);
                account.left(&bounds, price)
            })
            .fold(f64::INFINITY, f64::min)
            .add(ROUNDING) as u32
    }

    /// Puts aside what a request may cost at most: `headroom` tokens of thoughts, and an answer. `max_output` becomes
    /// less if not all of it is left.
    pub(crate) fn charge(
        &self,
        scope: &Scope,
        price: Option<&Price>,
        input: u32,
        headroom: u32,
        max_output: &mut u32,
    ) -> Option<Charge<'_>> {
        let mut accounts = self.accounts();
        let now = Instant::now();
        let mut output = f64::from(*max_output);
        for (level, owner, bounds) in self.owners(scope) {
            let account = accounts.account(owner);
            account.catch_up(&bounds, now);
            let left = account.left(&bounds, price) - f64::from(input) - f64::from(headroom);
            if left < f64::from(SHORTEST.min(*max_output)) {
                counter!(OVER, "level" => level, "tenant" => scope.room.tenant().to_string())
                    .increment(1);
                return None;
            }
            output = output.min(left);
        }
        *max_output = output as u32;
        let most = Usage {
            input,
            output: max_output.saturating_add(headroom),
            ..Usage::default()
        };
        let charge = Charge {
            ledger: self,
            scope: scope.clone(),
            price: price.copied(),
            aside: most,
            was_sent: AtomicBool::new(false),
            is_settled: false,
        };
        charge.add(&mut accounts, 1.0, &most);
        Some(charge)
    }

    /// What was used up today, if that has changed since it was asked for last.
    pub(crate) fn spent(&self) -> Option<Spent> {
        let mut accounts = self.accounts();
        if !std::mem::take(&mut accounts.changed) {
            return None;
        }
        let mut by: Vec<_> = accounts
            .of
            .iter()
            .filter(|(_, account)| account.day != Amount::default())
            .map(|(owner, account)| SpentBy {
                who: owner.name(),
                tokens: account.day.tokens as u64,
                money: account.day.money,
            })
            .collect();
        by.sort_unstable_by(|a, b| a.who.cmp(&b.who));
        Some(Spent {
            day: accounts.day,
            by,
        })
    }

    /// What was used up before a restart counts, if it was today.
    pub(crate) fn resume(&self, spent: &Spent) {
        let mut accounts = self.accounts();
        if accounts.day != spent.day {
            return;
        }
        for SpentBy { who, tokens, money } in &spent.by {
            if let Some(owner) = Owner::parse(who) {
                let day = &mut accounts.account(owner).day;
                day.tokens += *tokens as f64;
                day.money += money.max(0.0);
            }
        }
    }
}

fn day(clock: &Clock) -> i64 {
    clock.now().as_millis().div_euclid(DAY_MS)
}

impl Accounts {
    fn account(&mut self, owner: Owner) -> &mut Account {
        if self.of.len() >= self.sweep_at {
            // Who used up nothing today has nothing of the minute's either, a minute after midnight.
            self.of
                .retain(|_, account| account.day != Amount::default());
            self.sweep_at = FIRST_SWEEP.max(self.of.len() * 2);
        }
        self.of.entry(owner).or_default()
    }
}

/// What is put aside for a request. If nobody says what it cost, it cost all of that once it was sent, and
/// nothing before.
#[derive(Debug)]
pub(crate) struct Charge<'a> {
    ledger: &'a Ledger,
    scope: Scope,
    price: Option<Price>,
    aside: Usage,
    was_sent: AtomicBool,
    is_settled: bool,
}

impl Charge<'_> {
    /// The request goes out now.
    pub(crate) fn sent(&self) {
        self.was_sent.store(true, Ordering::Relaxed);
    }

    /// This is what it cost.
    pub(crate) fn settle(mut self, usage: &Usage) {
        self.is_settled = true;
        let mut accounts = self.ledger.accounts();
        self.add(&mut accounts, -1.0, &self.aside);
        self.add(&mut accounts, 1.0, usage);
    }

    fn add(&self, accounts: &mut Accounts, sign: f64, usage: &Usage) {
        let tokens = f64::from(usage.input) + f64::from(usage.output);
        let money = self.price.map_or(0.0, |price| price.of(usage));
        for (_, owner, _) in self.ledger.owners(&self.scope) {
            accounts.account(owner).add(sign * tokens, sign * money);
            accounts.changed = true;
        }
    }
}

impl Drop for Charge<'_> {
    fn drop(&mut self) {
        if !self.is_settled && !self.was_sent.load(Ordering::Relaxed) {
            let mut accounts = self.ledger.accounts();
            self.add(&mut accounts, -1.0, &self.aside);
        }
    }
}

#[cfg(test)]
mod tests;
