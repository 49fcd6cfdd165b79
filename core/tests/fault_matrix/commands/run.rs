//! Runs a case: up to the call, the fault, the call beside other clients, and everything once more.

use std::time::Duration;

use atmqtt::engine::OpId;
use atmqtt::{Error, ErrorKind, Event, QoS};

use super::cases::{Case, Want};
use super::{Call, Sent, on_bench};
use crate::bench::{Bench, ms, s};
use crate::operation::{PASSWORD, connect_request, csq, done, open, payload, publish, subscribe};
use crate::run::session;

macro_rules! ensure {
    ($so:expr, $($text:tt)+) => {
        if !$so {
            return Err(format!($($text)+));
        }
    };
}

/// Longer than any call takes.
const LONG: Duration = s(600);

/// A call without a fault.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) value: String,
    pub(crate) commands: Vec<Sent>,
}

impl Plain {
    pub(crate) fn of(call: Call) -> Result<Self, String> {
        let mut bench = prepared(call, 0)?;
        let made = on_bench(&mut bench, LONG, call.has_witness(), |modem| {
            call.make(modem)
        });
        let value = made
            .result
            .map_err(|error| format!("{}: {error}", call.name()))?;
        Ok(Self {
            value,
            commands: made.commands,
        })
    }
}

fn prepared(call: Call, seed: u64) -> Result<Bench, String> {
    let mut bench = Bench::new(seed);
    let id = bench.start();
    bench
        .wait(id, s(10))?
        .map_err(|error| format!("start: {error}"))?;
    for (client, topic) in [(1, "w"), (0, "in")] {
        open(&mut bench, client)?;
        done(&mut bench, connect_request(client))?;
        done(&mut bench, subscribe(client, topic))?;
    }
    prepare(&mut bench, call)?;
    bench.run_for(ms(100));
    bench.events.clear();
    Ok(bench)
}

fn prepare(bench: &mut Bench, call: Call) -> Result<(), String> {
    let made = on_bench(bench, LONG, false, |modem| {
        call.prepare(modem).map(|()| String::new())
    });
    made.result
        .map(drop)
        .map_err(|error| format!("before it: {error}"))
}

pub(crate) fn run(call: Call, plain: &Plain, case: &Case, seed: u64) -> Result<(), String> {
    let mut bench = prepared(call, seed)?;
    let bench = &mut bench;
    for fault in &case.faults {
        bench.fault(fault);
    }
    let witness = call.has_witness();
    let before = witness.then(|| bench.try_submit(publish(1, "witness", QoS::AtLeastOnce)));
    bench.publish("w", &payload("m0"), 1);
    let made = on_bench(bench, case.within, witness, |modem| call.make(modem));
    ensure!(
        !made.overdue,
        "no end within {:?}: {:?}",
        case.within,
        made.commands
    );
    check_end(case, plain, &made.result)?;
    check_witness(bench, case, [before, made.behind].into_iter().flatten())?;
    bench.run_for(case.back);
    recover(bench, call, plain, case)?;
    bench.run_for(s(1));
    check_events(bench, case, &made.result)?;
    check_messages(bench, case, witness)
}

fn check_end(case: &Case, plain: &Plain, got: &Result<String, Error>) -> Result<(), String> {
    let as_wanted = match (&case.want, got) {
        (Want::Any, _) => true,
        (Want::Same, Ok(value)) => *value == plain.value,
        (Want::Less, Ok(value)) => *value != plain.value,
        (Want::Fails(kinds), Err(error)) => kinds.contains(&error.kind()),
        (Want::Code(kind, code), Err(error)) => {
            error.kind() == *kind && error.code() == Some(*code)
        }
        _ => false,
    };
    ensure!(as_wanted, "ended with {got:?}, not {:?}", case.want);
    if let Err(error) = got {
        ensure!(error.kind() != ErrorKind::Internal, "{error}");
        ensure!(
            error.command().is_some()
                || error.kind() == ErrorKind::PortLost
                || error.kind() == ErrorKind::PortStuck
                || error.kind() == ErrorKind::Timeout,
            "of no command: {error}"
        );
    }
    Ok(())
}

