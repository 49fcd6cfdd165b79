//! Runs a case: up to the operation, the fault, the operation beside another client's, and a whole
//! session afterwards.

use atmqtt::engine::{OpId, Outcome, Request, State};
use atmqtt::{Error, ErrorKind, Event, QoS};
use atmqtt_emulator::profile::Profile;

use crate::bench::{Bench, ms, s};
use crate::case::{Back, Case, Reach, Want};
use crate::operation::{
    Got, Operation, PASSWORD, connect_request, csq, done, is_refusal, open, open_request, payload,
    publish, subscribe, will_payload,
};

/// Fails the case with a text.
macro_rules! ensure {
    ($so:expr, $($text:tt)+) => {
        if !$so {
            return Err(format!($($text)+));
        }
    };
}

/// What client 1 receives meanwhile.
const MEANWHILE: [&str; 4] = ["m0", "m1", "m2", "m3"];

/// Runs a case; why it failed.
pub(crate) fn run(operation: Operation, case: &Case, seed: u64) -> Result<(), String> {
    let mut profile = Profile::note();
    if let Some(turn) = case.knob {
        turn(&mut profile);
    }
    let mut bench = Bench::with_profile(seed, profile);
    let bench = &mut bench;
    let alone = operation.is_dialogue();
    if operation != Operation::Port {
        start(bench)?;
        if !alone {
            open(bench, 1)?;
            done(bench, connect_request(1))?;
            done(bench, subscribe(1, "w"))?;
        }
        operation.prepare(bench)?;
        bench.run_for(ms(100));
    }
    if alone {
        bench.reopen_port();
    }
    bench.events.clear();

    for fault in &case.faults {
        bench.fault(fault);
    }
    let began = bench.now;
    let before = match alone {
        true => None,
        false => Some(bench.try_submit(publish(1, "witness", QoS::AtLeastOnce))),
    };
    meanwhile(bench, operation, 0);
    let id = operation.begin(bench);
    let after = match alone {
        true => None,
        false => Some(bench.try_submit(subscribe(1, "w/more"))),
    };
    bench.run_for(ms(10));
    meanwhile(bench, operation, 1);
    let limit = (began + case.within).saturating_sub(bench.now);
    let got = match id {
        Ok(id) => operation.finish(bench, id, limit)?,
        Err(error) => Got::Failed(error),
    };
    check_end(case, operation, &got)?;
    meanwhile(bench, operation, 2);
    if let (Some(before), Some(after)) = (before, after) {
        check_witness(bench, case, before, after)?;
    }
    if let Back::After(time) = case.back {
        let end = (began + time).max(bench.now + ms(200));
        bench.run_until(end, |_| false);
    }
    recover(bench, operation, case, &got)?;
    meanwhile(bench, operation, 3);
    bench.run_for(s(1));
    check_events(bench, operation, case)?;
    check_messages(bench, operation, case)?;
    check_record(bench, operation, case, &got)
}

fn meanwhile(bench: &mut Bench, operation: Operation, number: usize) {
    bench.publish("w", &payload(MEANWHILE[number]), 1);
    // What is tested comes first.
    if number > 0 || !operation.receives() {
        bench.publish("in", &payload(MEANWHILE[number]), 1);
    }
}

fn start(bench: &mut Bench) -> Result<(), String> {
    let id = bench.start();
    let ended = bench.wait(id, Operation::Port.bound())?;
    ended.map(drop).map_err(|error| format!("start: {error}"))
}

/// The operation ended as it must.
fn check_end(case: &Case, operation: Operation, got: &Got) -> Result<(), String> {
    let as_wanted = match (&case.want, got) {
        (Want::Any, _) => true,
        (Want::Done, Got::Done(answer @ Outcome::Answer(_))) => is_answer(case, answer),
        (Want::Done, Got::Done(outcome)) => *outcome == operation.outcome(),
        (Want::Fails(kind), Got::Failed(error)) => error.kind() == *kind,
        (Want::Code(kind, code), Got::Failed(error)) => {
            error.kind() == *kind && error.code() == Some(*code)
        }
        (Want::Lost, Got::Lost) => true,
        _ => false,
    };
    ensure!(as_wanted, "ended with {got:?}, not {:?}", case.want);
    if let Got::Failed(error) = got {
        ensure!(error.kind() != ErrorKind::Internal, "{error}");
    }
    Ok(())
}

