//! `modem.network()`.

use std::time::{Duration, Instant};

use atmqtt::{
    Apn, Authentication, DateTime, ErrorKind, IpType, Readiness, RegistrationStatus, SimState,
    UrcPort,
};

use crate::peer::{Peer, answer, cme, kind, ok, say};

#[test]
fn registration_by_service() {
    let peer = Peer::start(|line| match line {
        // A URC of the same name in front of the answer.
        "AT+CREG?" => say("\r\n+CREG: 2\r\n\r\n+CREG: 2,1,\"1A2B\",\"01C3D4E5\",7\r\n\r\nOK\r\n"),
        "AT+CEREG?" => answer("+CEREG: 0,5"),
        _ => None,
    });
    let registration = peer.modem.network().registration().unwrap();
    let circuit = registration.circuit.unwrap();
    assert_eq!(circuit.status, RegistrationStatus::Home);
    assert_eq!(circuit.cell, Some(0x01C3_D4E5));
    assert_eq!(registration.packet, None);
    assert_eq!(
        registration.eps.unwrap().status,
        RegistrationStatus::Roaming
    );
    assert!(registration.is_registered());
    assert_eq!(peer.lines(), ["AT+CREG?", "AT+CGREG?", "AT+CEREG?"]);
}

#[test]
fn operator_sim_and_signal() {
    let peer = Peer::start(|line| match line {
        "AT+COPS?" => answer("+COPS: 0,0,\"Telekom.de\",7"),
        "AT+QNWINFO" => answer("+QNWINFO: \"FDD LTE\",\"26201\",\"LTE BAND 3\",1300"),
        "AT+CPIN?" => cme("10"),
        "AT+CSQ" => answer("+CSQ: 20,99"),
        _ => None,
    });
    let network = peer.modem.network();
    let operator = network.operator().unwrap();
    assert_eq!(operator.name.as_deref(), Some("Telekom.de"));
    assert_eq!(operator.numeric.as_deref(), Some("26201"));
    assert_eq!(network.sim().unwrap(), SimState::Absent);
    assert_eq!(network.signal().unwrap().rssi_dbm, Some(-73));
}

#[test]
fn access_points_are_written_in_full() {
    let peer = Peer::start(|line| line.starts_with("AT+QICSGP").then(ok).flatten());
    let network = peer.modem.network();
    network.set_apn(1, &Apn::new("internet")).unwrap();
    let apn = Apn::new("a")
        .ip_type(IpType::V4V6)
        .credentials("u,v", "p w", Authentication::Chap);
    network.set_apn(16, &apn).unwrap();
    assert_eq!(
        peer.lines(),
        [
            "AT+QICSGP=1,1,\"internet\",\"\",\"\",0",
            "AT+QICSGP=16,3,\"a\",\"u,v\",\"p w\",2"
        ]
    );
}

#[test]
fn bad_values_send_nothing() {
    let peer = Peer::plain();
    let network = peer.modem.network();
    let long = "x".repeat(128);
    for bad in ["a\"b", "a\r", "a\",\"\",\"\",0\rAT+CFUN=0\r", "a\0", &long] {
        let credentials = |user: &str, password: &str| {
            Apn::new("a").credentials(user, password, Authentication::Pap)
        };
        for (apn, parameter) in [
            (Apn::new(bad), "apn"),
            (credentials(bad, "p"), "username"),
            (credentials("u", bad), "password"),
        ] {
            let error = network.set_apn(1, &apn).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.to_string().contains(parameter), "{error}");
            assert!(
                parameter != "password" || !error.to_string().contains(bad),
                "{error}"
            );
        }
        let port = UrcPort::Other(bad.to_owned());
        assert_eq!(
            kind(network.set_urc_port(&port)),
            ErrorKind::InvalidArgument
        );
    }
    for context in [0, 17] {
        assert_eq!(kind(network.activate(context)), ErrorKind::InvalidArgument);
        assert_eq!(
            kind(network.deactivate(context)),
            ErrorKind::InvalidArgument
        );
        assert_eq!(kind(network.address(context)), ErrorKind::InvalidArgument);
        assert_eq!(
            kind(network.set_apn(context, &Apn::new("a"))),
            ErrorKind::InvalidArgument
        );
        let ready = network.wait_ready(context, Duration::ZERO, |_| {});
        assert_eq!(kind(ready), ErrorKind::InvalidArgument);
    }
    let mut time = DateTime::from(std::time::SystemTime::now());
    time.month = 13;
    let error = network.set_clock(&time).unwrap_err();
    assert!(
        error.to_string().contains("month is 13; it must be 1..=12"),
        "{error}"
    );
    assert_eq!(peer.sent(), b"");
}

