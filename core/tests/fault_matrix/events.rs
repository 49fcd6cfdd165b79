//! What the module or its network does by itself.

use atmqtt::ErrorKind::{
    Disconnected, InvalidState, ModuleError, OperationFailed, PortLost, Timeout, Unconfirmed,
};
use atmqtt::QoS;

use crate::bench::{ms, s};
use crate::case::{Back, Case, Reach, Want};
use crate::operation::Operation::{self as Op, *};
use crate::replies::spec;

/// The places of a command where an event can strike it.
fn places(op: Op) -> Vec<&'static str> {
    let mut places = vec!["command"];
    if op.prompts() {
        places.extend(["prompt", "payload"]);
    }
    if op == Slots {
        // A line for each client that is connected.
        places.push("between");
    }
    places.push("final");
    if op.has_result() {
        places.extend(["result", "after-result"]);
    }
    places
}

/// What an operation ends with when its connection ends at this place; `None` = it has none to lose
/// there.
fn broken(op: Op, place: &str) -> Option<(atmqtt::ErrorKind, bool)> {
    // The second says whether the `+QMTSTAT` code comes with it.
    let taken = |kind| Some((kind, true));
    match (op, place) {
        (_, "after-result") => None,
        (Connect, _) => taken(Disconnected),
        (Subscribe | Unsubscribe | Publish(_), "command") => taken(Disconnected),
        // A prompt behind it gets the payload, which may arrive where the line was wrong.
        (Publish(_), "prompt") => taken(Unconfirmed),
        // The line is held back while the payload is typed; the module refuses the whole.
        (Publish(_), "payload") => Some((ModuleError, false)),
        // QoS 0 is sent, and its result said, with the `OK`.
        (Publish(QoS::AtMostOnce), "final") => None,
        (Subscribe | Unsubscribe | Publish(_), _) => taken(Unconfirmed),
        _ => None,
    }
}

fn ended(op: Op, place: &str, code: Option<i32>) -> Want {
    match (broken(op, place), code, op, place) {
        (Some((kind, true)), Some(code), ..) => Want::Code(kind, code),
        (Some((kind, _)), ..) => Want::Fails(kind),
        // A message that waits in the module goes with its connection.
        (None, _, Fetch | Slots, "command") => Want::Lost,
        (None, _, Slots, _) => Want::Lost,
        _ => Want::Done,
    }
}

fn at(name: &str, op: Op, place: &str, keys: &str) -> String {
    let target = match op {
        // The query names no client.
        Slots | Command => format!("{},client=0", op.target()),
        _ => op.target().to_owned(),
    };
    let keys = [&format!("on={place}"), keys].map(str::to_owned);
    let keys: Vec<String> = keys.into_iter().filter(|key| !key.is_empty()).collect();
    spec(name, &target, &keys.join(","))
}

/// The end of a connection at every place; what is being opened has none (a line then is the old
/// connection's).
fn connection_ends(op: Op, name: &str, codes: &[i32]) -> Vec<Case> {
    let keys = |code: Option<i32>| code.map_or_else(String::new, |code| format!("code={code}"));
    let codes: Vec<Option<i32>> = match codes {
        [] => vec![None],
        codes => codes.iter().copied().map(Some).collect(),
    };
    match op {
        Port | Configure | Willex | Settings => Vec::new(),
        Receive => codes
            .iter()
            .map(|&code| Case::new(op, at(name, op, "after-result", &keys(code)), Want::Done))
            .collect(),
        Adopt => {
            // Nobody is there any more when it is to be adopted.
            let steps = [
                "at=CMEE,client=0",
                "at=QMTOPEN,client=0",
                "at=QMTCONN,client=0",
            ];
            steps
                .into_iter()
                .map(|target| {
                    let fault = spec(name, target, "on=final");
                    Case::new(op, fault, Want::Fails(InvalidState))
                })
                .collect()
        }
        Open | Reopen => ["command", "after-result"]
            .into_iter()
            .map(|place| {
                Case::new(op, at(name, op, place, &keys(codes[0])), Want::Done).within(s(2))
            })
            .collect(),
        _ => places(op)
            .into_iter()
            .flat_map(|place| codes.iter().map(move |&code| (place, code)))
            .map(|(place, code)| {
                let fault = at(name, op, place, &keys(code));
                let within = if op == Replace || matches!(op, Fetch | Slots) {
                    op.bound()
                } else {
                    s(1)
                };
                Case::new(op, fault, ended(op, place, code)).within(within)
            })
            .collect(),
    }
}