/// The answer to `AT+CSQ`. A line without a name may be part of any answer.
fn is_answer(case: &Case, answer: &Outcome) -> bool {
    match (answer, Operation::Command.outcome()) {
        (Outcome::Answer(lines), Outcome::Answer(wanted)) => {
            let stray = case.has("line") || damaged(case);
            *lines == wanted || stray && lines.ends_with(&wanted)
        }
        _ => false,
    }
}

/// What comes may be another thing than what was sent.
fn damaged(case: &Case) -> bool {
    matches!(case.reach, Reach::Bytes | Reach::Digits | Reach::Stalled)
}

fn input_lost(bench: &Bench) -> bool {
    let lost = |event: &Event| matches!(event, Event::InputLost { .. });
    bench.events.iter().any(lost)
}

/// What another client asked for ended with its own right result.
fn check_witness(
    bench: &mut Bench,
    case: &Case,
    before: Result<OpId, Error>,
    after: Result<OpId, Error>,
) -> Result<(), String> {
    // Behind a lost prompt, a check, its own final code and its own result.
    let limit = case.within.max(s(20)) + s(2 + 5 + 25);
    for (name, id) in [("before", before), ("after", after)] {
        let result = match id {
            Ok(id) => bench
                .wait(id, limit)
                .map_err(|error| format!("the witness {name}: {error}"))?,
            Err(error) => Err(error),
        };
        let Err(error) = result else { continue };
        let kind = error.kind();
        let explained = match case.reach {
            Reach::One => false,
            Reach::Deaf => name == "after" && kind == ErrorKind::Timeout,
            Reach::All | Reach::Stalled | Reach::Digits => matches!(
                kind,
                ErrorKind::Unconfirmed
                    | ErrorKind::Disconnected
                    | ErrorKind::PortLost
                    | ErrorKind::Timeout
                    | ErrorKind::InvalidState
            ),
            Reach::Bytes => kind == ErrorKind::Unconfirmed && input_lost(bench),
        };
        ensure!(explained, "the witness {name}: {error}");
    }
    Ok(())
}

/// The module is back: the next command works, and so does a whole session.
fn recover(bench: &mut Bench, operation: Operation, case: &Case, got: &Got) -> Result<(), String> {
    let unplugged = bench.hung_up;
    if unplugged || case.back == Back::Power {
        bench.power_cycle();
    }
    if case.restarts() || unplugged {
        // Until it has found its network.
        bench.run_for(s(5));
    }
    if unplugged || operation.is_dialogue() && !matches!(got, Got::Done(_)) {
        bench.reopen_port();
        start(bench).map_err(|error| format!("afterwards: {error}"))?;
    }
    let answer = done(bench, csq()).map_err(|error| format!("next command: {error}"))?;
    ensure!(is_answer(case, &answer), "next command: {answer:?}");
    session(bench).map_err(|error| format!("afterwards: {error}"))
}

pub(crate) fn session(bench: &mut Bench) -> Result<(), String> {
    let client = 0;
    if bench.engine.found(client).is_some() {
        done(bench, open_request(client, true))?;
    } else {
        if bench.engine.state(client).0 != State::Closed {
            done(bench, Request::Close { client })?;
        }
        done(bench, open_request(client, false))?;
    }
    done(bench, connect_request(client))?;
    done(bench, subscribe(client, "in"))?;
    done(bench, publish(client, "again", QoS::AtLeastOnce))?;
    bench.publish("in", &payload("again"), 1);
    let end = bench.now + s(12);
    let came = bench.run_until(end, |bench| {
        let again = payload("again");
        bench.messages.iter().any(|m| m.payload() == again)
    });
    ensure!(came, "no message: {:?}", bench.events);
    let (state, _) = bench.engine.state(client);
    ensure!(state == State::Connected, "{state:?} in the end");
    Ok(())
}

