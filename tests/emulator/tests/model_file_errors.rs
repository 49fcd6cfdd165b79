//! Every error of the file commands, and how it is printed.

mod model;

use atmqtt_emulator::module::{Flash, Settings};
use atmqtt_emulator::profile::Profile;
use model::files::{CONNECT, cme, on, upload};
use model::{Bench, ERROR, bench, lines, with};
use std::fs;

#[test]
fn every_error_has_its_cause() {
    let mut b = with(|p| p.files.total = 20);
    upload(&mut b, "f", b"0123456789");
    let long = "n".repeat(81);
    for (command, code) in [
        ("AT+QFUPL=\"g\",0".to_owned(), 400),
        ("AT+QFUPL=\"g\",1,65536".to_owned(), 400),
        ("AT+QFUPL=\"g\",1,5,2".to_owned(), 400),
        ("AT+QFOPEN=\"g\",3".to_owned(), 400),
        ("AT+QFDWL=\"g\"".to_owned(), 405),
        ("AT+QFDEL=\"g\"".to_owned(), 405),
        ("AT+QFOPEN=\"g\",2".to_owned(), 405),
        ("AT+QFUPL=\"\",1".to_owned(), 406),
        ("AT+QFUPL=\"..\",1".to_owned(), 406),
        ("AT+QFUPL=\"a/b\",1".to_owned(), 406),
        ("AT+QFUPL=\"RAM:a\",1".to_owned(), 406),
        ("AT+QFUPL=\"a\0b\",1".to_owned(), 406),
        (format!("AT+QFUPL=\"{long}\",1"), 406),
        ("AT+QFUPL=\"f\",1".to_owned(), 407),
        ("AT+QFUPL=\"UFS:f\",99".to_owned(), 407),
        ("AT+QFREAD=1".to_owned(), 416),
        ("AT+QFCLOSE=3000".to_owned(), 416),
        ("AT+QFCLOSE=3010".to_owned(), 416),
        ("AT+QFLST=\"SD:*\"".to_owned(), 417),
        ("AT+QFLDS=\"RAM\"".to_owned(), 419),
        ("AT+QFUPL=\"g\",11".to_owned(), 420),
        ("AT+QFUPL=\"g\",21".to_owned(), 423),
        ("AT+QFUPL=g,1".to_owned(), 425),
        ("AT+QFUPL=\"g\",x".to_owned(), 425),
        ("AT+QFUPL=\"g\",1,1,1,1".to_owned(), 425),
        ("AT+QFSEEK=3000".to_owned(), 425),
    ] {
        assert_eq!(b.at(&command), cme(code), "{command}");
    }
    b.at("AT+QFOPEN=\"f\",2");
    for (command, code) in [
        ("AT+QFSEEK=3000,11", 401),
        ("AT+QFSEEK=3000,11,2", 401),
        ("AT+QFDEL=\"f\"", 418),
        ("AT+QFDEL=\"*\"", 418),
        ("AT+QFWRITE=3000,1", 414),
        ("AT+QFTUCAT=3000", 414),
        ("AT+QFOPEN=\"f\"", 426),
    ] {
        assert_eq!(b.at(command), cme(code), "{command}");
    }
    for count in 1..10 {
        b.at(&format!("AT+QFOPEN=\"{count}\""));
    }
    assert_eq!(b.at("AT+QFOPEN=\"10\""), cme(413));
    b.ok("AT+QFCLOSE=3000");
    b.at("AT+QFOPEN=\"f\"");
    b.ok("AT+QFSEEK=3000,0,2");
    assert_eq!(b.at("AT+QFWRITE=3000,11"), cme(420));
    assert_eq!(b.at("AT+QFWRITE=3000,10"), CONNECT);
    b.raw(b"0123456789");
    assert_eq!(b.at("AT+QFWRITE=3000,1"), cme(403), "drive full");
    assert_eq!(b.at("AT+QFUPL=\"g\",1"), cme(403));
    b.ok("AT+QFSEEK=3000,15");
    assert_eq!(b.at("AT+QFWRITE=3000,5"), CONNECT, "written over");
}

/// Errors of the disk behind a folder.
#[test]
fn a_folder_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flash");
    let mut b = on(Flash::folder(&path).unwrap());
    fs::create_dir(path.join("d")).unwrap();
    for (command, code) in [
        ("AT+QFOPEN=\"d\"", 410),
        ("AT+QFDWL=\"d\"", 411),
        ("AT+QFDEL=\"d\"", 418),
    ] {
        assert_eq!(b.at(command), cme(code), "{command}");
    }
    assert_eq!(b.at("AT+QFUPL=\"d\",1"), CONNECT);
    assert_eq!(b.raw(b"x"), cme(409));
    b.ok("AT+QFLST");
    fs::remove_dir_all(&path).unwrap();
    assert_eq!(b.at("AT+QFLST"), cme(417));
    assert_eq!(b.at("AT+QFLDS"), cme(419));
    assert_eq!(b.at("AT+QFLDS=\"UFS\""), cme(419));
}

#[test]
fn errors_by_number_by_text_and_mixed() {
    let mut b = bench();
    upload(&mut b, "f", b"x");
    let (again, missing) = ("AT+QFUPL=\"f\",1", "AT+QFDWL=\"g\"");
    assert_eq!((b.at(again), b.at(missing)), (cme(407), cme(405)));
    b.ok("AT+CMEE=0");
    assert_eq!(b.at(again), ERROR);
    b.ok("AT+CMEE=2");
    assert_eq!(b.at(again), lines(&["+CME ERROR: file already exist"]));
    assert_eq!(b.at(missing), lines(&["+CME ERROR: file not found"]));

    let mut b = Bench::new(Settings {
        profile: Profile::by_name("eg800k").unwrap(),
        ..Settings::default()
    });
    upload(&mut b, "f", b"x");
    b.ok("AT+CMEE=2");
    assert_eq!(b.at(again), lines(&["+CME ERROR: file already exist"]));
    assert_eq!(b.at(missing), cme(405));
    b.at("AT+QFUPL=\"s\",9,1");
    assert!(b.wait(1).ends_with(&cme(421)));
}
