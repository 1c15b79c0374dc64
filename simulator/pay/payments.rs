//! The payments of an account: one for each transaction that was completed, and some that failed.

use jiff::Timestamp;
use kpi::Channel;
use serde_json::{Value, json};

use crate::World;
use crate::world::{Service, draw, hours_between, part, signed};

/// A journey that nobody ends expires after 90 minutes.
const EXPIRES: i64 = 90 * 60;
/// Seconds a user takes to pay.
const TAKES: i64 = 140;
/// Hours back from a refund to the payment it is of.
const REFUNDED_AFTER: i64 = 72;

struct Payment {
    id: u64,
    created: i64,
    millis: u64,
    moto: bool,
    paid: bool,
}

/// Every payment begun in an hour, in order. One that fails is added for every eight that succeed.
fn of_hour(world: &World, service: &Service, hour: i64) -> Vec<Payment> {
    let counts = world.hour(service, hour, world.now());
    let mut payments = Vec::new();
    for (channel, moto) in [(Channel::Digital, false), (Channel::Phone, true)] {
        let paid = counts.on(channel);
        for number in 0..paid + paid / 8 {
            let seed =
                draw(&[world.seed(), service.key(), part("payment"), signed(hour), u64::from(moto), number]);
            let second = i64::try_from(seed % 3600).unwrap_or(0);
            payments.push(Payment {
                id: seed,
                created: hour * 3600 + second,
                millis: seed / 3600 % 1000,
                moto,
                paid: number < paid,
            });
        }
    }
    payments.sort_by_key(|payment| (payment.created, payment.millis, payment.id));
    payments
}

fn instant(second: i64, millis: u64) -> String {
    let millis = i32::try_from(millis).unwrap_or(0);
    Timestamp::new(second, millis * 1_000_000)
        .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

/// Payments created from `from` to before `to`, with their states at `now`.
pub(super) fn search(world: &World, service: &Service, (from, to): (i64, i64), now: i64) -> Vec<Value> {
    let hours = hours_between(from - 3599, to);
    let payments = hours.flat_map(|hour| of_hour(world, service, hour));
    payments
        .filter(|payment| (from..to).contains(&payment.created))
        .map(|payment| payment.show(service, now))
        .collect()
}

/// Refunds made from `from` to before `to`: one of a hundred payments, three days after it.
pub(super) fn refunds(world: &World, service: &Service, (from, to): (i64, i64), now: i64) -> Vec<Value> {
    let back = REFUNDED_AFTER * 3600;
    let hours = hours_between(from - back - 3599, to.min(now) - back);
    let payments = hours.flat_map(|hour| of_hour(world, service, hour));
    payments
        .filter(|payment| (from..to.min(now)).contains(&(payment.created + back)))
        .filter(|payment| payment.paid && payment.id % 100 == 7)
        .map(|payment| {
            json!({
                "refund_id": format!("rf{:020}", payment.id),
                "payment_id": payment.name(),
                "created_date": instant(payment.created + back, payment.millis),
                "amount": service.fee,
                "status": "success",
            })
        })
        .collect()
}

impl Payment {
    fn name(&self) -> String {
        format!("sim{:020}", self.id)
    }

    fn state(&self, now: i64) -> Value {
        let age = now - self.created;
        match (age, self.paid) {
            (..20, _) => json!({"status": "created", "finished": false}),
            (TAKES.., true) => json!({"status": "success", "finished": true}),
            (..EXPIRES, _) => json!({"status": "started", "finished": false}),
            _ => {
                let (status, code, message) = match self.id % 3 {
                    0 => ("failed", "P0010", "Payment method rejected"),
                    1 => ("failed", "P0020", "Payment expired"),
                    _ => ("cancelled", "P0030", "Payment was cancelled by the user"),
                };
                json!({"status": status, "finished": true, "code": code, "message": message})
            }
        }
    }

    fn show(&self, service: &Service, now: i64) -> Value {
        let amount = service.fee.unwrap_or(0);
        let state = self.state(now);
        let succeeded = state.get("status").and_then(Value::as_str) == Some("success");
        let day = |second| instant(second, 0).chars().take(10).collect::<String>();
        let mut payment = json!({
            "payment_id": self.name(),
            "amount": amount,
            "description": "Simulated payment",
            "reference": format!("REF-{}", self.id % 1_000_000),
            "moto": self.moto,
            "authorisation_mode": "web",
            "language": if self.id.is_multiple_of(40) { "cy" } else { "en" },
            "state": state,
            "created_date": instant(self.created, self.millis),
            "payment_provider": "stripe",
            "delayed_capture": false,
            "refund_summary": {
                "status": if succeeded { "available" } else { "pending" },
                "amount_available": if succeeded { amount } else { 0 },
                "amount_submitted": 0,
            },
        });
        if let (true, Some(members)) = (succeeded, payment.as_object_mut()) {
            // Only providers like this one say what a payment cost.
            let fee = amount * 9 / 1000;
            members.insert("fee".to_owned(), json!(fee));
            members.insert("net_amount".to_owned(), json!(amount - fee));
            let captured = self.created + TAKES;
            let settled = captured + 3 * 86_400;
            let mut settlement =
                json!({"capture_submit_time": instant(captured, 0), "captured_date": day(captured)});
            if let (true, Some(members)) = (settled <= now, settlement.as_object_mut()) {
                members.insert("settled_date".to_owned(), json!(day(settled)));
            }
            members.insert("settlement_summary".to_owned(), settlement);
        }
        payment
    }
}
