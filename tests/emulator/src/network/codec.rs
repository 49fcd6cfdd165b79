//! Packets to bytes and back, by the crate `mqtt-proto`.

use crate::packet::{Connect, Packet, Publish};
use mqtt_proto::v3::{self, SubscribeReturnCode};
use mqtt_proto::{Pid, PollHeader as _, Protocol, QoS, QosPid, TopicFilter, TopicName};

/// The largest packet that is taken from a broker, with its header.
pub(super) const LARGEST: usize = 256 << 10;

/// The longest string and the longest binary field.
const FIELD: usize = u16::MAX as usize;

/// Not a packet that MQTT allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

impl From<mqtt_proto::Error> for Malformed {
    fn from(_: mqtt_proto::Error) -> Self {
        Self
    }
}

/// Appends what a client sends for this packet.
pub(super) fn encode(packet: Packet, to: &mut Vec<u8>) -> Result<(), Malformed> {
    let packet = match packet {
        Packet::Connect(connect) => v3::Packet::Connect(connect_packet(connect)?),
        Packet::Publish(publish) => v3::Packet::Publish(publish_packet(publish)?),
        Packet::PubAck(id) => v3::Packet::Puback(Pid::try_from(id)?),
        Packet::PubRec(id) => v3::Packet::Pubrec(Pid::try_from(id)?),
        Packet::PubRel(id) => v3::Packet::Pubrel(Pid::try_from(id)?),
        Packet::PubComp(id) => v3::Packet::Pubcomp(Pid::try_from(id)?),
        Packet::Subscribe { id, filters } => {
            let filter = |(filter, qos): &(String, u8)| {
                Ok((TopicFilter::try_from(filter.as_str())?, QoS::from_u8(*qos)?))
            };
            let topics = filters.iter().map(filter).collect::<Result<_, Malformed>>();
            v3::Subscribe::new(Pid::try_from(id)?, topics?).into()
        }
        Packet::Unsubscribe { id, filters } => {
            let filter = |filter: &String| TopicFilter::try_from(filter.as_str());
            let topics = filters.iter().map(filter).collect::<Result<_, _>>();
            v3::Unsubscribe::new(Pid::try_from(id)?, topics?).into()
        }
        Packet::PingReq => v3::Packet::Pingreq,
        Packet::Disconnect => v3::Packet::Disconnect,
        // What only a broker sends.
        Packet::ConnAck { .. } | Packet::SubAck { .. } | Packet::UnsubAck(_) | Packet::PingResp => {
            return Err(Malformed);
        }
    };
    to.extend_from_slice(packet.encode()?.as_ref());
    Ok(())
}

fn connect_packet(connect: Connect) -> Result<v3::Connect, Malformed> {
    let protocol = match connect.level {
        3 => Protocol::V310,
        4 => Protocol::V311,
        _ => return Err(Malformed),
    };
    let will = connect.will.map(|will| {
        let message = short(will.payload)?;
        Ok::<_, Malformed>(v3::LastWill {
            qos: QoS::from_u8(will.qos)?,
            retain: will.retain,
            topic_name: TopicName::try_from(will.topic.as_str())?,
            message: message.into(),
        })
    });
    Ok(v3::Connect {
        protocol,
        clean_session: connect.clean_session,
        keep_alive: connect.keep_alive,
        client_id: short(connect.client_id)?.into(),
        last_will: will.transpose()?,
        username: connect.username.map(short).transpose()?.map(Into::into),
        password: connect.password.map(short).transpose()?.map(Into::into),
    })
}

/// A field whose length can be written in two bytes.
fn short<T: AsRef<[u8]>>(field: T) -> Result<T, Malformed> {
    if field.as_ref().len() > FIELD {
        return Err(Malformed);
    }
    Ok(field)
}