pub(crate) fn stat(op: Op) -> Vec<Case> {
    let mut cases = connection_ends(op, "stat", &[1, 2, 3, 4, 5, 6, 7, 8]);
    if matches!(op, Open | Reopen) {
        // The module gives the opening up with a line that reads as the old connection's: the open waits
        // for its result as long as there may be one.
        let fault = at("stat", op, "final", "");
        cases.push(Case::new(op, fault, Want::Fails(Unconfirmed)));
    }
    cases
}

pub(crate) fn ping(op: Op) -> Vec<Case> {
    connection_ends(op, "ping", &[])
}

pub(crate) fn late_stat(op: Op) -> Vec<Case> {
    if !matches!(op, Reopen | Replace) {
        return Vec::new();
    }
    let fault = |keys: &str| format!("late-stat:client=0,{keys}");
    [
        "ms=0",
        "ms=30",
        "ms=60,code=5",
        "ms=100,code=4",
        "ms=1000",
        "ms=2000,code=5",
    ]
    .into_iter()
    .map(|keys| Case::new(op, fault(keys), Want::Done).within(s(2)))
    .collect()
}

// Of the whole module.

fn global(cases: Vec<Case>) -> Vec<Case> {
    cases
        .into_iter()
        .map(|case| case.reach(Reach::All))
        .collect()
}

pub(crate) fn pdpdeact(op: Op) -> Vec<Case> {
    let case = |place: &str, want: Want| {
        let fault = spec("pdpdeact", op.target(), &format!("on={place}"));
        Case::new(op, fault, want)
    };
    global(match op {
        Port | Receive => Vec::new(),
        Adopt => connection_ends(op, "pdpdeact", &[]),
        Configure | Willex | Settings => {
            vec![case("command", Want::Done), case("final", Want::Done)]
        }
        Open | Reopen => vec![
            case("command", Want::Done),
            case("final", Want::Fails(Disconnected)).within(s(1)),
            case("after-result", Want::Done),
        ],
        _ => places(op)
            .into_iter()
            .map(|place| case(place, ended(op, place, None)))
            .collect(),
    })
}

/// The contexts go with the registration, and the clients with their contexts; both before the
/// operation and after it.
pub(crate) fn registration(op: Op) -> Vec<Case> {
    let without = match op {
        Port | Configure | Willex | Close | Command => Want::Done,
        Settings | Open | Reopen | Replace => Want::Code(OperationFailed, 3),
        Adopt | Connect | Subscribe | Unsubscribe | Publish(_) | Disconnect => {
            Want::Fails(InvalidState)
        }
        Receive | Fetch | Slots => Want::Lost,
    };
    let cases = [0, 2, 3].into_iter().flat_map(|code| {
        let fault = |time: u64| format!("registration:code={code},ms={time}");
        let again = |time: u64| format!("registration:code=1,ms={time}");
        let before = Case::new(op, fault(0), without.clone()).and(again(60_000));
        let after = Case::new(op, fault(20_000), Want::Done).and(again(30_000));
        [
            before.back(Back::After(ms(60_100))),
            after.back(Back::After(ms(30_100))),
        ]
    });
    global(cases.collect())
}

/// What an operation ends with when the module restarts at this place.
fn cut_off(op: Op, place: &str) -> Want {
    match (op, place) {
        // More than the close in front of it is to be done.
        (Replace, _) => Want::Fails(Disconnected),
        (_, "after-result") => Want::Done,
        (Disconnect | Close, _) => Want::Done,
        (Configure | Command, "final") | (Willex, "final") => Want::Done,
        (Publish(QoS::AtMostOnce), "final") => Want::Done,
        (Configure | Willex | Command, _) => Want::Fails(Unconfirmed),
        (Publish(_), "payload") => Want::Fails(Unconfirmed),
        (Subscribe | Unsubscribe | Publish(_), "final" | "result") => Want::Fails(Unconfirmed),
        (Fetch, "final") => Want::Done,
        (Fetch | Slots, _) => Want::Lost,
        _ => Want::Fails(Disconnected),
    }
}

pub(crate) fn reboot(op: Op) -> Vec<Case> {
    let case = |place: &str, want| {
        let fault = spec("reboot", op.target(), &format!("on={place}"));
        // `RDY` comes 1.5 s after the restart.
        Case::new(op, fault, want)
            .within(s(2))
            .back(Back::After(s(4)))
    };
    global(match op {
        Receive => vec![case("after-result", Want::Done)],
        Port | Adopt => (0..op.steps())
            .flat_map(|step| ["command", "final"].map(|place| (step, place)))
            .map(|(step, place)| {
                let fault = spec("reboot", &format!("after={step}"), &format!("on={place}"));
                let want = dialogue_cut_off(op, step, place);
                Case::new(op, fault, want).back(Back::After(s(4)))
            })
            .collect(),
        _ => places(op)
            .into_iter()
            .map(|place| case(place, cut_off(op, place)))
            .map(|case| match op {
                Fetch | Slots => case.within(op.bound()),
                _ => case,
            })
            .collect(),
    })
}