#[test]
fn an_active_context_may_refuse_to_be_activated() {
    let peer = Peer::start(|line| match line {
        "AT+QIACT?" => answer("+QIACT: 1,1,1,\"10.7.157.1\""),
        "AT+QIGETERROR" => answer("+QIGETERROR: 561,open PDP context failed"),
        "AT+QIDEACT=1" => say("\r\nERROR\r\n"),
        _ => None,
    });
    let network = peer.modem.network();
    network.activate(1).unwrap();
    let address = network.address(1).unwrap().unwrap();
    assert_eq!(address.v4, "10.7.157.1".parse().ok());
    let error = network.activate(2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModuleError);
    for part in ["AT+QIACT", "context 2", "561"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    network.deactivate(2).unwrap();
    assert_eq!(kind(network.deactivate(1)), ErrorKind::ModuleError);
}

#[test]
fn waits_for_sim_registration_and_context() {
    let mut asked = [0; 4];
    let peer = Peer::start(move |line| match line {
        "AT+CPIN?" => {
            asked[0] += 1;
            if asked[0] < 2 {
                cme("14")
            } else {
                answer("+CPIN: READY")
            }
        }
        "AT+CEREG?" => {
            asked[1] += 1;
            answer(if asked[1] < 2 {
                "+CEREG: 0,2"
            } else {
                "+CEREG: 0,1"
            })
        }
        "AT+QIACT?" => {
            if asked[2] == 0 {
                ok()
            } else {
                answer("+QIACT: 1,1,1,\"10.0.0.9\"")
            }
        }
        "AT+QIACT=1" => {
            asked[2] += 1;
            ok()
        }
        _ => None,
    });
    let mut seen = Vec::new();
    let address = peer
        .modem
        .network()
        .wait_ready(1, Duration::from_secs(30), |state| seen.push(state.clone()))
        .unwrap();
    assert_eq!(address.v4, "10.0.0.9".parse().ok());
    assert_eq!(seen[0], Readiness::Sim(SimState::Busy));
    assert!(
        matches!(&seen[1], Readiness::Registration(registration) if !registration.is_registered())
    );
    assert_eq!(
        seen[2..],
        [Readiness::Activating, Readiness::Ready(address)]
    );
}

#[test]
fn what_waiting_does_not_help_is_told_at_once() {
    let peer = Peer::start(|line| {
        (line == "AT+CPIN?")
            .then(|| answer("+CPIN: SIM PIN"))
            .flatten()
    });
    let began = Instant::now();
    let error = peer
        .modem
        .network()
        .wait_ready(1, Duration::from_secs(60), |_| {})
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert!(error.to_string().contains("PIN"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_wait_that_ends_says_what_was_missing() {
    let peer = Peer::start(|line| match line {
        "AT+CPIN?" => answer("+CPIN: READY"),
        "AT+CEREG?" => answer("+CEREG: 0,3"),
        _ => None,
    });
    let timeout = Duration::from_millis(300);
    let error = peer
        .modem
        .network()
        .wait_ready(1, timeout, |_| {})
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("LTE: Denied"), "{error}");
    peer.modem.close().unwrap();
    let closed = peer
        .modem
        .network()
        .wait_ready(1, Duration::from_secs(60), |_| {});
    assert_eq!(kind(closed), ErrorKind::Closed);
}

#[test]
fn urc_port_and_clock() {
    let peer = Peer::start(|line| match line {
        "AT+QURCCFG=\"urcport\"" => answer("+QURCCFG: \"urcport\",\"usbat\""),
        line if line.starts_with("AT+QURCCFG=") => ok(),
        "AT+CCLK?" => answer("+CCLK: \"22/08/31,08:01:02+32\""),
        _ => None,
    });
    let network = peer.modem.network();
    assert_eq!(network.urc_port().unwrap(), UrcPort::UsbAt);
    network.set_urc_port(&UrcPort::Uart1).unwrap();
    network
        .set_urc_port(&UrcPort::Other("emux".into()))
        .unwrap();
    let time = network.clock().unwrap();
    assert_eq!(time.to_string(), "2022-08-31 08:01:02 +08:00");
    network.set_clock(&time).unwrap();
    assert_eq!(
        peer.lines()[1..],
        [
            "AT+QURCCFG=\"urcport\",\"uart1\"",
            "AT+QURCCFG=\"urcport\",\"emux\"",
            "AT+CCLK?",
            "AT+CCLK=\"22/08/31,08:01:02+32\"",
        ]
    );
}

#[test]
fn answers_of_another_shape_are_errors() {
    let peer = Peer::start(|line| match line {
        "AT+CPIN?" | "AT+CEREG?" | "AT+CREG?" | "AT+QURCCFG=\"urcport\"" => ok(),
        "AT+CCLK?" => answer("+CCLK: \"yesterday\""),
        "AT+QICSGP=1" => answer("+QICSGP: \"hunter2\""),
        _ => None,
    });
    let network = peer.modem.network();
    assert_eq!(kind(network.sim()), ErrorKind::OperationFailed);
    assert_eq!(kind(network.registration()), ErrorKind::OperationFailed);
    assert_eq!(kind(network.urc_port()), ErrorKind::OperationFailed);
    assert_eq!(kind(network.clock()), ErrorKind::OperationFailed);
    let error = network.apn(1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OperationFailed);
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
