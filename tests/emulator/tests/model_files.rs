//! The flash file system: what its commands do and print.

mod model;

use atmqtt_emulator::module::{Flash, Settings};
use atmqtt_emulator::packet::Packet;
use atmqtt_emulator::profile::Profile;
use model::files::{CONNECT, cme, on, upload};
use model::{Bench, OK, answer, bench, faulty, lines, message};
use std::fs;

#[test]
fn test_forms() {
    let mut b = bench();
    b.ok("AT+QFLDS=?");
    b.ok("AT+QFLST=?");
    for (command, line) in [
        ("QFUPL", "<filename>[,(1-<freesize>)[,(1-65535)[,(0,1)]]]"),
        ("QFDEL", "<filename>"),
        ("QFDWL", "<filename>"),
        ("QFOPEN", "<filename>[,(0-2)]"),
        ("QFREAD", "<filehandle>[,<length>]"),
        ("QFWRITE", "<filehandle>[,<length>[,(1-65535)]]"),
        ("QFSEEK", "<filehandle>,<offset>[,(0-2)]"),
        ("QFPOSITION", "<filehandle>"),
        ("QFTUCAT", "<filehandle>"),
        ("QFCLOSE", "<filehandle>"),
    ] {
        let shown = answer(&[&format!("+{command}: {line}")]);
        assert_eq!(b.at(&format!("AT+{command}=?")), shown);
    }
}

/// A whole life of a file with echo on, line for line.
#[test]
fn a_session() {
    let mut b = bench();
    assert_eq!(b.at("ATE1"), OK);
    let mut seen = b.at("AT+QFDEL=\"*\"");
    seen += &b.at("AT+QFLST");
    seen += &b.at("AT+QFLDS=\"UFS\"");
    seen += &b.at("AT+QFUPL=\"digits.txt\",10,100");
    seen += &b.raw(b"1234567890");
    seen += &b.at("AT+QFUPL=\"UFS:abc\",3");
    seen += &b.raw(b"ABC");
    seen += &b.at("AT+QFLST=\"*\"");
    seen += &b.at("AT+QFLST=\"UFS:d*\"");
    seen += &b.at("AT+QFLDS");
    seen += &b.at("AT+QFLDS=\"UFS\"");
    seen += &b.at("AT+QFDWL=\"UFS:digits.txt\"");
    seen += &b.at("AT+QFDEL=\"abc\"");
    seen += &b.at("AT+QFLST=\"abc\"");
    let expected = SESSION.replace('\n', "\r\n").replace("#\r\n", "\r\r\n");
    assert_eq!(seen, expected);
}

/// `#` stands for the CR of a typed line.
const SESSION: &str = r##"AT+QFDEL="*"#
OK
AT+QFLST#
OK
AT+QFLDS="UFS"#
+QFLDS: 286720,286720

OK
AT+QFUPL="digits.txt",10,100#
CONNECT

+QFUPL: 10,3938

OK
AT+QFUPL="UFS:abc",3#
CONNECT

+QFUPL: 3,242

OK
AT+QFLST="*"#
+QFLST: "UFS:abc",3
+QFLST: "UFS:digits.txt",10

OK
AT+QFLST="UFS:d*"#
+QFLST: "UFS:digits.txt",10

OK
AT+QFLDS#
+QFLDS: 13,2

OK
AT+QFLDS="UFS"#
+QFLDS: 286707,286720

OK
AT+QFDWL="UFS:digits.txt"#
CONNECT
1234567890
+QFDWL: 10,3938

OK
AT+QFDEL="abc"#
OK
AT+QFLST="abc"#
OK
"##;

/// The comments of the example are copy slips: a file has the name it was uploaded by.
#[test]
fn a13_the_named_file() {
    let mut b = bench();
    upload(&mut b, "UFS:client.pem", b"certificate");
    upload(&mut b, "UFS:user_key.pem", b"key");
    let listed = [
        "+QFLST: \"UFS:client.pem\",11",
        "+QFLST: \"UFS:user_key.pem\",3",
    ];
    assert_eq!(b.at("AT+QFLST=\"*\""), answer(&listed));
    assert!(b.at("AT+QFDWL=\"user_key.pem\"").contains("\nkey\r\n"));
}

