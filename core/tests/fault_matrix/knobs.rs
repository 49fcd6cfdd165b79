//! What the application note leaves open, turned one way and the other: every operation, with nothing going
//! wrong or with what the knob is about.

use std::time::Duration;

use atmqtt::ErrorKind::{ConnectionRefused, Disconnected, OperationFailed, Unconfirmed};
use atmqtt::QoS;
use atmqtt_emulator::profile::{
    CloseClosed, ConfigUntil, ConnackLost, HexLength, OpenOccupied, PayloadEcho, PingLost, Profile,
    RetrySpan, SlotsFull,
};

use crate::bench::{ms, s};
use crate::case::{Back, Case, Want};
use crate::operation::Operation::{self as Op, *};

/// Turns a knob.
pub(crate) type Turn = fn(&mut Profile);

/// The readings of the register, but for those that change what a module can do at all.
pub(crate) const KNOBS: &[(&str, Turn)] = &[
    ("A3 unquoted", |p| p.quote_payload = false),
    ("A3 next line", |p| p.payload_on_next_line = true),
    ("A3 blank lines", |p| p.blank_lines_around_recv = true),
    ("A6 value", |p| p.unsubscribe_value = true),
    ("A15 stat", |p| p.ping_lost = PingLost::Stat),
    ("A15 both", |p| p.ping_lost = PingLost::PingThenStat),
    ("A17 echo", |p| p.payload_echo = PayloadEcho::WithEcho),
    ("A19 bytes", |p| p.hex_length = HexLength::Bytes),
    ("A23 one more", |p| p.retry_span = RetrySpan::PlusOne),
    ("A26 connect", |p| p.config_until = ConfigUntil::Connect),
    ("A32 stat", |p| p.stat_after_disconnect = Some(5)),
    ("A32 slow", |p| p.disconnect_time = Duration::from_secs(2)),
    ("A34 no stat", |p| p.stat_after_refusal = None),
    ("A34 no code", |p| p.connack_code = false),
    ("A36 no space", |p| p.prompt = "\r\n>"),
    ("A36 line end", |p| p.prompt = "\r\n>\r\n"),
    ("A40 queue", |p| p.slots_full = SlotsFull::Queue),
    ("A40 replace", |p| p.slots_full = SlotsFull::ReplaceOldest),
    ("A50 slow ok", |p| {
        p.publish_ok_delay = Duration::from_secs(1)
    }),
    ("A50 as pub", |p| p.pubex_answers_as_pub = true),
    ("A55 error", |p| p.open_occupied = OpenOccupied::Error),
    ("A57 no notice", |p| p.stored_notice = false),
    ("A61 prompt", |p| p.empty_payload_prompt = true),
    ("A63 ok only", |p| p.close_closed = CloseClosed::OkOnly),
    ("A63 error", |p| p.close_closed = CloseClosed::Error),
    ("A65 result", |p| p.connack_lost = ConnackLost::Result),
    ("A65 stat", |p| p.connack_lost = ConnackLost::Stat),
    ("A67 goes on", |p| p.stat_after_failed_publish = None),
    ("A68 reset", |p| p.close_resets = true),
    ("A70 in data", |p| p.urc_in_data = true),
    ("compact", |p| {
        p.compact_test = true;
        p.compact_read = true;
    }),
    ("no colon space", |p| p.colon_space = false),
];

/// The variants of an operation at a knob.
pub(crate) fn cases(op: Op, knob: &str, turn: Turn) -> Vec<Case> {
    let case = |faults: &[&str], want| Case {
        faults: faults.iter().map(|&fault| fault.to_owned()).collect(),
        knob: Some(turn),
        ..Case::new(op, "", want)
    };
    let mut cases = vec![case(&[], Want::Done).within(op.bound())];
    let failed = Want::Code(OperationFailed, 2);
    let never = |ack| format!("drop-ack:client=0,ack={ack},always");
    match (op, knob) {
        (Connect, "A65 stat") => {
            let fault = "drop-ack:client=0,ack=connack";
            cases.push(case(&[fault], Want::Code(Disconnected, 4)).within(s(6)));
        }
        (Connect, "A65 result") => {
            let fault = "drop-ack:client=0,ack=connack";
            cases.push(case(&[fault], failed).within(s(6)));
        }
        (Connect, "A34 no stat") => {
            let refused = Want::Code(ConnectionRefused, 5);
            cases.push(case(&["connack:client=0,code=5"], refused).within(s(1)));
        }
        (Publish(QoS::AtLeastOnce), "A67 goes on") => {
            cases.push(
                case(&[&never("puback")], failed)
                    .within(s(16))
                    .back(Back::Power),
            );
        }
        (Subscribe, "A23 one more") => {
            cases.push(
                case(&[&never("suback")], failed)
                    .within(s(21))
                    .back(Back::Power),
            );
        }
        (Subscribe, "A15 stat" | "A15 both") => {
            let late = "delay-result:at=QMTSUB,client=0,ms=24000";
            let want = Want::Fails(Unconfirmed);
            let case = case(&[&never("pingresp"), late], want);
            cases.push(case.within(s(16)).back(Back::Power));
        }
        (Publish(_) | Subscribe, "A17 echo") => {
            // Somebody has switched the echo on some time before.
            let case = case(&["echo:ms=0"], Want::Done);
            cases.push(case.within(op.bound() + ms(1)));
        }
        _ => {}
    }
    cases
}
