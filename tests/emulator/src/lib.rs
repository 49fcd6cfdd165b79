//! An emulated Quectel module.

pub mod cli;
pub mod fault;
pub mod hub;
pub mod loopback;
pub mod machine;
pub mod module;
pub mod network;
pub mod packet;
pub mod profile;
pub mod runtime;
pub mod trace;