#[test]
fn a73_urcs_wait_for_the_end_of_a_transfer() {
    let mut b = bench();
    b.connect(0);
    assert_eq!(b.at("AT+QFUPL=\"f\",4"), CONNECT);
    assert_eq!(b.raw(b"ab"), "");
    let received = |b: &mut Bench| b.packet(0, Packet::Publish(message(0, "t", b"m", 0)));
    assert_eq!(received(&mut b), "");
    let out = b.raw(b"cd");
    let after = lines(&["+QMTRECV: 0,0,\"t\",\"m\""]);
    assert_eq!(out, answer(&["+QFUPL: 4,206"]) + &after);
    assert_eq!(received(&mut b), after);

    let mut b = faulty(&["urc-in-file:at=QMTRECV"]);
    b.connect(0);
    assert_eq!(b.at("AT+QFUPL=\"f\",4"), CONNECT);
    assert_eq!(received(&mut b), after);
    assert_eq!(received(&mut b), "", "once");
    assert_eq!(b.raw(b"abcd"), answer(&["+QFUPL: 4,206"]) + &after);

    // A download takes no time here; what happens in the middle of it still waits.
    for (spec, split) in [("", false), ("urc-in-file:always", true)] {
        let mut b = bench();
        upload(&mut b, "f", b"abcd");
        b.connect(0);
        b.inject("stat:at=QFDWL,on=payload,client=0");
        if split {
            b.inject(spec);
        }
        let urc = lines(&["+QMTSTAT: 0,1"]);
        let end = answer(&["+QFDWL: 4,206"]);
        let expected = if split {
            format!("{CONNECT}ab{urc}cd{end}")
        } else {
            format!("{CONNECT}abcd{end}{urc}")
        };
        assert_eq!(b.at("AT+QFDWL=\"f\""), expected);
    }
}

#[test]
fn data_ends_with_the_size() {
    let mut b = bench();
    assert_eq!(b.at("AT+QFUPL=\"f\",4"), CONNECT);
    assert_eq!(
        b.raw(b"\r\n\x1a+surplus\r"),
        answer(&["+QFUPL: 4,1721"]),
        "surplus is gone"
    );
    b.ok("AT");
    // What was typed before CONNECT is no data.
    assert_eq!(b.raw(b"AT+QFUPL=\"g\",2\r\nxy"), CONNECT);
    assert_eq!(b.raw(b"\n1"), answer(&["+QFUPL: 2,a31"]));
}

#[test]
fn data_ends_with_silence() {
    let mut b = bench();
    assert_eq!(b.at("AT+QFUPL=\"short\",3000,10"), CONNECT);
    assert_eq!(b.raw(b"1234"), "");
    assert_eq!(b.wait_ms(9_999), "");
    assert_eq!(b.raw(b"567890"), "");
    assert_eq!(b.wait_ms(9_999), "");
    let expected = lines(&["+QFUPL: 10,3938", "+CME ERROR: 421"]);
    assert_eq!(b.wait_ms(1), expected);
    let listed = answer(&["+QFLST: \"UFS:short\",10"]);
    assert_eq!(b.at("AT+QFLST=\"short\""), listed, "kept");

    // Nothing was announced, so nothing is missing; five seconds.
    assert_eq!(b.at("AT+QFUPL=\"open\""), CONNECT);
    b.raw(b"1234567890");
    assert_eq!(b.wait_ms(4_999), "");
    assert_eq!(b.wait_ms(1), answer(&["+QFUPL: 10,3938"]));
    assert_eq!(b.at("AT+QFUPL=\"default\""), CONNECT);
    let sum = answer(&["+QFUPL: 10240,0"]);
    assert_eq!(b.raw(&[7; 10_241]), sum);

    assert_eq!(b.at("AT+QFUPL=\"none\",1,1"), CONNECT);
    assert_eq!(b.wait(1), lines(&["+QFUPL: 0,0", "+CME ERROR: 421"]));
}

