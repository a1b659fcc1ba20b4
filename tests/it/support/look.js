// What axe does not measure. The browser tests put this into every page; each function returns a
// list of faults in words.
window.look = (() => {
  const seen = (css) => [...document.querySelectorAll(css)].filter((it) => it.checkVisibility() && it.getClientRects().length);
  const named = (it) => `${it.localName} "${(it.textContent.trim() || it.name || it.id).slice(0, 40)}"`;
  const PRESSED = "button, .button, a[href], summary, input:not([type=hidden])";

  // Nothing reaches out of the window, and no words out of their button or cell.
  const fits = () => {
    const faults = [];
    const over = document.scrollingElement.scrollWidth - innerWidth;
    if (over > 0) faults.push(`${over} px of sideways scrolling`);
    for (const it of seen("body *")) {
      const { left, right } = it.getBoundingClientRect();
      if (left < -0.5 || right > innerWidth + 0.5) faults.push(`${named(it)} reaches out of the window`);
    }
    for (const it of seen("button, .button, summary, h1, h2, h3, p, dt, dd, th, td, li")) {
      const wide = it.clientWidth && it.scrollWidth > it.clientWidth + 1;
      const high = it.clientHeight && it.scrollHeight > it.clientHeight + 1 && getComputedStyle(it).display !== "inline";
      if (wide || high) faults.push(`${named(it)} is cut`);
    }
    return faults;
  };

  // WCAG 2.2, 2.5.8 wants 24 px of whatever is pressed, apart from links within a sentence. Our own
  // measure for buttons and fields is 44 px.
  const targets = () => {
    const faults = [];
    for (const it of seen(PRESSED)) {
      const inSentence = it.localName === "a" && getComputedStyle(it).display === "inline";
      if (inSentence) continue;
      const { width, height } = (it.type === "checkbox" ? it.closest("label") : it).getBoundingClientRect();
      const least = it.localName === "a" && !it.matches(".button") ? 24 : 44;
      if (width < least - 0.01 || height < least - 0.01) {
        faults.push(`${named(it)} is ${width.toFixed(1)} x ${height.toFixed(1)} px`);
      }
    }
    return faults;
  };

  // Somebody asked for less motion: there is none.
  const still = () => {
    const moving = seen("body *").filter((it) => getComputedStyle(it).transitionDuration !== "0s");
    const running = document.getAnimations().map(() => "an animation runs");
    return [...moving.map((it) => `${named(it)} moves`), ...running];
  };

  // Colours are chosen by the visitor: what can be pressed or filled in is told by a border.
  const bordered = () =>
    seen("button, .button, input:not([type=hidden], [type=checkbox])")
      .filter((it) => getComputedStyle(it).borderTopStyle !== "solid" || parseFloat(getComputedStyle(it).borderTopWidth) < 1)
      .map((it) => `${named(it)} has no border`);

  // Letters twice as large (WCAG 2.2, 1.4.4).
  const enlarge = () => (document.documentElement.style.fontSize = "200%");

  // The distances of WCAG 2.2, 1.4.12.
  const space = () => {
    document.documentElement.style.fontSize = "";
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }" +
        "p { margin-block-end: 2em !important }",
    );
    document.adoptedStyleSheets.push(sheet);
  };

  const channels = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const light = (channels) =>
    channels
      .map((value) => Math.min(Math.max(value, 0), 255) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
      .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  // `invert(1) hue-rotate(180deg)`, as mail programs do that know dark surroundings by force only.
  const turned = ([r, g, b]) => {
    const [x, y, z] = [255 - r, 255 - g, 255 - b];
    return [-0.574 * x + 1.43 * y + 0.144 * z, 0.426 * x + 0.43 * y + 0.144 * z, 0.426 * x + 1.43 * y - 0.856 * z];
  };
  const ground = (it) => {
    for (let at = it; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };

  // Whatever axe would say of the contrast if it knew of filters.
  const readableWhenTurned = () => {
    const faults = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const it = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !it.checkVisibility()) continue;
      const [a, b] = [channels(getComputedStyle(it).color), ground(it)].map((color) => light(turned(color)));
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) faults.push(`${named(it)}: contrast ${ratio.toFixed(2)}`);
    }
    return faults;
  };

  // axe, told in short: each rule with the places that break it.
  const axe = (options) =>
    window.axe
      .run(document, { resultTypes: ["violations"], ...options })
      .then(({ violations }) =>
        violations.map(({ id, nodes }) => `axe ${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`),
      );

  return { fits, targets, still, bordered, enlarge, space, readableWhenTurned, axe };
})();
