use super::*;

fn round_trip(setting: Setting, line: &str) {
    let written = setting.write(3).unwrap();
    assert_eq!(
        std::str::from_utf8(written.line.as_bytes()).unwrap(),
        format!("AT+QMTCFG={line}")
    );
    let name = format!("\"{}\",3,", setting.name().wire_name());
    let values = line.strip_prefix(&name).unwrap();
    assert_eq!(
        Setting::read(setting.name(), Fields::new(values.as_bytes())),
        Some(setting)
    );
}

#[test]
fn every_setting_is_written_and_read() {
    round_trip(Setting::Version(Version::V3_1), "\"version\",3,3");
    round_trip(Setting::Version(Version::V3_1_1), "\"version\",3,4");
    round_trip(Setting::PdpContext(15), "\"pdpcid\",3,15");
    round_trip(Setting::Tls(Transport::Tcp), "\"ssl\",3,0");
    round_trip(Setting::Tls(Transport::Tls(2)), "\"ssl\",3,1,2");
    round_trip(Setting::KeepAlive(3600), "\"keepalive\",3,3600");
    round_trip(Setting::CleanSession(false), "\"session\",3,0");
    round_trip(
        Setting::Timeout(PacketTimeout {
            seconds: 60,
            retries: 10,
            notice: true,
        }),
        "\"timeout\",3,60,10,1",
    );
    round_trip(Setting::Will(None), "\"will\",3,0");
    round_trip(
        Setting::Will(Some(
            Will::new("a,b", "c d").qos(QoS::ExactlyOnce).retain(true),
        )),
        "\"will\",3,1,2,1,\"a,b\",\"c d\"",
    );
    round_trip(Setting::WillEx(None), "\"willex\",3,0");
    round_trip(
        Setting::Receive(Delivery::Stored, true),
        "\"recv/mode\",3,1,1",
    );
    round_trip(
        Setting::AliAuth(AliAuth {
            product_key: "k".into(),
            device_name: "n".into(),
            device_secret: "s".into(),
        }),
        "\"aliauth\",3,\"k\",\"n\",\"s\"",
    );
    round_trip(Setting::PingReport(5), "\"qmtping\",3,5");
    round_trip(Setting::SendMode(Format::Hex), "\"send/mode\",3,1");
    round_trip(
        Setting::OneNet(OneNet {
            product_id: "p".into(),
            access_key: "k".into(),
        }),
        "\"onenet\",3,\"p\",\"k\"",
    );
    round_trip(
        Setting::HwAuth(HwAuth {
            product_id: "p".into(),
            device_secret: "s".into(),
            time_check: Some(true),
        }),
        "\"hwauth\",3,\"p\",\"s\",1",
    );
    round_trip(
        Setting::HwProduct(HwProduct {
            product_id: "p".into(),
            product_secret: "s".into(),
            node_id: "n".into(),
            time_check: None,
        }),
        "\"hwprodid\",3,\"p\",\"s\",\"n\"",
    );
    round_trip(
        Setting::DataFormat(Format::Text, Format::Hex),
        "\"dataformat\",3,0,1",
    );
    round_trip(Setting::ViewMode(true), "\"view/mode\",3,1");
    round_trip(Setting::EditTimeout(Some(120)), "\"edit/timeout\",3,1,120");
}

#[test]
fn willex_carries_its_message_apart() {
    let setting = Setting::from(Some(Will::new("t", &b"a\"b\r\n\0"[..])));
    let written = setting.write(0).unwrap();
    assert_eq!(
        written.line.as_bytes(),
        b"AT+QMTCFG=\"willex\",0,1,0,0,\"t\",6"
    );
    assert_eq!(written.data.as_deref(), Some(&b"a\"b\r\n\0"[..]));
    assert_eq!(
        Setting::read(SettingName::WillEx, Fields::new(b"1,0,0,\"t\",6")),
        Some(Setting::WillExLength {
            topic: "t".into(),
            qos: QoS::AtMostOnce,
            retain: false,
            length: 6
        })
    );
}

#[test]
fn ranges_are_checked_before_anything_is_sent() {
    let will = Some(Will::new("t".repeat(257), ""));
    for (setting, names) in [
        (Setting::PdpContext(0), "pdp_context is 0"),
        (Setting::Tls(Transport::Tls(6)), "tls context is 6"),
        (Setting::KeepAlive(3601), "3601"),
        (
            Setting::Timeout(PacketTimeout {
                seconds: 0,
                ..PacketTimeout::default()
            }),
            "packet timeout",
        ),
        (Setting::PingReport(4), "qmtping is 4"),
        (Setting::EditTimeout(Some(0)), "edit time is 0"),
        (Setting::Will(will), "will topic"),
        (
            Setting::WillEx(Some(Will::new("t", vec![0; 257]))),
            "will message length is 257",
        ),
    ] {
        let error = setting.write(0).err().unwrap();
        assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument);
        assert!(error.to_string().contains(names), "{error}");
    }
}

#[test]
fn names_are_found_in_either_case() {
    for name in SettingName::ALL {
        let upper = name.wire_name().to_uppercase();
        assert_eq!(SettingName::from_wire_name(&upper), Some(name));
    }
}
