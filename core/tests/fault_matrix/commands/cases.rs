//! The variants of every fault at every command of a call, and what must come of each.

use std::time::Duration;

use atmqtt::ErrorKind::{
    self, CmeError, ModuleError, OperationFailed, PortLost, Timeout, Unconfirmed,
};

use super::{Call, Plain, Sent};
use crate::bench::{ms, s};
use crate::damage::Draw;
use crate::events::STRAYS;

/// What a call ends with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    /// What it gives without a fault.
    Same,
    /// Success, with something missing.
    Less,
    /// An error of one of these kinds.
    Fails(&'static [ErrorKind]),
    /// An error of this kind with this number.
    Code(ErrorKind, i32),
    /// Bytes were damaged, or the network went away: any typed end.
    Any,
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) faults: Vec<String>,
    pub(crate) want: Want,
    /// Latest end, counted from the call.
    pub(crate) within: Duration,
    /// More than this call is touched: other clients, their messages.
    pub(crate) all: bool,
    /// Bytes were damaged.
    pub(crate) damaged: bool,
    /// The module is back so long after the end of the call.
    pub(crate) back: Duration,
    /// It is switched off and on.
    pub(crate) power: bool,
}

/// One command of a call.
#[derive(Debug, Clone, Copy)]
struct Step<'a> {
    call: Call,
    name: &'a str,
    nth: usize,
    /// The same among those whose answer has several lines.
    nth_long: usize,
    /// Lines of its answer.
    lines: usize,
    is_first: bool,
    /// The one after it.
    next: Option<&'a str>,
}

/// Everything that takes no time of its own.
const SOON: Duration = ms(1_500);

impl<'a> Step<'a> {
    /// Those of a call; of many of one name the first, one in the middle and the last.
    fn all(call: Call, plain: &'a Plain) -> Vec<Self> {
        let commands = &plain.commands;
        let mut steps = Vec::new();
        for (at, Sent { name, lines }) in commands.iter().enumerate() {
            let same = |sent: &&Sent| sent.name == *name;
            let before = || commands[..at].iter().filter(same);
            let nth = before().count();
            let count = commands.iter().filter(same).count();
            if nth == 0 || nth == count / 2 || nth == count - 1 {
                steps.push(Self {
                    call,
                    name,
                    nth,
                    nth_long: before().filter(|sent| sent.lines > 1).count(),
                    lines: *lines,
                    is_first: at == 0,
                    next: commands.get(at + 1).map(|next| next.name.as_str()),
                });
            }
        }
        steps
    }

    fn fault(self, fault: &str, keys: &str) -> String {
        let Self { name, .. } = self;
        let nth = match keys.contains("on=between") {
            true => self.nth_long,
            false => self.nth,
        };
        let comma = if keys.is_empty() { "" } else { "," };
        format!("{fault}:at={name},after={nth}{comma}{keys}")
    }

    fn case(self, fault: &str, keys: &str, want: Want) -> Case {
        Case {
            faults: vec![self.fault(fault, keys)],
            want,
            within: SOON,
            all: false,
            damaged: false,
            back: ms(200),
            power: false,
        }
    }

    fn is_upload(self) -> bool {
        self.name == "QFUPL"
    }

    /// Longest time to its final code, or to its `CONNECT`, by the documentation.
    fn deadline(self) -> Duration {
        s(match (self.call, self.name) {
            (Call::CommandWithData, _) => 60,
            (_, name) if name.starts_with("QF") => 20,
            (Call::Config, _) | (_, "QSSLCFG") => 5,
            (_, "CPIN" | "CREG" | "CGREG" | "CEREG") => 20,
            (_, "COPS") => 185,
            (Call::Activate, _) | (Call::WaitReady, "QIACT") => 155,
            (_, "QIDEACT") => 65,
            (_, "QNWINFO" | "QICSGP" | "QIACT" | "QURCCFG" | "CCLK") => 10,
            _ => 60,
        })
    }

    /// The same once the data has been sent: 5 s, the limit in the command line of an upload, and the data
    /// itself at 115200 baud.
    fn after_data(self) -> Duration {
        let line = ms(super::data().len() as u64 * 10_000 / 115_200);
        match self.call {
            Call::CommandWithData => s(5) + line,
            // Small files; and once more, because the data has got on meanwhile.
            Call::TlsConfigure => 2 * s(5 + 10),
            _ => 2 * s(5 + 10) + line,
        }
    }

