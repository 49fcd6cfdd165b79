//! What `ModemBuilder::trace` writes: whole, without secrets, and the same again on a fresh module.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use atmqtt::{
    AliAuth, Apn, Authentication, Certificate, Client, ClientConfig, Connect, ErrorKind, HwAuth,
    HwProduct, Modem, OneNet, PacketTimeout, PrivateKey, QoS, TlsConfig, UploadOptions, Will,
};
use atmqtt_emulator::module::Settings;
use atmqtt_emulator::profile::Profile;
use atmqtt_emulator::runtime::{Chunk, Emulator};
use atmqtt_emulator::trace::{self, Direction, Mismatch};

use crate::common::{Peer, next, setup};

/// What every secret of these tests holds.
const SECRET: &str = "hunter2";
const LATENCY: Duration = Duration::from_millis(20);

fn secret(of: &str) -> String {
    format!("{SECRET}-{of}")
}

fn key() -> String {
    let line = |n| format!("{SECRET}{:057}\n", n);
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----\n",
        (0..40).map(line).collect::<String>()
    )
}

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n";

/// A modem that writes a trace, on an emulated module of this profile.
fn traced(file: &Path, profile: &str, chunk: Chunk) -> (Emulator, Modem) {
    let emulator = Emulator::builder()
        .profile(Profile::by_name(profile).unwrap())
        .latency(LATENCY)
        .chunk(chunk)
        .start()
        .unwrap();
    let modem = Modem::builder().trace(file).open(emulator.path()).unwrap();
    (emulator, modem)
}

fn replay(text: &str, profile: &str) -> Result<(), Mismatch> {
    let settings = Settings {
        profile: Profile::by_name(profile).unwrap(),
        ..Settings::default()
    };
    trace::replay(&trace::parse(text).unwrap(), settings, LATENCY)
}

#[track_caller]
fn the_same(text: &str, profile: &str) {
    if let Err(mismatch) = replay(text, profile) {
        panic!("{profile}: {mismatch}\n{text}");
    }
}

fn speak(client: &Client) {
    client
        .connect(&Connect::new("me").credentials("user", secret("password")))
        .unwrap();
    let messages = client.messages().unwrap();
    client.subscribe(&[("t/#", QoS::ExactlyOnce)]).unwrap();
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let payload = b"\r\nOK\r\n+QMTSTAT: 0,1\r\n > \"\\\x00\xff";
        client.publish("t/a", payload, qos, false).unwrap();
        assert_eq!(next(&messages).payload(), payload);
    }
    client.unsubscribe(&["t/#"]).unwrap();
    client.disconnect().unwrap();
}

/// A session with MQTT and files; the text of its trace.
fn session(file: &Path, profile: &str, chunk: Chunk) -> String {
    let (emulator, modem) = traced(file, profile, chunk);
    let client = modem.client(0).unwrap();
    // A will that needs a prompt.
    let config = ClientConfig::new()
        .keepalive(600)
        .will(Will::new("w", b"\"gone\"\r\n".as_slice()));
    client.configure(&config).unwrap();
    let files = modem.files();
    for (name, ack) in [("key.pem", false), ("again.pem", true)] {
        let options = UploadOptions::new().ack(ack);
        files.upload_with(name, key().as_bytes(), options).unwrap();
    }
    assert_eq!(files.download("key.pem").unwrap(), key().as_bytes());
    client.open("broker.example", 1883).unwrap();
    speak(&client);
    client.close().unwrap();
    assert_eq!(modem.command("AT+CSQ").unwrap().len(), 1);
    modem.command("AT+NONSENSE").unwrap_err();
    modem.close().unwrap();
    emulator.stop().unwrap();
    fs::read_to_string(file).unwrap()
}

