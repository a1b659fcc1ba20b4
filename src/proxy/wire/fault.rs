//! Why a connection gets no further, and the status that says so.

use super::connection::CapFault;

/// What is wrong with a request head.
///
/// The text is shown to the client and logged: it names the rule, never a byte that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadFault {
    /// A line ends in LF alone; some readers see a line end there, some do not.
    #[error("a line ends in LF without CR")]
    BareLineFeed,
    /// CR inside a line.
    #[error("a line holds CR without LF")]
    BareCarriageReturn,
    /// More than one empty line before the request line (RFC 9112 section 2.2 allows one).
    #[error("more than one empty line before the request")]
    BlankLines,
    /// The head has no empty line at its end.
    #[error("the head is not complete")]
    Truncated,
    /// Not `METHOD SP target SP HTTP/1.x` (RFC 9112 section 3).
    #[error("the request line is not method, target and version")]
    RequestLine,
    /// Not a token of at most 32 characters (RFC 9110 section 9.1).
    #[error("the method is not a short token")]
    Method,
    /// TRACE and CONNECT are never served.
    #[error("the method is not served")]
    MethodRefused,
    /// An HTTP version other than 1.0 and 1.1 in an HTTP/1 head.
    #[error("the HTTP version is not served")]
    Version,
    /// Absolute, authority or asterisk form, or no form at all (RFC 9112 section 3.2).
    #[error("the target does not start with a slash")]
    TargetForm,
    /// A byte that a request target must not hold in raw form.
    #[error("the target holds a byte that must be percent-encoded")]
    TargetByte,
    /// Longer than 16 KiB.
    #[error("the target is too long")]
    TargetTooLong,
    /// A line that starts with a blank: obs-fold (RFC 9112 section 5.2).
    #[error("a field is folded over lines")]
    Folded,
    /// A field name that is empty, not a token, or followed by a blank (RFC 9112 section 5.1).
    #[error("a field name is not a token followed by a colon")]
    FieldName,
    /// A name such as `Content_Length`, which some servers read as the framing field
    /// (CVE-2025-64484 is the same trick on identity headers).
    #[error("a field name imitates a framing field")]
    FieldAlias,
    /// NUL or another control in a field value (RFC 9110 section 5.5).
    #[error("a field value holds a control character")]
    FieldValue,
    /// No Host; refused for HTTP/1.0 too, where nothing would say which site is meant.
    #[error("there is no Host")]
    HostMissing,
    /// Another host in an absolute-form target than in Host (RFC 9112 section 3.2.2).
    #[error("the target names another host than Host")]
    HostDiffers,
    /// A second Host (RFC 9112 section 3.2).
    #[error("there is more than one Host")]
    HostRepeated,
    /// Empty, or not a host with an optional port.
    #[error("Host is not a host with an optional port")]
    Host,
    /// More than one Content-Length, or a list in one (RFC 9110 section 8.6).
    #[error("there is more than one Content-Length")]
    LengthRepeated,
    /// Not 1 to 18 digits without leading zeros.
    #[error("Content-Length is not a plain number")]
    Length,
    /// Framing that does not end in one `chunked` (RFC 9112 section 6.3).
    #[error("Transfer-Encoding is not chunked")]
    Coding,
    /// A coding before `chunked` that is not understood here (RFC 9112 section 6.1: 501).
    #[error("a transfer coding is not understood")]
    CodingUnknown,
    /// Transfer-Encoding and Content-Length together (RFC 9112 section 6.3: likely smuggling).
    #[error("Transfer-Encoding and Content-Length are both there")]
    CodingAndLength,
    /// Transfer-Encoding in an HTTP/1.0 message (RFC 9112 section 6.1: faulty framing).
    #[error("Transfer-Encoding in HTTP/1.0")]
    CodingInOldVersion,
    /// Connection options that are too many, not tokens, or name a field that must not be
    /// removed on the way (CVE-2024-45410).
    #[error("Connection names what it must not")]
    ConnectionOption,
    /// An expectation other than one `100-continue` (RFC 9110 section 10.1.1).
    #[error("the expectation cannot be met")]
    Expectation,
    /// More bytes than a head may have.
    #[error("the head is too large")]
    TooLarge,
    /// More fields than a head may have.
    #[error("the head has too many fields")]
    TooManyFields,
    /// The head did not arrive in time.
    #[error("the head did not arrive in time")]
    TooSlow,
}

impl HeadFault {
    /// The HTTP status for this fault.
    pub fn status(self) -> u16 {
        match self {
            Self::MethodRefused => 405,
            Self::TooSlow => 408,
            Self::TargetTooLong => 414,
            Self::Expectation => 417,
            Self::TooLarge | Self::TooManyFields => 431,
            Self::CodingUnknown => 501,
            Self::Version => 505,
            Self::BareLineFeed
            | Self::BareCarriageReturn
            | Self::BlankLines
            | Self::Truncated
            | Self::RequestLine
            | Self::Method
            | Self::TargetForm
            | Self::HostDiffers
            | Self::TargetByte
            | Self::Folded
            | Self::FieldName
            | Self::FieldAlias
            | Self::FieldValue
            | Self::HostMissing
            | Self::HostRepeated
            | Self::Host
            | Self::LengthRepeated
            | Self::Length
            | Self::Coding
            | Self::CodingAndLength
            | Self::CodingInOldVersion
            | Self::ConnectionOption => 400,
        }
    }
}

/// Any reason to answer on the wire without asking the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// The request head is at fault.
    #[error(transparent)]
    Head(#[from] HeadFault),
    /// No place for one more connection.
    #[error(transparent)]
    Caps(#[from] CapFault),
}

impl WireFault {
    /// The HTTP status for this fault.
    pub fn status(self) -> u16 {
        match self {
            Self::Head(fault) => fault.status(),
            Self::Caps(_) => 503,
        }
    }
}
