//! QR codes as drawings that stand in the page: no request, and sharp at each size.

use maud::{Markup, PreEscaped, html};
use qrcode::QrCode;
use qrcode::render::svg;

/// A QR code of some text, with the words that tell what it is; nothing when the text is too long for one.
pub(in crate::web) fn code(text: &str, label: &str) -> Markup {
    let Ok(code) = QrCode::new(text) else { return html! {} };
    let drawing = code
        .render()
        .min_dimensions(200, 200)
        .dark_color(svg::Color("#000000"))
        .light_color(svg::Color("#ffffff"))
        .build();
    // It is made of numbers alone. A page of HTML needs no declaration of XML.
    let element = drawing.find("<svg").map_or("", |start| &drawing[start..]);
    html! { div.qr role="img" aria-label=(label) { (PreEscaped(element)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_drawing_with_a_name_and_none_of_its_text() {
        let page = code("https://invite.example.com/i/<script>", "Link \"of\" Acme").into_string();
        assert!(page.starts_with(
            "<div class=\"qr\" role=\"img\" aria-label=\"Link &quot;of&quot; Acme\"><svg"
        ));
        assert!(!page.contains("script") && !page.contains("<?xml"), "{page}");
        assert_eq!(code(&"x".repeat(10_000), "").into_string(), "");
    }
}
