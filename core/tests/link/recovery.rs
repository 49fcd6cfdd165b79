//! What a link does about each trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atmqtt::{
    Connect, DisconnectReason, ErrorKind, Link, LinkCause, LinkPort, LinkState, QoS, WhenAlive,
};
use atmqtt_emulator::runtime::Emulator;

use crate::common::{Bench, PATIENCE, quick, until, until_up, way};

use LinkState::{
    Attaching, Connecting, Opening, Refused, Repairing, Searching, Starting, Up, Waiting,
};

/// After the recovery the link does what a link does.
fn works(bench: &Bench, link: &Link) {
    let before = bench.emulator.published().len();
    link.publish("works", "", QoS::AtLeastOnce, false).unwrap();
    assert!(bench.emulator.wait_published(before + 1, PATIENCE));
}

#[test]
fn every_code_of_table_4() {
    let bench = Bench::new();
    let (link, events) = bench.up(bench.builder());
    for code in 1..=8 {
        bench.fault(&format!("stat:client=0,code={code}"));
        let changes = until_up(&events);
        let (cause, states) = way(&changes);
        assert_eq!(
            cause,
            &LinkCause::Disconnected(DisconnectReason::from_code(code))
        );
        if code == 2 {
            assert_eq!(states, [Waiting, Repairing, Opening, Connecting, Up]);
        } else {
            assert_eq!(states, [Waiting, Opening, Connecting, Up], "code {code}");
        }
        works(&bench, &link);
    }
    assert_eq!(link.status().unwrap().connections, 9);
}

#[test]
fn a_failed_ping_cycles_the_context() {
    let bench = Bench::new();
    let (link, events) = bench.up(bench.builder());
    bench.fault("ping:client=0");
    let changes = until_up(&events);
    let (cause, states) = way(&changes);
    assert_eq!(cause, &LinkCause::PingFailed);
    assert!(states.contains(&Repairing), "{states:?}");
    works(&bench, &link);
}

#[test]
fn a_lost_context() {
    let bench = Bench::new();
    let (link, events) = bench.up(bench.builder());
    bench.fault("pdpdeact:context=1");
    let changes = until_up(&events);
    let (cause, states) = way(&changes);
    assert_eq!(cause, &LinkCause::PdpDeactivated);
    assert_eq!(
        states,
        [Waiting, Repairing, Attaching, Opening, Connecting, Up]
    );
    works(&bench, &link);
}

#[test]
fn a_restart_of_the_module() {
    let bench = Bench::new();
    let (link, events) = bench.up(bench.builder());
    bench.fault("reboot");
    let changes = until_up(&events);
    let (cause, states) = way(&changes);
    assert_eq!(cause, &LinkCause::Restarted);
    assert_eq!(states, [Waiting, Attaching, Opening, Connecting, Up]);
    works(&bench, &link);
}

#[test]
fn a_port_that_comes_back() {
    // The name of a pseudo-terminal that is gone may be that of another test's module.
    let folder = tempfile::tempdir().unwrap();
    let device = folder.path().join("modem");
    let bench = Bench::with(Emulator::builder().link(&device));
    let (link, events) = bench.up(quick(Link::builder(&device, Connect::new("link"))));
    bench.emulator.hang_up();
    let gone = until(&events, |change| change.to == Waiting);
    assert!(matches!(gone[0].cause, LinkCause::PortLost(_)), "{gone:?}");
    until(&events, |change| change.from == Searching);
    bench.emulator.plug().unwrap();
    let changes = until_up(&events);
    let (_, states) = way(&changes);
    assert!(states.contains(&Starting), "{states:?}");
    works(&bench, &link);
}

#[test]
fn a_lost_notice_is_found_out() {
    let bench = Bench::new();
    let (link, events) = bench.up(bench.builder().check_every(Duration::from_millis(50)));
    bench.fault("lose-result:at=QMTSTAT,client=0");
    bench.fault("stat:client=0,code=1");
    let changes = until_up(&events);
    assert_eq!(way(&changes).0, &LinkCause::FoundDisconnected);
    works(&bench, &link);
}