fn check_witness(
    bench: &mut Bench,
    case: &Case,
    ids: impl Iterator<Item = Result<OpId, Error>>,
) -> Result<(), String> {
    for id in ids {
        let result = match id {
            Ok(id) => bench
                .wait(id, case.within + s(60))
                .map_err(|error| format!("the witness: {error}"))?,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            let typed = matches!(
                error.kind(),
                ErrorKind::Unconfirmed
                    | ErrorKind::Disconnected
                    | ErrorKind::PortLost
                    | ErrorKind::PortStuck
                    | ErrorKind::Timeout
                    | ErrorKind::InvalidState
                    | ErrorKind::ModuleError
            );
            let touched = case.all || matches!(case.want, Want::Fails([ErrorKind::PortStuck]));
            ensure!(touched && typed, "the witness: {error}");
        }
    }
    Ok(())
}

/// The next command works, then a whole session, then the call as if nothing had been.
fn recover(bench: &mut Bench, call: Call, plain: &Plain, case: &Case) -> Result<(), String> {
    let unplugged = bench.hung_up;
    if unplugged || case.power {
        bench.power_cycle();
    }
    if unplugged || case.restarts() {
        // Until it has found its network.
        bench.run_for(s(5));
    }
    if unplugged {
        bench.reopen_port();
        let id = bench.start();
        bench
            .wait(id, s(40))?
            .map_err(|error| format!("afterwards: {error}"))?;
    }
    let command = done(bench, csq());
    command.map_err(|error| format!("next command: {error}"))?;
    session(bench).map_err(|error| format!("afterwards: {error}"))?;
    prepare(bench, call)?;
    let made = on_bench(bench, LONG, false, |modem| call.make(modem));
    let again = made.result.map_err(|error| format!("once more: {error}"))?;
    ensure!(
        again == plain.value || call.varies(),
        "once more: {again}, not {}",
        plain.value
    );
    Ok(())
}

fn check_events(bench: &Bench, case: &Case, got: &Result<String, Error>) -> Result<(), String> {
    for event in &bench.events {
        let explained = match event {
            Event::Disconnected { client, .. }
            | Event::PingFailed { client, .. }
            | Event::Retransmission { client, .. } => *client == 0 || case.all,
            Event::Restarted => case.restarts() || bench.hung_up || case.has("hang-up"),
            Event::PdpDeactivated { .. } => case.has("pdpdeact"),
            Event::PortClosed { .. } => case.has("hang-up"),
            Event::InputLost { .. } => case.damaged || case.restarts() || case.has_unknown_line(),
            // Bytes in the debug output of an event are numbers.
            Event::Urc(line) => !String::from_utf8_lossy(line).contains(PASSWORD),
            _ => false,
        };
        ensure!(explained, "nothing explains {event:?}");
    }
    let error = got.as_ref().err();
    let shown = format!("{:?} {error:?}", bench.events);
    ensure!(!shown.contains(PASSWORD), "a secret is shown: {shown}");
    Ok(())
}

fn check_messages(bench: &Bench, case: &Case, witness: bool) -> Result<(), String> {
    for message in &bench.messages {
        let known = ["m0", "m1", "again"]
            .iter()
            .any(|name| message.payload() == payload(name));
        ensure!(known || case.damaged, "changed: {message:?}");
    }
    let came = |name: &str| {
        let is = |m: &atmqtt::Message| m.client() == 1 && m.payload() == payload(name);
        bench.messages.iter().filter(|m| is(m)).count()
    };
    for name in if witness { &["m0", "m1"][..] } else { &["m0"] } {
        ensure!(
            came(name) == 1 || case.all || case.damaged,
            "{name} came {} times",
            came(name)
        );
    }
    for published in bench.machine.hub().published() {
        let name = if published.topic == "out/1" {
            "witness"
        } else {
            "again"
        };
        let own = published.topic == "in" || published.topic == "w";
        ensure!(
            own || published.payload == payload(name),
            "published {}: {:?}",
            published.topic,
            published.payload.escape_ascii().to_string()
        );
    }
    Ok(())
}

impl Case {
    fn has(&self, fault: &str) -> bool {
        self.faults.iter().any(|spec| spec.starts_with(fault))
    }

    /// In the midst of a file such a line may be a part of it.
    fn has_unknown_line(&self) -> bool {
        self.faults
            .iter()
            .any(|spec| spec.ends_with("no known kind"))
    }

    fn restarts(&self) -> bool {
        self.power || self.has("reboot")
    }
}

impl Call {
    /// Commands of other clients may be among those that a fault counts.
    fn has_witness(self) -> bool {
        self != Self::Capabilities
    }

    /// What it gives depends on what has been.
    fn varies(self) -> bool {
        matches!(
            self,
            Self::Clock | Self::Address | Self::WaitReady | Self::Config | Self::TlsConfig
        )
    }
}
