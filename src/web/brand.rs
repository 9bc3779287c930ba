//! How a company shows itself: its name and its logo above a page, its colour in a style of its own.
//!
//! Whoever has no valid token sees none of it. The style holds nothing but a colour, so it may be
//! anybody's; the logo has an address below the invitation.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::WebState;
use super::address::Address;
use super::assets::hash;
use super::error::WebError;
use crate::domain::{Brand, Colour, InvitationToken, LogoVersion, Theme};

/// A company, as the page of an invitation shows it.
#[derive(Clone, Copy)]
pub(super) struct BrandView<'a> {
    pub(super) brand: &'a Brand,
    /// Of the invitation.
    pub(super) token: &'a str,
    /// How its pages look; `None` as the browser asks.
    pub(super) theme: Option<Theme>,
}

/// What text in a brand's colour stands on, in light and in dark: `--ground` and `--surface` of
/// `style.css` and of `dark.css`.
const LIGHT_GROUNDS: [Colour; 2] = [Colour::of(0xf4, 0xf6, 0xf5), Colour::of(0xff, 0xff, 0xff)];
const DARK_GROUNDS: [Colour; 2] = [Colour::of(0x0f, 0x15, 0x13), Colour::of(0x18, 0x21, 0x1e)];

/// The least contrast of text (WCAG 2.2, 1.4.3, level AA).
const READABLE: f64 = 4.5;

/// The least contrast of what has to be seen (WCAG 2.2, 1.4.11).
const VISIBLE: f64 = 3.0;

/// From here on white is what people expect on a colour, and a shade darker makes it readable.
const NEARLY_READABLE: f64 = 3.0;

/// The company above a page. The image says nothing that its name does not.
pub(super) fn header(view: BrandView<'_>) -> Markup {
    let BrandView { brand, token, .. } = view;
    html! {
        header.brand {
            @if let Some(logo) = &brand.logo {
                img.logo src={ "/i/" (token) "/logo/" (logo.as_str()) } alt="";
            }
            p.company { bdi { (brand.company) } }
        }
    }
}

/// The address of the style of a colour.
pub(super) fn style_path(colour: Colour, theme: Option<Theme>) -> String {
    format!("/assets/{}", style_name(colour, theme))
}

/// The colour's own name is part of it, and the hash of what follows from it.
fn style_name(colour: Colour, theme: Option<Theme>) -> String {
    let name = colour.to_string();
    format!("brand.{}.{}.css", &name[1..], hash(&style(colour, theme)))
}

/// The style that has this name.
pub(super) fn style_of(name: &str) -> Option<String> {
    let colour: Colour = name.strip_prefix("brand.")?.split('.').next()?.parse().ok()?;
    [None, Some(Theme::Light), Some(Theme::Dark)]
        .into_iter()
        .find(|theme| style_name(colour, *theme) == name)
        .map(|theme| style(colour, theme))
}

/// What is filled, and what stands on it: the colour itself with black, or with white where a little
/// darker is dark enough.
fn filled(colour: Colour) -> (Colour, Colour) {
    if colour.contrast(Colour::WHITE) >= NEARLY_READABLE {
        (colour.towards(Colour::BLACK, &[Colour::WHITE], READABLE), Colour::WHITE)
    } else {
        (colour, Colour::BLACK)
    }
}

/// What is filled with a colour, and the text on it: in light, and in dark.
pub(super) fn fills(colour: Colour) -> [(Colour, Colour); 2] {
    let in_dark = colour.towards(Colour::WHITE, &DARK_GROUNDS, VISIBLE);
    [filled(colour), filled(in_dark)]
}

/// Text and lines have the colour as far as it can be read on what they stand on. In the dark, what is
/// filled has it as far as it can be seen; in the light its border is enough, for yellow that is dark is
/// no yellow.
fn style(colour: Colour, theme: Option<Theme>) -> String {
    let [(brand, on_brand), (dark_brand, on_dark_brand)] = fills(colour);
    let light = colour.towards(Colour::BLACK, &LIGHT_GROUNDS, READABLE);
    let dark = colour.towards(Colour::WHITE, &DARK_GROUNDS, READABLE);
    let root = |brand, on_brand, accent| {
        format!(":root{{--brand:{brand};--on-brand:{on_brand};--accent:{accent}}}")
    };
    let light = root(brand, on_brand, light);
    let dark = root(dark_brand, on_dark_brand, dark);
    match theme {
        None => format!("{light}\n@media (prefers-color-scheme: dark){{{dark}}}\n"),
        Some(Theme::Light) => format!("{light}\n"),
        Some(Theme::Dark) => format!("{dark}\n"),
    }
}

