//! The ways to connect a phone number to WhatsApp.

use std::str::FromStr;

/// Which number is connected, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionType {
    /// One of the client's own, which Meta verifies with the client.
    ClientNumber,
    /// One of ours that is assigned to the invitation: we hear the code.
    Preassigned,
    /// The one of the client's WhatsApp Business App, which stays in use.
    Coexistence,
}

/// Text that names no way to connect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no way to connect a number")]
pub struct InvalidConnection(pub String);

impl ConnectionType {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::ClientNumber, Self::Preassigned, Self::Coexistence];

    /// The name in the REST API, where a number that is pre-assigned is said by its id.
    pub const fn api_name(self) -> &'static str {
        match self {
            Self::ClientNumber | Self::Preassigned => "whatsapp_waba",
            Self::Coexistence => "whatsapp_coexistence",
        }
    }

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientNumber => "client_number",
            Self::Preassigned => "preassigned",
            Self::Coexistence => "coexistence",
        }
    }
}

impl FromStr for ConnectionType {
    type Err = InvalidConnection;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|connection| connection.as_str() == text);
        named.ok_or_else(|| InvalidConnection(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_read_back_from_its_name() {
        for connection in ConnectionType::ALL {
            assert_eq!(connection.as_str().parse(), Ok(connection));
        }
        assert_eq!("sms".parse::<ConnectionType>(), Err(InvalidConnection("sms".to_owned())));
    }
}