    fn final_deadline(self) -> Duration {
        if self.is_upload() {
            self.after_data()
        } else {
            self.deadline()
        }
    }

    /// What a call makes of a refusal.
    fn refused(self, want: Want) -> Want {
        use Call::*;
        match (self.call, self.name) {
            // A file that is not there need not be deleted; one that is read need not be closed.
            (Upload | UploadAck | TlsConfigure, "QFDEL") | (_, "QFCLOSE") => Want::Same,
            // It is written anew.
            (Ensure, "QFOPEN" | "QFREAD") => Want::Less,
            (Ensure, "QFLST") if self.nth == 1 => Want::Less,
            (TlsConfig | Registration | Capabilities | Config, _) => Want::Less,
            (Operator, "QNWINFO") => Want::Less,
            (Info, name) if name != "I" => Want::Less,
            _ => want,
        }
    }

    /// What it makes of no answer at all.
    fn unanswered(self, kinds: &'static [ErrorKind]) -> Want {
        match self.name {
            "QFCLOSE" => Want::Same,
            // What has waited for the end of the transfer comes where `OK` should: the block is not taken,
            // and `ensure` writes the file anew, or cannot.
            "QFREAD" if kinds == [Unconfirmed] => match self.call {
                Call::Ensure => Want::Any,
                _ => Want::Fails(&[Unconfirmed, OperationFailed]),
            },
            _ => Want::Fails(kinds),
        }
    }

    /// What it makes of an end of everything between this command and the next.
    fn cut_off_behind(self, kinds: &'static [ErrorKind]) -> Want {
        match self.next {
            None | Some("QFCLOSE") => Want::Same,
            Some(_) => Want::Fails(kinds),
        }
    }

    /// A file whose handle is not known, or that is not closed, stays open until the module is switched
    /// off, and cannot be replaced until then.
    fn may_stay_open(self) -> bool {
        matches!(self.name, "QFOPEN" | "QFREAD" | "QFCLOSE")
    }

    /// What a call still does after this command has gone wrong: it closes the file.
    fn behind(self) -> Duration {
        match self.name {
            "QFREAD" => s(2 + 20),
            _ => Duration::ZERO,
        }
    }

    /// The kinds of lines it meets, and about how long they are.
    fn kinds(self) -> Vec<(&'static str, u64)> {
        let mut kinds = Vec::new();
        if self.lines > 0 {
            kinds.push(("info", if self.name == "QFREAD" { 14 } else { 30 }));
        }
        if self.is_upload() {
            kinds.push(("prompt", 11));
        }
        kinds.push(("final", 6));
        kinds
    }

    /// The places at which an event can strike it.
    fn places(self) -> Vec<&'static str> {
        match self.name {
            "QFUPL" => vec!["command", "prompt", "payload", "answer", "final"],
            "QFREAD" => vec!["command", "payload", "answer", "final"],
            _ if self.lines > 1 => vec!["command", "between", "answer", "final"],
            _ => vec!["command", "answer", "final"],
        }
    }
}

/// The variants of a fault at a call; none where they cannot meet.
pub(crate) fn cases(fault: &str, call: Call, plain: &Plain, draw: &mut Draw) -> Vec<Case> {
    let mut cases = cases_of_steps(fault, call, plain, draw);
    if call == Call::WaitReady {
        cases.iter_mut().for_each(waited_for);
    }
    cases
}

/// Whatever goes wrong but the loss of the port is asked about once more after a second.
fn waited_for(case: &mut Case) {
    match case.want {
        Want::Fails(kinds) if kinds.contains(&PortLost) => {}
        Want::Fails(_) | Want::Code(..) | Want::Less => case.want = Want::Same,
        Want::Same | Want::Any => {}
    }
    // With the way back of the network, where that went.
    case.within += s(60);
}