/// `GET /i/{token}/logo/{version}`. Another image has another address, so a browser may keep it; nobody
/// between us and the browser may, since it is for whoever has the link.
pub(super) async fn logo(
    State(state): State<WebState>,
    Address((token, version)): Address<(String, String)>,
) -> Result<Response, WebError> {
    let (token, now) = (InvitationToken::from_text(token), state.clock.now());
    let version = LogoVersion::from_text(version);
    let read = state.store.read(move |reader| {
        let Some(invitation) = reader.invitation_by_token(&token, now)? else { return Ok(None) };
        reader.logo(&invitation.project, &version)
    });
    let logo = read.await?.ok_or(WebError::NotFound)?;
    let headers = [
        (CONTENT_TYPE, logo.kind().media_type()),
        (CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    Ok((headers, logo.bytes().to_vec()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colour that a style gives this name, the `index`th time it does.
    fn given(style: &str, name: &str, index: usize) -> Colour {
        let part = style.split(&format!("{name}:")).nth(index + 1).unwrap();
        part.trim_start()[..7].parse().unwrap()
    }

    #[test]
    fn text_in_and_on_every_colour_can_be_read_in_light_and_dark() {
        let channel = || (0..=u8::MAX).step_by(17);
        for red in channel() {
            for (green, blue) in channel().flat_map(|green| channel().map(move |b| (green, b))) {
                let colour = Colour::of(red, green, blue);
                let style = style(colour, None);
                for (index, grounds) in [LIGHT_GROUNDS, DARK_GROUNDS].iter().enumerate() {
                    let named = ["--brand", "--on-brand", "--accent"];
                    let [brand, on_brand, accent] = named.map(|name| given(&style, name, index));
                    let contrast = on_brand.contrast(brand);
                    assert!(contrast >= READABLE, "{colour}: {on_brand} on {brand}");
                    for ground in grounds {
                        assert!(accent.contrast(*ground) >= READABLE, "{colour} as {accent}");
                        let is_seen = index == 0 || brand.contrast(*ground) >= VISIBLE;
                        assert!(is_seen, "{colour} as {brand}");
                    }
                }
            }
        }
    }

    #[test]
    fn text_without_a_brand_can_be_read_as_well_and_the_grounds_are_those_of_the_style() {
        let (light, dark) =
            (include_str!("../../assets/style.css"), include_str!("../../assets/dark.css"));
        for (style, grounds) in [(light, LIGHT_GROUNDS), (dark, DARK_GROUNDS)] {
            let named = ["--ground", "--surface"].map(|name| given(style, name, 0));
            assert_eq!(named, grounds);
            for name in ["--text", "--quiet", "--accent", "--doubt", "--danger"] {
                let colour = given(style, name, 0);
                for ground in grounds {
                    assert!(colour.contrast(ground) >= READABLE, "{name} {colour} on {ground}");
                }
            }
            let fill = given(style, "--brand", 0);
            assert!(given(style, "--on-brand", 0).contrast(fill) >= READABLE);
        }
    }

    #[test]
    fn a_style_is_found_by_its_whole_name_in_each_theme() {
        let colour: Colour = "#0a7c66".parse().unwrap();
        for theme in [None, Some(Theme::Light), Some(Theme::Dark)] {
            let name = style_name(colour, theme);
            assert_eq!(style_of(&name), Some(style(colour, theme)));
            assert_eq!(style_path(colour, theme), format!("/assets/{name}"));
            for other in ["", "brand", "brand.0a7c66.css", &name.replace("0a7c66", "0a7c67")] {
                assert_eq!(style_of(other), None, "{other}");
            }
        }
        let both = style(colour, None);
        for theme in [Theme::Light, Theme::Dark] {
            let one = style(colour, Some(theme));
            assert!(both.contains(one.trim()) && !one.contains("@media"), "{one}");
        }
    }
}
