//! Answers that are late, missing, doubled, out of order, or errors.

use std::time::Duration;

use atmqtt::ErrorKind::{
    CmeError, ConnectionRefused, InvalidState, ModuleError, OperationFailed, Timeout, Unconfirmed,
};
use atmqtt::QoS;

use crate::bench::{LATENCY, ms, s};
use crate::case::{Back, Case, Reach, Want};
use crate::operation::Operation::{self as Op, *};

/// `name:target,keys`, with what is empty left out.
pub(crate) fn spec(name: &str, target: &str, keys: &str) -> String {
    let all: Vec<&str> = [target, keys]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    format!("{name}:{}", all.join(","))
}

fn after(ms_: u64) -> Back {
    Back::After(ms(ms_))
}

// The command itself.

/// What an operation ends with whose command never came to the module.
fn without_command(op: Op) -> Want {
    match op {
        // No prompt, and no sign that the module waits for data.
        Willex | Publish(_) => Want::Fails(Timeout),
        // It is asked for again, and the close by the open that finds the client in use.
        Fetch | Slots | Replace => Want::Done,
        Configure | Settings => Want::Fails(Timeout),
        // Nobody knows whether the module has taken it.
        _ => Want::Fails(Unconfirmed),
    }
}

pub(crate) fn lose_command(op: Op) -> Vec<Case> {
    let case = |keys: &str, want| Case::new(op, spec("lose-command", op.target(), keys), want);
    match op {
        Receive => Vec::new(),
        // `Q`, `V` and `E` are asked for once more, and error numbers can be done without.
        Port | Adopt => (0..op.steps() + 2)
            .map(|step| {
                let want = match step {
                    0..=2 | 4 => Want::Done,
                    _ => Want::Fails(Timeout),
                };
                case(&format!("after={step}"), want)
            })
            .collect(),
        _ => {
            let always = match op {
                Fetch | Slots => Want::Lost,
                // What is not closed takes no setting, which is what is told.
                Replace => Want::Fails(ModuleError),
                op => without_command(op),
            };
            vec![
                case("", without_command(op)),
                case("always", always).back(Back::Power),
            ]
        }
    }
}

// The prompt: 5 s until it is taken for lost, 10 s of `edit/timeout`, 1 s of margin.

pub(crate) fn delay_prompt(op: Op) -> Vec<Case> {
    if !op.prompts() {
        return Vec::new();
    }
    [
        100, 4_900, 5_100, 9_800, 10_200, 14_900, 15_900, 16_100, 30_000,
    ]
    .into_iter()
    .map(|time| {
        // One that comes after the module's own limit may be as old, and the module without it.
        let taken = time < 10_000;
        let (want, reach) = match taken {
            true => (Want::Done, Reach::One),
            false => (Want::Fails(Timeout), Reach::Deaf),
        };
        let fault = spec("delay-prompt", op.target(), &format!("ms={time}"));
        // A module that prompted waits for what it will not get.
        let back = after(if taken { 0 } else { time + 10_000 + 300 });
        Case::new(op, fault, want).reach(reach).back(back)
    })
    .collect()
}

pub(crate) fn no_prompt(op: Op) -> Vec<Case> {
    if !op.prompts() {
        return Vec::new();
    }
    let never = |keys| {
        let fault = spec("no-prompt", op.target(), keys);
        Case::new(op, fault, Want::Fails(Timeout))
    };
    vec![never(""), never("always").back(Back::Power)]
}

pub(crate) fn lose_prompt(op: Op) -> Vec<Case> {
    if !op.prompts() {
        return Vec::new();
    }
    // The module's own limit on the data entry ends it.
    let lost = |keys| {
        Case::new(
            op,
            spec("lose-prompt", op.target(), keys),
            Want::Fails(ModuleError),
        )
        .within(ms(10_100))
    };
    vec![lost(""), lost("always").back(Back::Power)]
}

// Final codes.