fn cases_of_steps(fault: &str, call: Call, plain: &Plain, draw: &mut Draw) -> Vec<Case> {
    let steps = Step::all(call, plain);
    let each = |cases: &mut dyn FnMut(Step<'_>) -> Vec<Case>| -> Vec<Case> {
        steps.iter().flat_map(|&step| cases(step)).collect()
    };
    match fault {
        "lose-command" => each(&mut lose_command),
        "no-prompt" => each(&mut no_prompt),
        "delay-prompt" => each(&mut delay_prompt),
        "lose-prompt" => each(&mut lose_prompt),
        "delay-final" => each(&mut delay_final),
        "lose-final" => each(&mut lose_final),
        "error" => each(&mut |step| {
            let want = step.refused(Want::Fails(&[ModuleError]));
            vec![left_open(step.case("error", "", want), step)]
        }),
        "cme" => each(&mut |step| {
            let code = |code| {
                let want = step.refused(Want::Code(CmeError, code));
                left_open(step.case("cme", &format!("code={code}"), want), step)
            };
            vec![code(3), code(30), code(423)]
        }),
        "truncate" => each(&mut |step| damaged(step, "truncate", "bytes", draw)),
        "drop-byte" => each(&mut |step| damaged(step, "drop-byte", "byte", draw)),
        "flip-byte" => each(&mut |step| damaged(step, "flip-byte", "byte", draw)),
        "reboot-in-line" => each(&mut |step| {
            let mut cases = damaged(step, "reboot-in-line", "bytes", draw);
            cases.iter_mut().for_each(|case| case.back = s(5));
            cases
        }),
        "blank-lines" => each(&mut |step| {
            let kinds = step.kinds().into_iter().map(|(kind, _)| kind);
            // What a file holds is no line.
            let kinds = kinds.filter(|kind| (step.name, *kind) != ("QFREAD", "info"));
            kinds
                .map(|kind| step.case("blank-lines", &format!("of={kind},count=3"), Want::Same))
                .collect()
        }),
        "stall" => each(&mut |step| stall(step, draw)),
        "echo" => each(&mut |step| {
            let places = step.places().into_iter();
            places
                .map(|place| step.case("echo", &format!("on={place}"), Want::Same))
                .collect()
        }),
        "garbage" => each(&mut |step| garbage(step, draw)),
        "urc-in-file" => each(&mut |step| {
            if !step.is_upload() || call == Call::TlsConfigure {
                return Vec::new();
            }
            let mut case = step.case("delay-prompt", "ms=1000", Want::Same);
            case.faults.push("urc-in-file:at=QMTRECV,always".to_owned());
            case.within += s(1);
            vec![case]
        }),
        "stat" => each(&mut |step| of_client(step, "stat")),
        "ping" => each(&mut |step| of_client(step, "ping")),
        "pdpdeact" => each(&mut |step| {
            let places = step.places().into_iter();
            places
                .map(|place| {
                    let mut case = step.case("pdpdeact", &format!("on={place}"), Want::Same);
                    case.all = true;
                    case
                })
                .collect()
        }),
        "registration" => each(&mut registration),
        "reboot" => each(&mut reboot),
        "hang-up" => each(&mut hang_up),
        "line" => each(&mut line),
        // They are about results and packets of MQTT.
        _ => Vec::new(),
    }
}

fn left_open(mut case: Case, step: Step<'_>) -> Case {
    case.power = step.name == "QFCLOSE";
    case
}

fn lose_command(step: Step<'_>) -> Vec<Case> {
    if step.is_upload() {
        let mut cases = no_prompt(step);
        cases[0].faults = vec![step.fault("lose-command", "")];
        return cases;
    }
    let want = match step.name {
        "QFCLOSE" => Want::Same,
        _ => Want::Fails(&[Unconfirmed]),
    };
    let mut case = step.case("lose-command", "", want);
    case.within += step.deadline() + step.behind();
    vec![left_open(case, step)]
}

fn no_prompt(step: Step<'_>) -> Vec<Case> {
    if !step.is_upload() {
        return Vec::new();
    }
    let mut case = if step.call == Call::CommandWithData {
        // Nothing tells that the module does not wait for data, but a restart.
        let mut case = step.case("no-prompt", "", Want::Fails(&[ErrorKind::PortStuck]));
        case.power = true;
        case
    } else {
        step.case("no-prompt", "", Want::Fails(&[Timeout]))
    };
    // The limit on silence in the command line, too.
    case.within += step.deadline() + s(10 + 2);
    case.all = true;
    vec![case]
}

