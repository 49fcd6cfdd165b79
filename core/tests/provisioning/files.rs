//! `modem.files()`.

use atmqtt::{ErrorKind, Files, UploadOptions};

use crate::peer::{Peer, Reply, answer, cme, kind, say};

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n * 31 + n / 256) as u8).collect()
}

#[test]
fn an_upload_replaces_and_is_byte_for_byte() {
    let peer = Peer::plain();
    peer.put("ca.pem", b"old");
    let new = b"\r\nOK\r\n\0\x1a\x1b+++\xff";
    peer.files().upload("UFS:ca.pem", new).unwrap();
    let mut expected = b"AT+QFDEL=\"ca.pem\"\rAT+QFUPL=\"ca.pem\",13,10\r".to_vec();
    expected.extend_from_slice(new);
    assert_eq!(peer.sent(), expected);
    assert_eq!(peer.has("ca.pem").unwrap(), new);
}

#[test]
fn a_missing_old_file_is_fine_in_numbers_and_words() {
    for said in ["405", "file not found"] {
        let peer =
            Peer::start(move |line| line.starts_with("AT+QFDEL").then(|| cme(said)).flatten());
        peer.files().upload("a", b"x").unwrap();
        assert_eq!(peer.has("a").unwrap(), b"x");
    }
}

#[test]
fn acknowledged_kilobytes_with_progress() {
    let peer = Peer::plain();
    let data = bytes(4 * 1024 + 100);
    let mut seen = Vec::new();
    let options = UploadOptions::new()
        .ack(true)
        .timeout(60)
        .progress(|done, total| seen.push((done, total)));
    peer.files().upload_with("big.bin", &data, options).unwrap();
    assert_eq!(peer.lines()[1], "AT+QFUPL=\"big.bin\",4196,60,1");
    assert_eq!(peer.has("big.bin").unwrap(), data);
    assert_eq!(seen.first(), Some(&(0, 4196)));
    assert_eq!(seen.last(), Some(&(4196, 4196)));
    assert!(seen.len() >= 4, "{seen:?}");
    assert!(
        seen.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "{seen:?}"
    );
    assert!(
        seen[1..seen.len() - 1]
            .iter()
            .all(|(done, _)| done % 1024 == 0),
        "{seen:?}"
    );
}

#[test]
fn a_large_file_without_acknowledgement() {
    let peer = Peer::plain();
    let data = bytes(300_000);
    let mut last = (0, 0);
    let options = UploadOptions::new().progress(|done, total| last = (done, total));
    peer.files().upload_with("big.bin", &data, options).unwrap();
    assert_eq!(last, (300_000, 300_000));
    assert_eq!(peer.has("big.bin").unwrap(), data);
}

#[test]
fn progress_may_use_the_port_and_may_leave() {
    let peer = Peer::start(|line| (line == "AT+CSQ").then(|| answer("+CSQ: 20,99")).flatten());
    let modem = peer.modem.clone();
    let options = UploadOptions::new().progress(|_, _| {
        modem.signal().unwrap();
    });
    peer.files().upload_with("a", b"abc", options).unwrap();
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let options = UploadOptions::new().progress(|_, _| panic!("the caller's own"));
        peer.files().upload_with("b", b"abc", options)
    }));
    assert!(unwound.is_err());
    peer.files().upload("c", b"abc").unwrap();
}

/// An upload that is answered with these lines once the data is there.
fn ends_with(text: &'static str) -> Peer {
    Peer::start(move |line| {
        let size = line.strip_prefix("AT+QFUPL=\"a\",")?.split(',').next()?;
        let then = Box::new(move |_: &[u8]| text.as_bytes().to_vec());
        Some(Reply::Take(size.parse().unwrap(), false, then))
    })
}

#[test]
fn a_wrong_checksum_is_an_error_and_leaves_no_file() {
    let peer = ends_with("\r\n+QFUPL: 3,1234\r\n\r\nOK\r\n");
    let error = peer.files().upload("a", b"abc").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ChecksumMismatch);
    for part in [
        "AT+QFUPL",
        "checksum 1234",
        &format!("{:x}", Files::checksum(b"abc")),
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(peer.lines().last().unwrap(), "AT+QFDEL=\"a\"");
}