/// What a final code that comes later than its limit leaves the operation with, if its result comes
/// in time.
fn without_final(op: Op) -> Want {
    match op {
        Configure | Willex | Settings => Want::Fails(Timeout),
        Command => Want::Fails(Unconfirmed),
        _ => Want::Done,
    }
}

/// The dialogue's commands: switches, check, error numbers, two queries, settings of who is alive.
fn dialogue(op: Op, name: &str, keys: &str, want: impl Fn(u32) -> Want) -> Vec<Case> {
    (0..op.steps())
        .map(|step| {
            let at = format!("after={step}");
            Case::new(op, spec(name, &at, keys), want(step))
        })
        .collect()
}

pub(crate) fn delay_final(op: Op) -> Vec<Case> {
    let keys = |time: u64| format!("ms={time}");
    if op == Receive {
        return Vec::new();
    }
    if op.is_dialogue() {
        let mut cases = dialogue(op, "delay-final", &keys(1_400), |_| Want::Done);
        // The switches are asked for once more after a while; a check that is late is not.
        cases.extend(dialogue(
            op,
            "delay-final",
            &keys(2_600),
            |step| match step {
                1 => Want::Fails(Timeout),
                _ => Want::Done,
            },
        ));
        // No check is answered as long as it lasts.
        cases.extend(dialogue(
            op,
            "delay-final",
            &keys(5_100),
            |step| match step {
                0 => Want::Done,
                _ => Want::Fails(Timeout),
            },
        ));
        cases.iter_mut().for_each(|case| case.back = after(11_000));
        return cases;
    }
    [100, 4_900, 5_100, 6_500, 8_000, 20_000]
        .into_iter()
        .map(|time| {
            let deaf = time > 7_000;
            let want = match op {
                _ if time < 5_000 => Want::Done,
                // Deaf when the next of its commands is due.
                Replace if deaf => Want::Fails(Timeout),
                op => without_final(op),
            };
            let case = Case::new(op, spec("delay-final", op.target(), &keys(time)), want);
            let reach = if deaf { Reach::Deaf } else { Reach::One };
            case.reach(reach).back(after(time + 100))
        })
        .collect()
}

pub(crate) fn lose_final(op: Op) -> Vec<Case> {
    if op == Receive {
        return Vec::new();
    }
    if op.is_dialogue() {
        return dialogue(op, "lose-final", "", |step| match step {
            0 | 2 => Want::Done,
            _ => Want::Fails(Timeout),
        });
    }
    let mut cases = vec![Case::new(
        op,
        spec("lose-final", op.target(), ""),
        without_final(op),
    )];
    if op.has_result() && op != Replace {
        // The result is enough, and comes as soon as ever.
        cases[0].within = 2 * LATENCY;
    }
    let want = match op {
        // Every one of its settings goes unanswered, the first ends it; no answer is ever whole.
        Slots => Want::Lost,
        op => without_final(op),
    };
    let always = spec("lose-final", op.target(), "always");
    cases.push(Case::new(op, always, want).back(Back::Power));
    cases
}

// Result lines.

/// The longest wait for a result after its `OK`.
fn patience(op: Op) -> Duration {
    match op {
        Open | Reopen => s(125),
        Disconnect => s(35),
        Close | Replace => s(3),
        _ => s(25),
    }
}

/// What becomes of an operation whose result does not come in time.
fn without_result(op: Op) -> Want {
    match op {
        // A close cannot fail in a way that leaves the client open.
        Close | Replace => Want::Done,
        _ => Want::Fails(Unconfirmed),
    }
}