#[test]
fn a_session_of_the_library_is_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    for (profile, chunk) in [
        ("note", Chunk::Whole),
        ("note", Chunk::Byte),
        ("note", Chunk::Random),
        ("ec600s", Chunk::Random),
        ("ec800m", Chunk::Random),
    ] {
        let text = session(&file, profile, chunk);
        assert!(!text.contains(SECRET), "{text}");
        the_same(&text, profile);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// The program, which `cargo test --workspace` and `cargo build --workspace` build.
fn program(options: &[&str]) -> (Option<i32>, String) {
    let path = std::env::current_exe().unwrap();
    let path: PathBuf = path.ancestors().nth(2).unwrap().join("atmqtt-emulator");
    assert!(
        path.exists(),
        "{} is missing: run cargo build --workspace",
        path.display()
    );
    let output = Command::new(path).args(options).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn the_program_replays_it_and_names_the_line_that_was_edited() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let text = session(&file, "note", Chunk::Whole);
    let path = file.to_str().unwrap();
    let options = ["--latency", "20", "--replay", path];
    let (code, shown) = program(&options);
    assert_eq!(code, Some(0), "{shown}{text}");
    assert!(shown.trim_end().ends_with("the same"), "{shown}");

    for (was, is) in [
        ("+QMTSUB: 0,", "+QMTSUB: 1,"),
        ("+QMTDISC: 0,0", "+QMTDISC: 0,-1"),
        ("+QFUPL: ", "+QFUPL: 1"),
        ("QMTSTAT: 0,1\\r\\n >", "QMTSTAT: 0,2\\r\\n >"),
    ] {
        let edited = text.lines().position(|line| {
            let (_, rest) = line.split_once(' ').unwrap();
            rest.starts_with("< ") && rest.contains(was)
        });
        let edited = edited.expect(was);
        let lines = text.lines().enumerate().map(|(at, line)| match at {
            at if at == edited => line.replace(was, is) + "\n",
            _ => format!("{line}\n"),
        });
        fs::write(&file, lines.collect::<String>()).unwrap();
        let (code, shown) = program(&options);
        assert_eq!(code, Some(1), "{was}: {shown}");
        let line = format!("{path}:{}:", edited + 1);
        assert!(shown.contains(&line), "{was}: {shown}, not {line}");
    }
}

#[test]
fn no_secret_of_any_kind_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    for chunk in [Chunk::Whole, Chunk::Byte, Chunk::Random] {
        let (emulator, modem) = traced(&file, "note", chunk);
        every_secret(&modem);
        modem.close().unwrap();
        emulator.stop().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        for trace in [text.clone(), unescaped(&text)] {
            assert!(!trace.contains(SECRET), "{text}");
            assert!(!trace.contains("97531357"), "a PIN: {text}");
        }
        // What is no secret is there.
        for shown in [
            "AT+QMTCONN=0,\\\"me\\\",\\\"user\\\",\\\"\\?{16}\\\"\\r",
            "\\\"hwauth\\\",0,\\\"\\?{7}\\\",\\\"\\?{14}\\\"",
            "AT+QFUPL=\\\"key.pem\\\",2654,",
            "CONNECT",
            "+QFUPL: 2654,",
            "AT+CPIN=\\?{8}\\r",
        ] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
    }
}

/// All bytes of a trace.
fn unescaped(text: &str) -> String {
    let mut sides = [Vec::new(), Vec::new()];
    for entry in trace::parse(text).unwrap() {
        sides[usize::from(entry.direction == Direction::ToHost)].extend(entry.bytes);
    }
    String::from_utf8_lossy(&sides.concat()).into_owned()
}

fn every_secret(modem: &Modem) {
    let client = modem.client(0).unwrap();
    let config = ClientConfig::new()
        .ali_auth(AliAuth {
            product_key: "product".into(),
            device_name: "device".into(),
            device_secret: secret("ali").into(),
        })
        .one_net(OneNet {
            product_id: "product".into(),
            access_key: secret("one").into(),
        })
        .hw_auth(HwAuth {
            product_id: "product".into(),
            device_secret: secret("device").into(),
            time_check: None,
        })
        .hw_product(HwProduct {
            product_id: "product".into(),
            product_secret: secret("product").into(),
            node_id: "node".into(),
            time_check: None,
        })
        .timeout(PacketTimeout::default());
    client.configure(&config).unwrap();
    // The answers have them, too.
    client.config().unwrap();
    let apn = Apn::new("internet").credentials("user", secret("apn"), Authentication::Pap);
    modem.network().set_apn(1, &apn).unwrap();
    modem.network().apn(1).unwrap();
    let tls = modem.tls(2).unwrap();
    let certificates = TlsConfig::new(Certificate::pem(CERTIFICATE))
        .client_certificate(Certificate::pem(CERTIFICATE), PrivateKey::pem(key()))
        .key_password(secret("key"));
    // Not every firmware takes a password; the command is sent all the same.
    let _ = tls.configure(&certificates);
    let _ = tls.config();
    for command in [
        "AT+CPIN=97531357",
        "AT+CLCK=\"SC\",1,\"97531357\"",
        "AT+CPWD=\"SC\",\"97531357\",\"97531357\"",
        "AT+CGAUTH=1,1,\"hunter2-auth\",\"user\"",
        "AT+QSSLCFG=\"psk\",1,\"hunter2-psk\"",
        "AT+CSQ;+CPIN=\"97531357\"",
    ] {
        let _ = modem.command(command);
    }
    let files = modem.files();
    let key = key();
    for ack in [false, true] {
        let options = UploadOptions::new().ack(ack);
        files
            .upload_with("key.pem", key.as_bytes(), options)
            .unwrap();
        assert_eq!(files.download("key.pem").unwrap(), key.as_bytes());
    }
    files.delete("key.pem").unwrap();
    modem
        .command_with_data("AT+QFUPL=\"key.pem\",2654,5", key.as_bytes())
        .unwrap();
    files.delete("key.pem").unwrap();
    client.open("broker.example", 1883).unwrap();
    let connect = Connect::new("me").credentials("user", secret("password"));
    client.connect(&connect).unwrap();
    client.disconnect().unwrap();
    client.close().unwrap();
}