/// The same bytes, late. Not by 10 to 31 s where it is a `CONNECT`: the module has left its data phase, and a
/// library that gives a slow flash its time takes the line for a new one.
fn stall(step: Step<'_>, draw: &mut Draw) -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, length) in step.kinds() {
        for time in [200, 900, 3_000, 70_000] {
            for position in draw.few(length) {
                let keys = format!("of={kind},bytes={position},ms={time}");
                // Behind a `CONNECT` that was so long in coming the module may have left its data phase.
                let limit = if kind == "prompt" { 900 } else { 3_000 };
                let mut case = step.case("stall", &keys, Want::Same);
                if time > limit {
                    case = any(step, case);
                    case.want = Want::Any;
                    // The commands behind it meet it too.
                    case.power |= matches!(step.call, Call::Ensure | Call::Download);
                }
                case.within += ms(time);
                case.back += ms(time);
                cases.push(case);
            }
        }
    }
    cases
}

fn delay_prompt(step: Step<'_>) -> Vec<Case> {
    if !step.is_upload() {
        return Vec::new();
    }
    let late = |time: u64, want: Want| {
        let mut case = step.case("delay-prompt", &format!("ms={time}"), want);
        case.within += ms(time);
        // The results of others wait for the end of the transfer, and may come too late.
        case.all = time > 20_000;
        case
    };
    let mut cases = vec![late(100, Want::Same)];
    if step.call == Call::CommandWithData {
        cases.push(late(59_000, Want::Same));
        // Nothing tells when the module would give up: a late prompt gets nothing, and the module's final
        // code frees the port.
        let mut case = late(61_000, Want::Fails(&[ErrorKind::PortStuck]));
        case.back = s(7);
        cases.push(case);
    } else {
        cases.extend([19_500, 20_500, 30_500].map(|time| late(time, Want::Same)));
        // The module is believed to have left its data phase, and now enters it.
        let mut case = late(32_000, Want::Fails(&[Timeout]));
        case.back = s(32 + 20);
        case.all = true;
        cases.push(case);
    }
    cases
}

fn lose_prompt(step: Step<'_>) -> Vec<Case> {
    if !step.is_upload() {
        return Vec::new();
    }
    // The module's own limit on silence ends it.
    let mut case = step.case("lose-prompt", "", Want::Code(CmeError, 421));
    case.within += s(10);
    vec![case]
}

fn delay_final(step: Step<'_>) -> Vec<Case> {
    let limit = step.final_deadline().as_millis() as u64;
    [100, limit - 200, limit + 200, limit + 5_000]
        .into_iter()
        .map(|time| {
            let want = match time < limit {
                true => Want::Same,
                false => step.unanswered(&[Unconfirmed]),
            };
            let mut case = step.case("delay-final", &format!("ms={time}"), want);
            case.within += ms(time.min(limit)) + step.behind();
            case.back = s(12);
            // Others may give up on a module that is deaf, or on a port that is stuck.
            case.all = time > limit;
            case.damaged = time > limit && step.name == "QFREAD";
            case.within += if step.call == Call::Ensure {
                s(40)
            } else {
                ms(0)
            };
            case.power = time > limit && step.may_stay_open();
            case
        })
        .collect()
}

fn lose_final(step: Step<'_>) -> Vec<Case> {
    let mut case = step.case("lose-final", "", step.unanswered(&[Unconfirmed]));
    case.within += step.final_deadline() + step.behind();
    // Whether all of the data has come nobody knows, and nothing ends its entry but a restart.
    case.power = step.call == Call::CommandWithData || step.may_stay_open();
    case.all = case.power;
    case.damaged = step.name == "QFREAD";
    vec![case]
}

fn damaged(step: Step<'_>, fault: &str, key: &str, draw: &mut Draw) -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, length) in step.kinds() {
        for position in draw.few(length) {
            let keys = format!("of={kind},{key}={position}");
            cases.push(any(step, step.case(fault, &keys, Want::Any)));
        }
    }
    cases
}

fn any(step: Step<'_>, mut case: Case) -> Case {
    // Silence, a check, and what the call does about it.
    case.within = step.deadline().max(step.final_deadline()) + s(40);
    case.damaged = true;
    case.all = true;
    case.back = s(12);
    case.power = step.call == Call::CommandWithData || step.may_stay_open();
    case
}