pub(crate) fn delay_result(op: Op) -> Vec<Case> {
    let fault = |time: u64| spec("delay-result", op.target(), &format!("ms={time}"));
    match op {
        Receive => vec![Case::new(op, fault(2_000), Want::Done)],
        Fetch => vec![
            Case::new(op, fault(2_000), Want::Done),
            // The slot query is sooner.
            Case::new(op, fault(9_000), Want::Done)
                .within(s(6))
                .back(after(9_100)),
        ],
        _ if !op.has_result() => Vec::new(),
        _ => {
            let limit = patience(op).as_millis() as u64;
            let mut cases = vec![
                Case::new(op, fault(100), Want::Done),
                Case::new(op, fault(limit - 500), Want::Done),
            ];
            for late in [200, 1_000, 10_000] {
                let case = Case::new(op, fault(limit + late), without_result(op));
                let own_id = op.is_packet();
                // Where a message id tells it from a new one, it may come at any time.
                let back = if own_id { 0 } else { limit + late + 100 };
                cases.push(
                    case.within(patience(op) + LATENCY * 2 + s(1))
                        .back(after(back)),
                );
            }
            if op == Replace {
                cases.iter_mut().for_each(|case| case.within = op.bound());
            }
            cases
        }
    }
}

pub(crate) fn lose_result(op: Op) -> Vec<Case> {
    let fault = |keys: &str| spec("lose-result", op.target(), keys);
    match op {
        Receive => vec![Case::new(op, fault(""), Want::Lost)],
        // Of a notice: the slot query finds the message.
        Fetch => vec![
            Case::new(op, fault(""), Want::Done).within(s(6)),
            Case::new(op, fault("always"), Want::Done)
                .within(s(6))
                .back(Back::Power),
        ],
        _ if !op.has_result() => Vec::new(),
        _ => {
            let within = if op == Replace {
                op.bound()
            } else {
                patience(op) + s(1)
            };
            vec![
                Case::new(op, fault(""), without_result(op)).within(within),
                Case::new(op, fault("always"), without_result(op))
                    .within(within)
                    .back(Back::Power),
            ]
        }
    }
}

pub(crate) fn double_result(op: Op) -> Vec<Case> {
    let case =
        || Case::new(op, spec("double-result", op.target(), "always"), Want::Done).within(s(5));
    match op {
        Receive | Fetch => vec![Case::new(
            op,
            spec("double-result", op.target(), ""),
            Want::Done,
        )],
        _ if op.has_result() => vec![case()],
        _ => Vec::new(),
    }
}

pub(crate) fn result_first(op: Op) -> Vec<Case> {
    if !op.has_result() {
        return Vec::new();
    }
    ["", "ms=4000", "ms=20000", "always"]
        .into_iter()
        .map(|keys| Case::new(op, spec("result-first", op.target(), keys), Want::Done).within(s(5)))
        .collect()
}

// Errors.

fn refused(op: Op, name: &str, keys: &str, want: Want) -> Vec<Case> {
    let again = format!("{keys}{}always", if keys.is_empty() { "" } else { "," });
    let case = |keys: &str, want| Case::new(op, spec(name, op.target(), keys), want);
    match op {
        Receive => Vec::new(),
        // `Q`, `V` and `E` each may be what fails; a module without the check is known by its errors.
        Port | Adopt => (0..op.steps() + 2)
            .map(|step| {
                let at = format!("after={step}");
                let want = match (op, step) {
                    // The settings that decide whether its messages can be read.
                    (Adopt, 7) => Want::Fails(InvalidState),
                    _ => Want::Done,
                };
                Case::new(op, spec(name, &at, keys), want)
            })
            .collect(),
        // What nobody asked for is left out, and a close that fails is none.
        Settings => vec![
            case(keys, Want::Done),
            case(&again, Want::Done).back(Back::Power),
        ],
        Close => vec![
            case(keys, Want::Done),
            case(&again, Want::Done).back(Back::Power),
        ],
        // What refuses to be closed is asked once more; it takes no setting, which is what is told.
        Replace => vec![
            case(keys, Want::Done),
            case(&again, Want::Fails(ModuleError)).back(Back::Power),
        ],
        // It stays in the module, and is asked for again.
        Fetch | Slots => vec![
            case(keys, Want::Done).within(s(11)),
            case(&again, Want::Lost).back(Back::Power),
        ],
        _ => vec![
            case(keys, want.clone()).within(s(1)),
            case(&again, want).within(s(1)).back(Back::Power),
        ],
    }
}