#[test]
fn ack_mode() {
    let mut b = bench();
    assert_eq!(b.at("AT+QFUPL=\"f\",2500,5,1"), CONNECT);
    assert_eq!(b.raw(&[0; 1023]), "");
    assert_eq!(b.raw(&[0]), "A");
    assert_eq!(b.raw(&[0; 1024]), "A");
    assert_eq!(b.raw(&[0; 452]), answer(&["+QFUPL: 2500,0"]));
    assert_eq!(b.at("AT+QFUPL=\"g\",1024,5,1"), CONNECT);
    let out = b.raw(&[0; 1024]);
    assert_eq!(out, format!("A{}", answer(&["+QFUPL: 1024,0"])));
}

#[test]
fn three_plus_signs_leave() {
    let mut b = bench();
    assert_eq!(b.at("AT+QFUPL=\"f\",100,60"), CONNECT);
    assert_eq!(b.raw(b"AB+++"), "");
    assert_eq!(b.wait(2), "", "no silence before them");
    assert_eq!(b.raw(b"+++x"), "");
    assert_eq!(b.wait(2), "", "no silence after them");
    assert_eq!(b.raw(b"++"), "");
    assert_eq!(b.wait(2), "", "two");
    assert_eq!(b.raw(b"+++"), "");
    assert_eq!(b.wait_ms(999), "");
    assert_eq!(b.wait_ms(1), answer(&["+QFUPL: 11,3942"]));
    assert!(b.at("AT+QFDWL=\"f\"").contains("\nAB++++++x++\r\n"));
    b.error("ATO");

    assert_eq!(b.at("AT+QFUPL=\"g\",3"), CONNECT);
    b.wait(2);
    let out = b.raw(b"+++");
    assert_eq!(out, answer(&["+QFUPL: 3,2b"]), "the size counts more");
}

#[test]
fn codes_without_words() {
    let mut b = bench();
    assert_eq!(b.at("ATV0"), "0\r");
    assert_eq!(b.at("AT+QFUPL=\"f\",1"), "1\r");
    assert_eq!(b.raw(b"A"), "+QFUPL: 1,4100\r\n0\r");
    assert_eq!(b.at("ATQ1"), "");
    assert_eq!(b.at("AT+QFUPL=\"g\",1"), "");
    assert_eq!(b.raw(b"A"), "+QFUPL: 1,4100\r\n");
}

#[test]
fn an_upload_in_a_line_of_commands() {
    let mut b = bench();
    assert_eq!(b.at("AT+QFUPL=\"f\",1;+QFLST;+QFDWL=\"f\""), CONNECT);
    let out = b.raw(b"A");
    let expected = "\r\n+QFUPL: 1,4100\r\n\r\n+QFLST: \"UFS:f\",1\r\n";
    let download = format!("{CONNECT}A{}", answer(&["+QFDWL: 1,4100"]));
    assert_eq!(out, format!("{expected}{download}"));
}

#[test]
fn open_files() {
    let mut b = bench();
    upload(&mut b, "f", b"0123456789");
    assert_eq!(b.at("AT+QFOPEN=\"UFS:f\""), answer(&["+QFOPEN: 3000"]));
    assert_eq!(b.at("AT+QFOPEN=\"new\",1"), answer(&["+QFOPEN: 3001"]));
    assert_eq!(
        b.at("AT+QFOPEN?"),
        answer(&["+QFOPEN: \"UFS:f\",3000,0", "+QFOPEN: \"UFS:new\",3001,1"])
    );
    assert_eq!(
        b.at("AT+QFREAD=3000,4"),
        format!("\r\nCONNECT 4\r\n0123{OK}")
    );
    assert_eq!(b.at("AT+QFPOSITION=3000"), answer(&["+QFPOSITION: 4"]));
    assert_eq!(
        b.at("AT+QFREAD=3000"),
        format!("\r\nCONNECT 6\r\n456789{OK}")
    );
    assert_eq!(b.at("AT+QFREAD=3000"), cme(402));
    b.ok("AT+QFSEEK=3000,2");
    b.ok("AT+QFSEEK=3000,1,1");
    assert_eq!(b.at("AT+QFPOSITION=3000"), answer(&["+QFPOSITION: 3"]));
    b.ok("AT+QFSEEK=3000,3,2");
    assert_eq!(b.at("AT+QFWRITE=3000,4"), CONNECT);
    assert_eq!(b.raw(b"abcd"), answer(&["+QFWRITE: 4,11"]));
    assert_eq!(b.at("AT+QFPOSITION=3000"), answer(&["+QFPOSITION: 11"]));
    b.ok("AT+QFSEEK=3000,9,0");
    b.ok("AT+QFTUCAT=3000");
    b.ok("AT+QFCLOSE=3000");
    assert!(b.at("AT+QFDWL=\"f\"").contains("\n0123456ab\r\n"));

    assert_eq!(b.at("AT+QFWRITE=3001,10,3"), CONNECT);
    b.raw(b"xy");
    let short = lines(&["+QFWRITE: 2,2", "+CME ERROR: 421"]);
    assert_eq!(b.wait(3), short);
    assert_eq!(b.at("AT+QFWRITE=3001"), CONNECT);
    b.raw(b"z");
    assert_eq!(b.wait(5), answer(&["+QFWRITE: 1,3"]));
    b.ok("AT+QFCLOSE=3001");
    // Emptied by mode 1, kept by mode 0.
    assert_eq!(b.at("AT+QFOPEN=\"new\",1"), answer(&["+QFOPEN: 3000"]));
    assert_eq!(b.at("AT+QFREAD=3000"), cme(402));
}

