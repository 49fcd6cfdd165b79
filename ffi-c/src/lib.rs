//! The C interface of atmqtt: a border and nothing else. Its documentation is `include/atmqtt.h`, which is
//! made from these files in this order.
//!
//! | file | what it holds |
//! |---|---|
//! | `border` | panics, pointers, strings, the last error: every trick once |
//! | `allocated` | structs that the library allocates, with what they point to |
//! | `stream` | what arrives, taken one after the other |
//! | `callback` | what belongs to a callback of the program |
//! | the others | one noun of the header each |

#![allow(
    non_camel_case_types,
    reason = "the types have the names that C programs see"
)]
#![allow(
    clippy::missing_safety_doc,
    reason = "the header says once for all functions what pointers must be"
)]
#![allow(
    clippy::enum_variant_names,
    reason = "enumerators of C share one scope"
)]

mod allocated;
mod border;
pub mod callback;
pub mod capabilities;
pub mod client;
pub mod clock;
pub mod config;
pub mod event;
pub mod files;
pub mod info;
pub mod lines;
pub mod link;
pub mod link_options;
pub mod link_status;
pub mod log;
pub mod modem;
pub mod network;
pub mod packet;
pub mod status;
mod stream;
pub mod tls;
pub mod usb;
pub mod version;