pub(crate) fn error(op: Op) -> Vec<Case> {
    refused(op, "error", "", Want::Fails(ModuleError))
}

pub(crate) fn cme(op: Op) -> Vec<Case> {
    [3, 30, 8_503]
        .into_iter()
        .flat_map(|code| {
            refused(
                op,
                "cme",
                &format!("code={code}"),
                Want::Code(CmeError, code),
            )
        })
        .collect()
}

// The broker.

pub(crate) fn open_result(op: Op) -> Vec<Case> {
    let codes = [-1, 1, 2, 3, 4, 5];
    let case = |code: i32, want| {
        Case::new(op, format!("open-result:client=0,code={code}"), want).within(s(5))
    };
    match op {
        Open | Settings => codes
            .map(|code| case(code, Want::Code(OperationFailed, code)))
            .into(),
        // In use although this library has closed it: closed and opened once more.
        Reopen | Replace => codes
            .map(|code| match code {
                2 => case(code, Want::Done),
                _ => case(code, Want::Code(OperationFailed, code)),
            })
            .into(),
        _ => Vec::new(),
    }
}

pub(crate) fn connack(op: Op) -> Vec<Case> {
    if op != Connect {
        return Vec::new();
    }
    (0..=5)
        .map(|code| {
            let want = match code {
                0 => Want::Done,
                _ => Want::Code(ConnectionRefused, code),
            };
            Case::new(op, format!("connack:client=0,code={code}"), want).within(s(1))
        })
        .collect()
}

pub(crate) fn drop_ack(op: Op) -> Vec<Case> {
    let fault = |ack: &str, keys: &str| format!("drop-ack:client=0,ack={ack}{keys}");
    let case = |ack: &str, keys: &str, want| Case::new(op, fault(ack, keys), want);
    // Sent again after 5 s, up to 15 s.
    let again = |ack: &str| case(ack, "", Want::Done).within(s(6));
    let twice = |ack: &str| case(ack, ",times=2", Want::Done).within(s(11));
    let never = |ack: &str| {
        let want = Want::Code(OperationFailed, 2);
        case(ack, ",always", want).within(s(16)).back(Back::Power)
    };
    let all = |ack: &str| vec![again(ack), twice(ack), never(ack)];
    let mut cases = match op {
        Connect => {
            let failed = Want::Code(OperationFailed, 2);
            vec![case("connack", "", failed).within(s(6))]
        }
        Subscribe => all("suback"),
        Unsubscribe => all("unsuback"),
        Publish(QoS::AtLeastOnce) => all("puback"),
        Publish(QoS::ExactlyOnce) => [all("pubrec"), all("pubcomp")].concat(),
        // The release of a message that was delivered when it came.
        Receive | Fetch => vec![case("pubrel", "", Want::Done)],
        _ => Vec::new(),
    };
    if matches!(op, Subscribe | Unsubscribe | Publish(QoS::AtLeastOnce)) {
        // The keep-alive of 10 s fails while the result is out.
        let late = spec("delay-result", op.target(), "ms=24000");
        let case = case("pingresp", ",always", Want::Fails(Unconfirmed)).and(late);
        cases.push(case.within(s(16)).back(Back::Power));
    }
    cases
}

pub(crate) fn lose_notice(op: Op) -> Vec<Case> {
    let case = |keys: &str| Case::new(op, format!("lose-notice:client=0{keys}"), Want::Done);
    match op {
        // The slot query finds it.
        Fetch => vec![
            case("").within(s(6)),
            case(",always").within(s(6)).back(Back::Power),
        ],
        Slots => vec![case("").within(s(6))],
        _ => Vec::new(),
    }
}
