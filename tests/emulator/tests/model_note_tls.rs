//! Chapter 5.2 of the application note, line for line, up to the hub inside.

use atmqtt_emulator::machine::Machine;
use atmqtt_emulator::module::Settings;
use std::time::Duration;

/// Types, and gives back what a terminal shows.
struct Terminal(Machine);

impl Terminal {
    fn typed(&mut self, bytes: &[u8]) -> String {
        self.0.input(Duration::ZERO, bytes);
        self.0.run_until(Duration::ZERO);
        String::from_utf8(self.0.take_serial()).unwrap()
    }
}

/// A file of this size, and the checksum that the module must find.
fn made_up(fill: &str, size: usize) -> (Vec<u8>, String) {
    let bytes: Vec<u8> = fill.bytes().cycle().take(size).collect();
    let mut sum = [0, 0];
    for (index, byte) in bytes.iter().enumerate() {
        sum[index % 2] ^= byte;
    }
    (bytes, format!("{:x}", u16::from_be_bytes(sum)))
}

/// The sizes are the note's; what is in its files is not known, so the checksums are others.
#[test]
fn chapter_5_2() {
    let mut t = Terminal(Machine::new(Settings::default(), Duration::ZERO));
    let mut sums = Vec::new();
    let mut shown = String::new();
    for line in CHAPTER_5_2.lines() {
        let Some(command) = line.strip_suffix('#') else {
            continue;
        };
        shown += &t.typed(format!("{command}\r").as_bytes());
        if command.starts_with("AT+QFUPL=") {
            let size = command.split(',').nth(1).unwrap().parse().unwrap();
            let (bytes, sum) = made_up("-----BEGIN CERTIFICATE-----\nMIID", size);
            sums.push(sum);
            shown += &t.typed(&bytes);
        } else if command.starts_with("AT+QMTPUBEX=") {
            shown += &t.typed(b"This is publish data from client");
        }
    }
    let mut expected = CHAPTER_5_2.to_owned();
    for sum in &sums {
        expected = expected.replacen("CHECKSUM", sum, 1);
    }
    let expected = expected.replace('\n', "\r\n").replace("#\r\n", "\r\r\n");
    assert_eq!(shown, expected);
    assert_eq!(sums.len(), 3);
    assert_eq!(t.0.hub().published().len(), 1);
}

/// `#` stands for the CR of a typed line.
const CHAPTER_5_2: &str = r##"AT+QMTCFG="recv/mode",0,0,1#
OK
AT+QMTCFG="SSL",0,1,2#
OK
AT+QFUPL="UFS:cacert.pem",1758,100#
CONNECT

+QFUPL: 1758,CHECKSUM

OK
AT+QFUPL="UFS:client.pem",1220,100#
CONNECT

+QFUPL: 1220,CHECKSUM

OK
AT+QFUPL="UFS:user_key.pem",1679,100#
CONNECT

+QFUPL: 1679,CHECKSUM

OK
AT+QSSLCFG="cacert",2,"UFS:cacert.pem"#
OK
AT+QSSLCFG="clientcert",2,"UFS:client.pem"#
OK
AT+QSSLCFG="clientkey",2,"UFS:user_key.pem"#
OK
AT+QSSLCFG="secllevel",2,2#
OK
AT+QSSLCFG="sslversion",2,4#
OK
AT+QSSLCFG="ciphersuite",2,0xFFFF#
OK
AT+QSSLCFG="ignorelocaltime",2,1#
OK
AT+QMTOPEN=0,"a1zgnxur10j8ux.iot.us-east-1.amazonaws.com",8883#
OK

+QMTOPEN: 0,0
AT+QMTCONN=0,"M26_0206"#
OK

+QMTCONN: 0,0,0
AT+QMTSUB=0,1,"$aws/things/M26_0206/shadow/update/accepted",1#
OK

+QMTSUB: 0,1,0,1
AT+QMTPUBEX=0,1,1,0,"$aws/things/M26_0206/shadow/update/accepted",32#
> 
OK

+QMTPUBEX: 0,1,0

+QMTRECV: 0,1,"$aws/things/M26_0206/shadow/update/accepted",32,"This is publish data from client"
AT+QMTDISC=0#
OK

+QMTDISC: 0,0
"##;