fn publish_packet(publish: Publish) -> Result<v3::Publish, Malformed> {
    let qos_pid = match publish.qos {
        0 => QosPid::Level0,
        1 => QosPid::Level1(Pid::try_from(publish.id)?),
        2 => QosPid::Level2(Pid::try_from(publish.id)?),
        _ => return Err(Malformed),
    };
    Ok(v3::Publish {
        dup: publish.dup,
        retain: publish.retain,
        qos_pid,
        topic_name: TopicName::try_from(publish.topic.as_str())?,
        payload: publish.payload.into(),
    })
}

/// Takes the first packet off what was received from a broker; `None` when it is not complete.
pub(super) fn decode(received: &mut Vec<u8>) -> Result<Option<Packet>, Malformed> {
    let Some((header, body)) = frame(received)? else {
        return Ok(None);
    };
    let (Ok(length), Ok(total)) = (body.len().try_into(), body.end.try_into()) else {
        return Err(Malformed);
    };
    let parsed = v3::Header::new_with(header, length, total)?;
    let packet = match parsed.build_empty_packet() {
        Some(_) if !body.is_empty() => return Err(Malformed),
        Some(packet) => packet,
        None => {
            let mut used = 0;
            let packet = parsed.decode_buffer(&received[body.clone()], &mut used)?;
            if used != body.len() {
                return Err(Malformed);
            }
            packet
        }
    };
    received.drain(..body.end);
    from_broker(packet).map(Some)
}

/// The first byte, and where the rest behind the length is, once it is all there.
fn frame(received: &[u8]) -> Result<Option<(u8, std::ops::Range<usize>)>, Malformed> {
    let Some((header, rest)) = received.split_first() else {
        return Ok(None);
    };
    // What is not MQTT is not waited for.
    v3::Header::new_with(*header, 0, 0)?;
    let mut length = 0;
    for (place, byte) in rest.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            let start = place + 2;
            let end = start + length;
            if end > LARGEST {
                return Err(Malformed);
            }
            return Ok((end <= received.len()).then_some((*header, start..end)));
        }
    }
    if rest.len() < 4 {
        return Ok(None);
    }
    Err(Malformed)
}

fn from_broker(packet: v3::Packet) -> Result<Packet, Malformed> {
    Ok(match packet {
        v3::Packet::Connack(connack) => Packet::ConnAck {
            session_present: connack.session_present,
            code: connack.code as u8,
        },
        v3::Packet::Publish(publish) => {
            if publish.topic_name.is_empty() {
                return Err(Malformed);
            }
            Packet::Publish(Publish {
                id: publish.qos_pid.pid().map_or(0, Pid::value),
                topic: publish.topic_name.to_string(),
                payload: publish.payload.into(),
                qos: publish.qos_pid.qos() as u8,
                retain: publish.retain,
                dup: publish.dup,
            })
        }
        v3::Packet::Puback(id) => Packet::PubAck(id.value()),
        v3::Packet::Pubrec(id) => Packet::PubRec(id.value()),
        v3::Packet::Pubrel(id) => Packet::PubRel(id.value()),
        v3::Packet::Pubcomp(id) => Packet::PubComp(id.value()),
        v3::Packet::Suback(suback) => {
            let code = |code: &SubscribeReturnCode| match code {
                SubscribeReturnCode::MaxLevel0 => 0,
                SubscribeReturnCode::MaxLevel1 => 1,
                SubscribeReturnCode::MaxLevel2 => 2,
                SubscribeReturnCode::Failure => 128,
            };
            Packet::SubAck {
                id: suback.pid.value(),
                codes: suback.topics.iter().map(code).collect(),
            }
        }
        v3::Packet::Unsuback(id) => Packet::UnsubAck(id.value()),
        v3::Packet::Pingresp => Packet::PingResp,
        // What only a client sends.
        v3::Packet::Connect(_)
        | v3::Packet::Subscribe(_)
        | v3::Packet::Unsubscribe(_)
        | v3::Packet::Pingreq
        | v3::Packet::Disconnect => return Err(Malformed),
    })
}

#[cfg(test)]
mod tests;