fn garbage(step: Step<'_>, draw: &mut Draw) -> Vec<Case> {
    let mut cases = Vec::new();
    for place in step.places() {
        for bytes in draw.few(64) {
            let keys = format!("on={place},bytes={}", bytes + 1);
            cases.push(any(step, step.case("garbage", &keys, Want::Any)));
        }
    }
    cases
}

/// The end of a client's connection is nothing to these calls.
fn of_client(step: Step<'_>, fault: &str) -> Vec<Case> {
    let places = step.places().into_iter();
    places
        .map(|place| step.case(fault, &format!("on={place},client=0"), Want::Same))
        .collect()
}

fn registration(step: Step<'_>) -> Vec<Case> {
    let depends = matches!(
        step.call,
        Call::Registration
            | Call::Operator
            | Call::Activate
            | Call::Deactivate
            | Call::Address
            | Call::WaitReady
    );
    let want = if depends { Want::Any } else { Want::Same };
    ["command", "final"]
        .into_iter()
        .map(|place| {
            let keys = format!("on={place},code=2");
            let mut case = step.case("registration", &keys, want.clone());
            case.faults.push("registration:code=1,ms=200000".to_owned());
            case.within = s(160);
            case.all = true;
            case.back = s(201);
            case
        })
        .collect()
}

fn reboot(step: Step<'_>) -> Vec<Case> {
    let kinds: &[ErrorKind] = &[Unconfirmed];
    let places = step.places().into_iter();
    places
        .map(|place| {
            let want = match place {
                "final" => step.cut_off_behind(kinds),
                _ => step.unanswered(kinds),
            };
            let mut case = step.case("reboot", &format!("on={place}"), want);
            // `RDY` comes 1.5 s after the restart.
            case.within += s(3);
            if step.name == "QFREAD" {
                // In the middle of counted bytes `RDY` is one of them.
                case.within += step.deadline() + step.behind();
            }
            if place == "final" && step.is_first {
                // The request of the other client is next, and the one that is lost.
                case.want = Want::Any;
            }
            case.all = true;
            case.back = s(5);
            case
        })
        .collect()
}

fn hang_up(step: Step<'_>) -> Vec<Case> {
    let places = step.places().into_iter();
    places
        .map(|place| {
            let want = match place {
                "final" => step.cut_off_behind(&[PortLost]),
                _ => step.unanswered(&[PortLost]),
            };
            let mut case = step.case("hang-up", &format!("on={place}"), want);
            case.all = true;
            case
        })
        .collect()
}

fn line(step: Step<'_>) -> Vec<Case> {
    let mut cases = Vec::new();
    for place in step.places() {
        // A message for a client that nobody has opened is delivered all the same.
        for text in STRAYS.iter().filter(|text| !text.contains("\"t\"")) {
            let unnamed = *text == "a line of no known kind";
            let lists = matches!(
                step.call,
                Call::Info | Call::Command | Call::CommandWithData
            );
            let (want, damaged) = match (step.name, place) {
                // In the middle of counted bytes.
                ("QFREAD", "payload") if step.call == Call::Ensure => (Want::Less, true),
                ("QFREAD", "payload") => (Want::Fails(&[OperationFailed]), true),
                // What a module cannot say behind a block: the block is not what was counted.
                ("QFREAD", "answer") if !(text.is_empty() || text.starts_with('+')) => {
                    let failed = Want::Fails(&[OperationFailed]);
                    (
                        if step.call == Call::Ensure {
                            Want::Less
                        } else {
                            failed
                        },
                        true,
                    )
                }
                // Only the first lines are taken.
                (_, "answer") if step.call == Call::Info => (Want::Same, false),
                // A line without a name may be part of any answer that has such lines.
                (_, "command" | "prompt" | "payload" | "between" | "answer")
                    if unnamed && lists =>
                {
                    (Want::Less, false)
                }
                _ => (Want::Same, false),
            };
            let mut case = step.case("line", &format!("on={place},line={text}"), want);
            // What is thrown away up to the next silence may be the result of another client.
            case.damaged = damaged;
            case.all = damaged;
            cases.push(case);
        }
    }
    cases
}