#[test]
fn what_a_file_holds_is_hidden_when_its_transfer_goes_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    for fault in [
        // The line that announces the bytes is damaged in every way, or there is none.
        "flip-byte:at=QFREAD,of=info",
        "drop-byte:at=QFREAD,of=info,byte=2",
        "truncate:at=QFREAD,of=info,bytes=0",
        "truncate:at=QFREAD,of=info,bytes=11",
        "lose-final:at=QFREAD",
        "garbage:at=QFREAD,on=command,bytes=30",
        "reboot:at=QFREAD,on=final",
        "error:at=QFREAD,after=1",
        "flip-byte:at=QFUPL,of=info",
        "reboot:at=QFUPL,on=payload",
        "cme:at=QFUPL,code=403",
    ] {
        for seed in 0..2 {
            let emulator = Emulator::builder().seed(seed).start().unwrap();
            let modem = Modem::builder().trace(&file).open(emulator.path()).unwrap();
            let files = modem.files();
            let short = || UploadOptions::new().timeout(1);
            files
                .upload_with("key.pem", key().as_bytes(), short())
                .unwrap();
            emulator.inject_fault(fault.parse().unwrap());
            // Deadlines of the engine are not what is looked at here.
            let files = modem.with_timeout(Duration::from_secs(1)).files();
            let _ = files.download("key.pem");
            let _ = files.upload_with("again.pem", key().as_bytes(), short());
            modem.close().unwrap();
            emulator.stop().unwrap();
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.contains("AT+QFREAD="), "{text}");
            for trace in [text.clone(), unescaped(&text)] {
                assert!(!trace.contains(SECRET), "{fault}: {text}");
                assert!(!trace.contains("BEGIN"), "{fault}: {text}");
            }
        }
    }
}

#[test]
fn what_a_module_echoes_is_hidden_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let (modem, peer) = Peer::traced(&file, |line| {
        if let Some(answer) = setup(line) {
            return answer;
        }
        let answer = match line {
            line if line.starts_with("AT+QFDEL") => "+CME ERROR: 405",
            line if line.starts_with("AT+QFUPL") => "CONNECT",
            line if line.starts_with("AT") => "+CSQ: 1,2\r\n\r\nOK",
            _ => "+QFUPL: 99,0\r\n\r\nOK",
        };
        format!("{line}\r\r\n{answer}\r\n").into_bytes()
    });
    let data = format!("{SECRET} once\n+{SECRET}\n{SECRET}: twice\r");
    let error = modem
        .files()
        .upload("key.pem", data.as_bytes())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OperationFailed, "{error}");
    let apn = Apn::new("internet").credentials("user", secret("apn"), Authentication::Pap);
    modem.network().set_apn(1, &apn).unwrap();
    drop(modem);
    peer.ended();
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    for shown in [
        "< AT+QFUPL=\\\"key.pem\\\",37,10\\r\\r\\nCONNECT",
        "+QFUPL: 99,0",
        "< AT+QICSGP=1,1,\\\"internet\\\",\\\"user\\\",\\\"\\?{11}\\\",\\?{1}\\r",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
}

#[test]
fn a_trace_that_cannot_be_made_is_an_error() {
    let emulator = Emulator::builder().start().unwrap();
    let builder = Modem::builder().trace("/no/such/folder/trace");
    let error = builder.open(emulator.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(
        error.to_string().contains("/no/such/folder/trace"),
        "{error}"
    );
    Modem::open(emulator.path()).unwrap();
}

#[test]
fn a_disk_that_fills_up_ends_the_trace_and_not_the_port() {
    // A pipe whose reader leaves is a disk that fills up.
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let status = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(status.success());
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || {
            use std::io::BufRead as _;
            let file = fs::File::open(pipe).unwrap();
            std::io::BufReader::new(file).lines().take(2).count()
        })
    };
    let (emulator, modem) = traced(&pipe, "note", Chunk::Whole);
    assert_eq!(reader.join().unwrap(), 2);
    for _ in 0..3 {
        assert_eq!(modem.command("AT+CSQ").unwrap().len(), 1);
    }
    modem.close().unwrap();
    emulator.stop().unwrap();
}