#[test]
fn other_dialects_list_bare_names() {
    let mut b = Bench::new(Settings {
        profile: Profile::bg95(),
        ..Settings::default()
    });
    upload(&mut b, "UFS:cacert.pem", b"x");
    assert_eq!(b.at("AT+QFLST"), answer(&["+QFLST: \"cacert.pem\",1"]));
}

#[test]
fn files_outlive_a_restart_and_handles_do_not() {
    let mut b = bench();
    upload(&mut b, "f", b"x");
    assert_eq!(b.at("AT+QFOPEN=\"f\""), answer(&["+QFOPEN: 3000"]));
    assert_eq!(b.at("AT+QFUPL=\"half\",9"), CONNECT);
    b.raw(b"1234");
    b.inject("reboot");
    assert!(b.wait(60).contains("RDY"));
    b.at("ATE0");
    assert_eq!(b.at("AT+QFLST"), answer(&["+QFLST: \"UFS:f\",1"]));
    assert_eq!(b.at("AT+QFCLOSE=3000"), cme(416));
    b.ok("AT+QFDEL=\"f\"");

    // In the middle of a transfer, and in its last line.
    upload(&mut b, "f", b"xyz");
    b.inject("reboot:on=payload,at=QFDWL");
    let out = b.at("AT+QFDWL=\"f\"");
    assert_eq!(out, format!("{CONNECT}xy"));
    assert!(b.wait(60).starts_with("\r\nRDY"));
    b.at("ATE0");
    b.inject("reboot-in-line:of=info,at=QFUPL,bytes=5");
    assert_eq!(b.at("AT+QFUPL=\"g\",1"), CONNECT);
    assert_eq!(b.raw(b"x"), "\r\n+QF");
    assert!(b.wait(60).starts_with("\r\nRDY"));
}

#[test]
fn files_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = on(Flash::folder(folder.path()).unwrap());
    upload(&mut b, "UFS:a.pem", b"PEM\0");
    assert_eq!(fs::read(folder.path().join("a.pem")).unwrap(), b"PEM\0");
    fs::write(folder.path().join("b"), b"there before").unwrap();
    let mut b = on(Flash::folder(folder.path()).unwrap());
    let listed = ["+QFLST: \"UFS:a.pem\",4", "+QFLST: \"UFS:b\",12"];
    assert_eq!(b.at("AT+QFLST"), answer(&listed));
    b.ok("AT+QFDEL=\"*\"");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn faults_strike_transfers_too() {
    let mut b = faulty(&["delay-prompt:at=QFUPL,ms=500", "lose-final:at=QFDWL"]);
    assert_eq!(b.at("AT+QFUPL=\"f\",2"), "");
    b.raw(b"too early");
    assert_eq!(b.wait_ms(500), CONNECT);
    assert_eq!(b.raw(b"AB"), answer(&["+QFUPL: 2,4142"]));
    let line = lines(&["+QFDWL: 2,4142"]);
    assert_eq!(b.at("AT+QFDWL=\"f\""), format!("{CONNECT}AB{line}"));
    b.inject("cme:at=QFUPL,code=407");
    assert_eq!(b.at("AT+QFUPL=\"g\",2"), cme(407));
}