/// A restart at a place of the opening dialogue, counted in commands or final codes. Before the check
/// has been answered nothing received counts, `RDY` included: the switches are sent once more after a
/// while, the check is not. Later on `RDY` begins the dialogue anew.
fn dialogue_cut_off(op: Op, step: u32, place: &str) -> Want {
    match (op, place, step) {
        // The check is the fourth command, and follows the first final code.
        (_, "command", 3) | (_, "final", 0) => Want::Fails(Timeout),
        (Adopt, "final", 9) => Want::Done,
        (Adopt, ..) => Want::Fails(InvalidState),
        _ => Want::Done,
    }
}

pub(crate) fn hang_up(op: Op) -> Vec<Case> {
    let case = |place: &str| {
        let want = match (op, place) {
            (Replace, _) => Want::Fails(PortLost),
            (_, "after-result") => Want::Done,
            // The result is said with the `OK`, or there is none.
            (Configure | Willex | Command | Disconnect | Close, "final") => Want::Done,
            (Publish(QoS::AtMostOnce), "final") => Want::Done,
            (Fetch, "final") => Want::Done,
            (Fetch | Slots, _) => Want::Lost,
            _ => Want::Fails(PortLost),
        };
        let fault = spec("hang-up", op.target(), &format!("on={place}"));
        Case::new(op, fault, want).within(s(6))
    };
    global(match op {
        Receive => vec![case("after-result")],
        Port | Adopt => (0..op.steps())
            .map(|step| {
                let fault = spec("hang-up", &format!("after={step}"), "on=command");
                Case::new(op, fault, Want::Fails(PortLost)).within(s(1))
            })
            .collect(),
        _ => places(op).into_iter().map(case).collect(),
    })
}

/// Its commands come back from then on, and others' as well.
pub(crate) fn echo(op: Op) -> Vec<Case> {
    let case = |fault: String| Case::new(op, fault, Want::Done);
    match op {
        Receive => ["result", "after-result"]
            .map(|place| case(at("echo", op, place, "")))
            .into(),
        Port | Adopt => (0..op.steps())
            .flat_map(|step| ["command", "final"].map(|place| (step, place)))
            .map(|(step, place)| {
                let keys = format!("on={place}");
                case(spec("echo", &format!("after={step}"), &keys))
            })
            .collect(),
        _ => places(op)
            .into_iter()
            .map(|place| case(at("echo", op, place, "")))
            .collect(),
    }
}

/// Lines that are about nothing that is under way.
pub(crate) const STRAYS: &[&str] = &[
    "",
    "RING",
    "NO CARRIER",
    "+CREG: 2",
    "+QIND: SMS DONE",
    "+CPIN: READY",
    "+QMTSUB: 0,4711,0,1",
    "+QMTUNS: 0,4711,0",
    "+QMTPUBEX: 0,4711,0",
    "+QMTPUBEX: 1,4711,2",
    "+QMTSTAT: 5,1",
    "+QMTPING: 4,1",
    "+QMTOPEN: 3,0",
    "+QMTCLOSE: 3,0",
    "+QMTCONN: 3,0,0",
    "+QMTDISC: 3,0",
    "+QMTRECV: 3,1",
    "+QMTRECV: 3,0,\"t\",2,\"OK\"",
    "+QIURC: \"closed\",1",
    "+QMTNEW: 0,0",
    "a line of no known kind",
];

pub(crate) fn line(op: Op) -> Vec<Case> {
    let target = |place: &str| match op {
        Port | Adopt => spec("line", "after=4", &format!("on={place}")),
        _ => spec("line", op.target(), &format!("on={place}")),
    };
    let places = match op {
        Receive => vec!["result", "after-result"],
        _ => places(op),
    };
    places
        .into_iter()
        .flat_map(|place| STRAYS.iter().map(move |text| (place, text)))
        // A message for a client that nobody has opened is delivered all the same.
        .filter(|(_, text)| !text.contains("\"t\""))
        .map(|(place, text)| {
            let fault = format!("{},line={text}", target(place));
            Case::new(op, fault, Want::Done)
        })
        .collect()
}