#[test]
fn checksums_are_numbers() {
    let peer = ends_with("\r\n+QFUPL: 3,0202\r\n\r\nOK\r\n");
    assert_eq!(Files::checksum(b"abc"), 0x0262);
    assert_eq!(
        kind(peer.files().upload("a", b"abc")),
        ErrorKind::ChecksumMismatch
    );
    let peer = ends_with("\r\n+QFUPL: 3,262\r\nOK\r\n");
    peer.files().upload("a", b"abc").unwrap();
    let peer = ends_with("+QFUPL:5,5A5A\r\nOK\r\n");
    peer.files().upload("a", b"\x5a\0\0\x5a\0").unwrap();
}

#[test]
fn another_size_or_no_confirmation_is_no_success() {
    let peer = ends_with("\r\n+QFUPL: 2,262\r\n\r\nOK\r\n");
    let error = peer.files().upload("a", b"abc").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OperationFailed);
    assert!(error.to_string().contains("2 of 3 bytes"), "{error}");
    let peer = ends_with("\r\nOK\r\n");
    assert_eq!(
        kind(peer.files().upload("a", b"abc")),
        ErrorKind::OperationFailed
    );
    let peer = Peer::start(|line| {
        line.starts_with("AT+QFUPL")
            .then(|| answer("nothing"))
            .flatten()
    });
    assert_eq!(
        kind(peer.files().upload("a", b"abc")),
        ErrorKind::OperationFailed
    );
}

#[test]
fn a_short_upload_names_what_arrived() {
    for said in ["421", "time-out"] {
        let peer = ends_with(match said {
            "421" => "\r\n+QFUPL: 2,262\r\n\r\n+CME ERROR: 421\r\n",
            _ => "\r\n+QFUPL: 2,262\r\n\r\n+CME ERROR: time-out\r\n",
        });
        let error = peer.files().upload("a", b"abc").unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::CmeError, Some(421))
        );
        assert!(
            error.to_string().contains("received 2 of 3 bytes"),
            "{error}"
        );
        assert_eq!(peer.lines().last().unwrap(), "AT+QFDEL=\"a\"");
    }
}

#[test]
fn a_file_that_stays_is_never_success() {
    for said in ["407", "file already exist"] {
        let peer = Peer::start(move |line| match line {
            line if line.starts_with("AT+QFDEL") => cme("418"),
            line if line.starts_with("AT+QFUPL") => cme(said),
            _ => None,
        });
        peer.put("a", b"stale");
        let error = peer.files().upload("a", b"abc").unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::CmeError, Some(407))
        );
        for part in ["a (AT+QFDEL before it: ", "418", "407"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        assert_eq!(peer.has("a").unwrap(), b"stale");
        assert_eq!(peer.lines(), ["AT+QFDEL=\"a\"", "AT+QFUPL=\"a\",3,10"]);
    }
}

#[test]
fn a_full_drive_is_told_with_its_room() {
    for number in ["403", "420"] {
        let peer =
            Peer::start(move |line| line.starts_with("AT+QFUPL").then(|| cme(number)).flatten());
        let error = peer.files().upload("a", b"abc").unwrap_err();
        assert_eq!(error.code(), number.parse().ok());
        assert!(
            error
                .to_string()
                .contains("180224 of 286720 bytes are free"),
            "{error}"
        );
    }
}

#[test]
fn downloads_in_blocks_hold_anything() {
    let peer = Peer::plain();
    let mut data =
        b"\r\nOK\r\n\0CONNECT 5\r\n+QMTRECV: 0,0,\"t\",3,\"x\r\n+QMTSTAT: 0,1\r\nRDY\r\n".to_vec();
    data.extend(bytes(3000));
    data.extend_from_slice(b"\r\nERROR\r\n+CME ERROR: 5\r\n>");
    peer.put("a.bin", &data);
    assert_eq!(peer.files().download("ufs:a.bin").unwrap(), data);
    let size = data.len() % 1024;
    assert_eq!(
        peer.lines(),
        [
            "AT+QFLST=\"a.bin\"".to_owned(),
            "AT+QFOPEN=\"a.bin\",2".to_owned(),
            "AT+QFREAD=3000,1024".to_owned(),
            "AT+QFREAD=3000,1024".to_owned(),
            "AT+QFREAD=3000,1024".to_owned(),
            format!("AT+QFREAD=3000,{size}"),
            "AT+QFCLOSE=3000".to_owned(),
        ]
    );
    peer.put("empty", b"");
    assert_eq!(peer.files().download("empty").unwrap(), b"");
    let error = peer.files().download("gone").unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::CmeError, Some(405))
    );
}