#[test]
fn bad_credentials_are_reported_and_not_hammered() {
    let bench = Bench::new();
    bench.fault("connack:code=5,always");
    let link = bench.builder().start().unwrap();
    let error = link.wait_up(PATIENCE).unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::ConnectionRefused, Some(5))
    );
    let status = link.status().unwrap();
    assert_eq!(status.state, Refused);
    assert!(status.retry_in.unwrap() > Duration::from_secs(1700));
    assert!(matches!(status.last_trouble, Some(LinkCause::Refused(_))));
}

#[test]
fn tried_again_when_the_program_says_so() {
    let bench = Bench::new();
    bench.fault("connack:code=4");
    let link = bench.builder().start().unwrap();
    assert!(link.wait_up(PATIENCE).is_err());
    link.retry();
    // Not the refusal of before.
    link.wait_up(PATIENCE).unwrap();
    works(&bench, &link);
}

#[test]
fn brokers_in_turn() {
    let bench = Bench::new();
    bench.fault("open-result:code=-1");
    bench.fault("open-result:code=4,after=1");
    let builder = bench
        .builder()
        .broker("second.example", 1884)
        .broker("third.example", 1885);
    let (link, _) = bench.up(builder);
    let broker = link.status().unwrap().broker;
    assert_eq!(broker, ("third.example".to_owned(), 1885));
}

#[test]
fn a_deaf_module_is_restarted_and_then_switched() {
    let cycles = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&cycles);
    let bench = Bench::new();
    let emulator = Arc::new(Emulator::builder().start().unwrap());
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    drop(bench);
    // A socket on which nobody answers, until the power was cycled.
    let path = emulator.path();
    let power = Arc::clone(&cycles);
    let port = LinkPort::other(move || {
        if power.load(Ordering::Acquire) == 0 {
            Ok(Box::new(ours.try_clone().unwrap()))
        } else {
            let options = atmqtt::port::SerialOptions::default();
            Ok(Box::new(atmqtt::port::SerialPort::open(&path, &options)?))
        }
    });
    let link = quick(Link::builder(port, Connect::new("deaf")))
        .modem(
            atmqtt::Modem::builder()
                .silence(Duration::ZERO)
                .patience(Duration::from_millis(50)),
        )
        .restart_time(Duration::from_millis(100))
        .power_hook(move || {
            counted.fetch_add(1, Ordering::AcqRel);
            Ok(())
        })
        .start()
        .unwrap();
    let events = link.events().unwrap();
    let changes = until_up(&events);
    let repairs = changes
        .iter()
        .filter(|change| change.to == Repairing)
        .count();
    assert_eq!((repairs, cycles.load(Ordering::Acquire)), (2, 1));
    let deaf = changes
        .iter()
        .filter(|change| matches!(change.cause, LinkCause::Deaf(_)))
        .count();
    assert_eq!(deaf, 3, "{changes:#?}");
    let mut heard = vec![0; 4096];
    use std::io::Read as _;
    let mut theirs = theirs;
    let bytes = theirs.read(&mut heard).unwrap();
    let heard = String::from_utf8_lossy(&heard[..bytes]);
    assert!(heard.contains("AT+CFUN=1,1"), "{heard}");
}

#[test]
fn a_client_that_lives_is_adopted_or_replaced() {
    for when in [WhenAlive::Adopt, WhenAlive::Replace] {
        let bench = Bench::new();
        let (link, _) = bench.up(bench.builder().subscribe("a", QoS::AtLeastOnce));
        // Without a goodbye.
        drop(link);
        let link = bench.builder().when_alive(when).start().unwrap();
        let events = link.events().unwrap();
        let changes = until_up(&events);
        let adopted = !way(&changes).1.contains(&Opening);
        assert_eq!(adopted, when == WhenAlive::Adopt, "{changes:#?}");
        works(&bench, &link);
    }
}

#[test]
fn a_client_on_another_broker_is_replaced() {
    let bench = Bench::new();
    let (link, _) = bench.up(bench.builder());
    drop(link);
    let other = Link::builder(bench.emulator.path(), Connect::new("b"))
        .broker("elsewhere.example", 1)
        .start()
        .unwrap();
    let events = other.events().unwrap();
    let changes = until_up(&events);
    assert!(way(&changes).1.contains(&Opening));
    assert_eq!(
        other.status().unwrap().broker,
        ("elsewhere.example".to_owned(), 1)
    );
}