/// Nothing is reported of a client that is not affected, and no secret of any.
fn check_events(bench: &Bench, operation: Operation, case: &Case) -> Result<(), String> {
    let alone = operation.is_dialogue();
    // Where an echo of the password may come, it may be a part of one.
    let hidden = operation == Operation::Connect && case.has_unknown_line();
    for event in &bench.events {
        let touched = matches!(case.reach, Reach::All | Reach::Stalled | Reach::Digits);
        let explained = match event {
            Event::Disconnected { client, .. }
            | Event::PingFailed { client, .. }
            | Event::Retransmission { client, .. } => *client == 0 || touched,
            Event::Restarted => case.restarts() || bench.hung_up || case.has("hang-up"),
            Event::PdpDeactivated { .. } => case.has("pdpdeact"),
            Event::PortClosed { .. } => case.has("hang-up"),
            Event::InputLost { .. } => alone || hidden || case.restarts() || damaged(case),
            // Bytes in the debug output of an event are numbers.
            Event::Urc(line) => !String::from_utf8_lossy(line).contains(PASSWORD),
            _ => false,
        };
        ensure!(explained, "nothing explains {event:?}");
    }
    let shown = format!("{:?} {:?}", bench.events, bench.ended);
    ensure!(!shown.contains(PASSWORD), "a secret is shown");
    Ok(())
}

/// Messages come unchanged and at most once, and those of another client surely.
fn check_messages(bench: &Bench, operation: Operation, case: &Case) -> Result<(), String> {
    let receives = operation.receives();
    let damaged = damaged(case) && receives;
    for message in &bench.messages {
        let known = ["m0", "m1", "m2", "m3", "tested", "again"]
            .iter()
            .any(|name| message.payload() == payload(name));
        let digits = matches!(case.reach, Reach::Digits | Reach::Stalled);
        let whose = message.client() == 0 || digits;
        ensure!(known || damaged && whose, "changed: {message:?}");
        let same = |other: &&atmqtt::Message| {
            other.client() == message.client() && other.payload() == message.payload()
        };
        let copies = bench.messages.iter().filter(same).count();
        let twice = case.has("double-result") && receives || digits;
        ensure!(copies == 1 || twice, "{copies} times: {message:?}");
    }
    let quiet = matches!(case.reach, Reach::One | Reach::Deaf)
        || case.reach == Reach::Bytes && !input_lost(bench);
    let stays = matches!(
        operation,
        Operation::Subscribe | Operation::Publish(_) | Operation::Command
    ) && !bench
        .events
        .iter()
        .any(|event| matches!(event, Event::Disconnected { .. } | Event::PingFailed { .. }));
    for (client, surely) in [
        (
            1,
            quiet && !operation.is_dialogue() && case.back != Back::Power,
        ),
        (0, quiet && stays),
    ] {
        for name in &MEANWHILE[..2] {
            let came = bench
                .messages
                .iter()
                .any(|m| m.client() == client && m.payload() == payload(name));
            ensure!(came || !surely, "{name} did not come to client {client}");
        }
    }
    Ok(())
}

/// The broker got what was published, whole, and nothing else.
fn check_record(bench: &Bench, operation: Operation, case: &Case, got: &Got) -> Result<(), String> {
    let mut tested = 0;
    for published in bench.machine.hub().published() {
        let (topic, payload_) = (published.topic.as_str(), &published.payload);
        let name = match topic {
            "out/1" => "witness",
            "out/0" if *payload_ == payload("again") => "again",
            "out/0" => "tested",
            _ => "",
        };
        let whole = match published.will {
            true => *payload_ == will_payload(),
            false => *payload_ == payload(name),
        };
        ensure!(
            whole,
            "published {topic} {:?}",
            payload_.escape_ascii().to_string()
        );
        tested += u32::from(name == "tested" && !published.will);
    }
    let Operation::Publish(qos) = operation else {
        ensure!(tested == 0, "nobody published that");
        return Ok(());
    };
    let again = qos == QoS::AtLeastOnce && case.has("drop-ack");
    ensure!(tested <= 1 || again, "published {tested} times");
    match got {
        Got::Done(_) => ensure!(tested > 0, "confirmed and not published"),
        Got::Failed(error) if is_refusal(error.kind()) => {
            ensure!(tested == 0, "refused and published: {error}");
        }
        _ => {}
    }
    Ok(())
}