#[test]
fn a_download_that_ends_early_is_an_error_and_closes_the_file() {
    for early in [
        "\r\nCONNECT 0\r\n\r\nOK\r\n",
        "\r\n+CME ERROR: 402\r\n",
        "\r\nOK\r\n",
    ] {
        let peer =
            Peer::start(move |line| line.starts_with("AT+QFREAD").then(|| say(early)).flatten());
        peer.put("a", b"abc");
        let error = peer.files().download("a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OperationFailed, "{error}");
        assert_eq!(peer.lines().last().unwrap(), "AT+QFCLOSE=3000");
    }
}

#[test]
fn lines_printed_into_a_download_are_noticed() {
    let peer = Peer::start(|line| {
        line.starts_with("AT+QFREAD")
            .then(|| say("\r\nCONNECT 5\r\nab\r\n+QIND: x\r\ncde\r\nOK\r\n"))
            .flatten()
    });
    peer.put("a", b"abcde");
    let error = peer.files().download("a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OperationFailed, "{error}");
    assert_eq!(peer.files().list("*").unwrap().len(), 1);
}

#[test]
fn listings_sizes_space_and_deletion() {
    let peer = Peer::plain();
    assert_eq!(peer.files().list("*").unwrap(), []);
    peer.put("a.pem", b"abc");
    peer.put("b.pem", b"");
    let listed = peer.files().list("UFS:*.pem").unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|file| (file.name.as_str(), file.size))
        .collect();
    assert_eq!(listed, [("a.pem", 3), ("b.pem", 0)]);
    assert_eq!(peer.lines(), ["AT+QFLST=\"*\"", "AT+QFLST=\"*.pem\""]);
    assert_eq!(peer.files().size("UFS:a.pem").unwrap(), Some(3));
    assert_eq!(peer.files().size("c.pem").unwrap(), None);
    peer.files().delete("a.pem").unwrap();
    let gone = peer.files().delete("a.pem").unwrap_err();
    assert_eq!(gone.code(), Some(405));
    assert!(
        gone.to_string().contains("a.pem (405: file not found)"),
        "{gone}"
    );
    let space = peer.files().space().unwrap();
    assert_eq!((space.free, space.total), (180_224, 286_720));
}

#[test]
fn ensure_uploads_only_what_differs() {
    let peer = Peer::plain();
    let files = peer.files();
    assert!(files.ensure("a", b"abc").unwrap());
    peer.lines();
    assert!(!files.ensure("a", b"abc").unwrap());
    assert!(!peer.lines().iter().any(|line| line.starts_with("AT+QFUPL")));
    assert!(files.ensure("a", b"abd").unwrap(), "same size, other bytes");
    assert!(files.ensure("a", b"abcd").unwrap(), "other size");
    assert_eq!(peer.has("a").unwrap(), b"abcd");
}

#[test]
fn what_cannot_be_read_back_is_written_again() {
    let peer = Peer::start(|line| line.starts_with("AT+QFOPEN").then(|| cme("410")).flatten());
    peer.put("a", b"abc");
    assert!(peer.files().ensure("a", b"abc").unwrap());
}

#[test]
fn bad_names_and_numbers_send_nothing() {
    let peer = Peer::plain();
    let files = peer.files();
    let long = "x".repeat(81);
    for bad in [
        "",
        "a\"b",
        "a\",1\rAT+CFUN=0\r",
        "a\n",
        "a\0",
        "../a",
        "*",
        "SD:a",
        &long,
    ] {
        for result in [
            files.upload(bad, b"x"),
            files.ensure(bad, b"x").map(drop),
            files.download(bad).map(drop),
            files.delete(bad),
            files.size(bad).map(drop),
        ] {
            let error = result.expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert!(error.to_string().contains("file name"), "{error}");
        }
    }
    assert_eq!(kind(files.list("a\"*")), ErrorKind::InvalidArgument);
    assert_eq!(kind(files.upload("a", b"")), ErrorKind::InvalidArgument);
    let options = UploadOptions::new().timeout(0);
    let error = files.upload_with("a", b"x", options).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("time-out in seconds is 0; it must be 1..=65535"),
        "{error}"
    );
    assert_eq!(peer.sent(), b"");
}

#[test]
fn a_caller_may_leave_and_the_upload_goes_on() {
    let peer = Peer::plain();
    let impatient = peer
        .modem
        .with_timeout(std::time::Duration::from_millis(100));
    let data = bytes(4096);
    for progress in [true, false] {
        let mut options = UploadOptions::new().ack(true);
        if progress {
            options = options.progress(|_, _| {});
        }
        let error = impatient
            .files()
            .upload_with("a", &data, options)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unconfirmed, "{error}");
        assert_eq!(peer.files().size("a").unwrap(), Some(4096));
    }
}
