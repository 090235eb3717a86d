import { type Layout, type Shot, commonEnds, comparable, figure, layout, length, niceLength, table } from "./compare-figures";

const STEPS = 1000;
const NEAREST = 40;
const SLOW_MS = 300;
const KEYS =
  "Arrow keys go through the pictures, + and − zoom, 0 fits, S changes between slider and side by side; Shift and arrow keys move the view.";

type Mode = "split" | "side";
type Sides<T> = [T, T];
type Looked = Record<string, { at: number[]; mode: Mode }>;

let made = 0;
const viewers = new WeakMap<Element, Compare>();

/** Input and result over or beside each other, with one view of both: same zoom, same place, same contrast. */
export function wireCompare(): void {
  const all = () => document.querySelectorAll<HTMLElement>("[data-compare]:not([data-compare-on])").forEach((one) => viewers.set(one, new Compare(one)));
  all();
  document.addEventListener("keydown", (event) => {
    const [one, ...others] = document.querySelectorAll("[data-compare-on]");
    if (one && !others.length) viewers.get(one)?.onPage(event);
  });
  document.addEventListener("htmx:afterSettle", all);
}

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const one = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  one.append(...children);
  return one;
}

function number(text: string | undefined): number {
  return text === undefined || text === "" ? NaN : Number(text);
}

function shotOf(link: HTMLAnchorElement): Shot {
  const of = link.dataset;
  const ends: Sides<number> = [number(of.black), number(of.white)];
  const span: Sides<number> = [number(of.widthUm), number(of.heightUm)];
  return {
    url: link.href,
    name: of.name ?? "",
    caption: of.caption ?? "",
    href: of.href ?? "",
    width: number(of.width),
    height: number(of.height),
    ends: ends.every(Number.isFinite) && ends[1] > ends[0] ? ends : null,
    span: span.every((one) => one > 0) ? span : null,
  };
}

class Compare {
  private readonly links: Sides<HTMLAnchorElement[]>;
  private readonly shots: Sides<Shot[]>;
  private readonly paired: boolean;
  private readonly images: Sides<HTMLImageElement | null> = [null, null];
  private readonly panes: Sides<HTMLElement>;
  private readonly canvases: Sides<HTMLCanvasElement>;
  private readonly stage: HTMLElement;
  private readonly split: HTMLInputElement;
  private readonly handle: HTMLElement;
  private readonly bar: HTMLElement;
  private readonly says: HTMLElement;
  private readonly modes: Record<Mode, HTMLButtonElement>;
  private readonly ends: Sides<HTMLInputElement>;
  private readonly outputs: Sides<HTMLOutputElement>;
  private readonly one: HTMLInputElement;
  private readonly place: HTMLElement;
  private readonly at: Sides<number> = [0, 0];
  private readonly drawn = new Set<number>();
  /** Whose picture does not come. */
  private readonly lost = new Set<number>();
  private readonly number: number;
  private readonly pointers = new Map<number, PointerEvent>();
  private mode: Mode = "split";
  private zoom = 1;
  /** Where the middle of the view is, from the middle of the pictures, in the unit of the layout. */
  private centre: Sides<number> = [0, 0];
  private lay: Layout;

  constructor(private readonly root: HTMLElement) {
    made += 1;
    this.number = made;
    const links = (kind: string) => [...root.querySelectorAll<HTMLAnchorElement>(`[data-shots="${kind}"] [data-shot]`)];
    this.links = [links("input"), links("result")];
    this.shots = [this.links[0].map(shotOf), this.links[1].map(shotOf)];
    this.paired = root.hasAttribute("data-paired");
    this.canvases = [element("canvas", { "aria-hidden": "true" }), element("canvas", { "aria-hidden": "true" })];
    this.panes = [
      element("div", { class: "compare-pane" }, this.canvases[0]),
      element("div", { class: "compare-pane" }, this.canvases[1]),
    ];
    this.handle = element("div", { class: "compare-handle", "aria-hidden": "true" });
    this.bar = element("div", { class: "compare-bar" });
    this.stage = element(
      "div",
      { class: "compare-stage", tabindex: "0", role: "group", "aria-roledescription": "viewer", "aria-describedby": `compare-keys-${made}` },
      ...this.panes,
      this.handle,
      this.bar,
    );
    this.split = this.range("Where the input ends and the result begins", 500);
    this.modes = { split: this.button("Slider", "mode"), side: this.button("Side by side", "mode") };
    this.ends = [this.range("Black", 0), this.range("White", STEPS)];
    this.outputs = [element("output"), element("output")];
    this.one = element("input", { type: "checkbox" });
    this.place = element("span", { class: "small muted compare-place" });
    this.says = element("p", { class: "small muted compare-says", role: "status" });
    this.lay = layout(this.shot(0), this.shot(1));
    this.build();
    this.listen();
    this.show();
    if (!this.lay.known && !this.sameShape()) this.setMode("side");
  }

  private shot(side: 0 | 1): Shot {
    return this.shots[side][this.at[side]] as Shot;
  }

  private sameShape(): boolean {
    const [a, b] = [this.shot(0), this.shot(1)];
    return Math.abs(a.width / a.height - b.width / b.height) < 0.01 * (a.width / a.height);
  }

  private range(label: string, value: number): HTMLInputElement {
    return element("input", { type: "range", class: "form-range", min: "0", max: String(STEPS), value: String(value), "aria-label": label });
  }

  private button(words: string, kind = "", label = ""): HTMLButtonElement {
    const one = element("button", { type: "button", class: `btn btn-quiet btn-sm${kind ? ` compare-${kind}` : ""}` }, words);
    if (label) one.setAttribute("aria-label", label);
    return one;
  }

  private build(): void {
    const [less, more, fit] = [this.button("−", "", "Zoom out"), this.button("+", "", "Zoom in"), this.button("Fit")];
    less.addEventListener("click", () => this.zoomBy(1 / 1.5));
    more.addEventListener("click", () => this.zoomBy(1.5));
    fit.addEventListener("click", () => this.fit());
    const bar = element("div", { class: "compare-tools row-line" });
    bar.append(
      element("span", { class: "row-line", role: "group", "aria-label": "How they are shown" }, this.modes.split, this.modes.side),
      element("span", { class: "row-line", role: "group", "aria-label": "Zoom" }, less, more, fit),
    );
    if (this.links.some((one) => one.length > 1)) {
      const [before, after] = [this.button("‹", "", "Picture before"), this.button("›", "", "Next picture")];
      before.addEventListener("click", () => this.step(-1));
      after.addEventListener("click", () => this.step(1));
      bar.append(element("span", { class: "row-line", role: "group", "aria-label": "Pictures" }, before, after, this.place));
    }
    const reset = this.button("Reset contrast");
    reset.addEventListener("click", () => this.resetContrast());
    const label = element("label", { class: "compare-one tick" }, this.one, element("span", {}, "One grey scale for both"));
    const ends = ["Black", "White"].map((words, side) =>
      element("label", { class: "compare-end" }, element("span", { class: "small muted" }, words), this.ends[side] as Node, this.outputs[side] as Node),
    );
    const contrast = element("details", { class: "more compare-contrast" });
    contrast.append(element("summary", {}, "Contrast ", element("span", { class: "quiet" }, "black, white, one grey scale")), element("div", { class: "inside compare-ends" }, ...ends, label, reset));
    const splitLine = element("div", { class: "compare-split" }, element("span", { class: "small muted", "aria-hidden": "true" }, "Input"), this.split, element("span", { class: "small muted", "aria-hidden": "true" }, "Result"));
    const keys = element("p", { class: "visually-hidden", id: `compare-keys-${made}` }, KEYS);
    this.stage.setAttribute("aria-label", this.root.getAttribute("aria-label") ?? "Pictures");
    const sides = this.root.querySelector(".compare-sides");
    sides?.before(bar, this.stage, splitLine, keys);
    sides?.after(this.says, contrast);
    this.root.setAttribute("data-compare-on", "");
    this.setMode("split");
    this.one.checked = comparable(this.shot(0), this.shot(1));
    this.takeUp();
  }

  private listen(): void {
    for (const mode of ["split", "side"] as const) this.modes[mode].addEventListener("click", () => this.choose(mode));
    this.split.addEventListener("input", () => this.place_());
    this.one.addEventListener("change", () => this.resetContrast());
    this.ends.forEach((one, side) => one.addEventListener("input", () => this.contrastMoved(side)));
    this.links.forEach((links, side) =>
      links.forEach((link, index) =>
        link.addEventListener("click", (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          this.go(side as 0 | 1, index);
        }),
      ),
    );
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this.down(event));
    this.stage.addEventListener("pointermove", (event) => this.moved(event));
    for (const end of ["pointerup", "pointercancel"] as const) this.stage.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    new ResizeObserver(() => this.place_()).observe(this.stage);
  }

  private choose(mode: Mode): void {
    this.setMode(mode);
    this.keep();
  }

  private setMode(mode: Mode): void {
    this.mode = mode;
    this.root.dataset.mode = mode;
    for (const one of ["split", "side"] as const) this.modes[one].setAttribute("aria-pressed", String(one === mode));
    this.place_();
  }

  // Pictures.

  private step(by: number): void {
    const side = this.paired || this.links[1].length > 1 ? 1 : 0;
    const many = this.links[side].length;
    if (many > 1) this.go(side, (this.at[side] + by + many) % many);
  }

  private go(side: 0 | 1, index: number): void {
    this.at[side] = index;
    if (this.paired) this.at[side === 0 ? 1 : 0] = index;
    this.show();
    this.keep();
  }

  private show(): void {
    this.lay = layout(this.shot(0), this.shot(1));
    if (!commonEnds(this.shot(0), this.shot(1))) this.one.checked = false;
    this.one.disabled = commonEnds(this.shot(0), this.shot(1)) === null;
    const side = this.paired || this.links[1].length > 1 ? 1 : 0;
    this.place.textContent = `${this.at[side] + 1} of ${this.links[side].length}`;
    ([0, 1] as const).forEach((one) => this.load(one));
    this.caption();
    this.tellContrast();
    this.place_();
  }

  private load(side: 0 | 1): void {
    this.links[side].forEach((link, index) =>
      index === this.at[side] ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current"),
    );
    const { url } = this.shot(side);
    if (this.images[side]?.src === url) return;
    const image = new Image();
    this.images[side] = image;
    this.lost.delete(side);
    // What stands there is of another picture: it goes where the new one is slow, or does not come at all.
    const slow = window.setTimeout(() => this.images[side] === image && this.clear(side), SLOW_MS);
    image.addEventListener("load", () => {
      window.clearTimeout(slow);
      if (this.images[side] === image) this.draw(side);
    });
    image.addEventListener("error", () => {
      window.clearTimeout(slow);
      if (this.images[side] !== image) return;
      this.images[side] = null; // asked for again when it is chosen again
      this.lost.add(side);
      this.clear(side);
      this.tellContrast();
    });
    image.src = url;
  }

  private clear(side: 0 | 1): void {
    const canvas = this.canvases[side];
    canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
  }

  /** What is looked at, for Back and reload: the history's entry knows it. */
  private keep(): void {
    const state = window.history.state as { compare?: Looked } | null;
    const compare = { ...state?.compare, [this.number]: { at: [...this.at], mode: this.mode } };
    window.history.replaceState({ ...state, compare }, "");
  }

  private takeUp(): void {
    const [visit] = performance.getEntriesByType("navigation");
    if (!(visit instanceof PerformanceNavigationTiming) || visit.type === "navigate") return;
    const looked = (window.history.state as { compare?: Looked } | null)?.compare?.[this.number];
    if (!looked) return;
    ([0, 1] as const).forEach((side) => {
      const index = looked.at[side] ?? 0;
      if (index in this.links[side]) this.at[side] = index;
    });
    this.setMode(looked.mode);
    this.show();
  }

  /** Arrow keys where nothing has the focus go to the one viewer of the page. */
  onPage(event: KeyboardEvent): void {
    const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!plain || event.target !== document.body || event.defaultPrevented) return;
    if (event.key === "ArrowRight") this.step(1);
    else if (event.key === "ArrowLeft") this.step(-1);
  }

  private caption(): void {
    this.root.querySelectorAll<HTMLElement>("[data-caption-of]").forEach((one, side) => {
      const shot = this.shot(side as 0 | 1);
      const link = one.querySelector("a");
      if (link) {
        link.textContent = shot.name;
        link.href = shot.href;
      }
      const words = one.querySelector("[data-caption-words]");
      if (words) words.textContent = shot.caption ? ` ${shot.caption}` : "";
    });
  }

  // Contrast.

  /** What black and white stand for now: values on the scale of both, or parts of each picture's own range. */
  private window(): Sides<number> {
    const [low, high] = (this.one.checked && commonEnds(this.shot(0), this.shot(1))) || [0, 1];
    const at = (one: HTMLInputElement) => low + (Number(one.value) / STEPS) * (high - low);
    return [at(this.ends[0]), at(this.ends[1])];
  }

  private contrastMoved(side: number): void {
    const [black, white] = this.ends;
    if (Number(black.value) >= Number(white.value)) {
      if (side === 0) black.value = String(Math.max(0, Number(white.value) - 1));
      else white.value = String(Math.min(STEPS, Number(black.value) + 1));
    }
    this.redraw();
  }

  private resetContrast(): void {
    this.ends[0].value = "0";
    this.ends[1].value = String(STEPS);
    this.redraw();
  }

  private redraw(): void {
    this.draw(0);
    this.draw(1);
    this.tellContrast();
  }

  private tellContrast(): void {
    const window = this.window();
    const common = this.one.checked;
    const words = common ? window.map(figure) : window.map((one) => `${Math.round(one * 100)} %`);
    this.outputs.forEach((one, side) => (one.textContent = words[side] ?? ""));
    this.ends.forEach((one, side) => one.setAttribute("aria-valuetext", words[side] ?? ""));
    const scale = common
      ? `One grey scale: black is ${words[0]}, white ${words[1]}.`
      : this.one.disabled
        ? `Each picture has a grey scale of its own: ${this.unknown()}.`
        : "Each picture has a grey scale of its own.";
    const bar = this.lay.known ? "" : " No scale bar.";
    const lost = (["input", "result"] as const).filter((_one, side) => this.lost.has(side));
    const gone = lost.length ? `The picture of the ${lost.join(" and that of the ")} does not come. Choose it again.` : "";
    this.says.textContent = [gone, scale, this.lay.words + bar].filter(Boolean).join(" ").trim();
  }

  private unknown(): string {
    const lacks = (["input", "result"] as const).filter((_one, side) => !this.shot(side as 0 | 1).ends);
    return `what values the greys of the ${lacks.join(" and of the ")} stand for is not known`;
  }

  private draw(side: 0 | 1): void {
    const image = this.images[side];
    if (!image?.complete || !image.naturalWidth) return;
    const canvas = this.canvases[side];
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) return;
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
    const greys = table(this.shot(side), this.window(), this.one.checked);
    const { data } = pixels;
    for (let i = 0; i < data.length; i += 4) {
      data[i] = greys[data[i] ?? 0] ?? 0;
      data[i + 1] = greys[data[i + 1] ?? 0] ?? 0;
      data[i + 2] = greys[data[i + 2] ?? 0] ?? 0;
    }
    context.putImageData(pixels, 0, 0);
    this.drawn.add(side);
    this.root.dataset.drawn = String(this.drawn.size);
    this.place_();
  }

  // The view.

  private room(): Sides<number> {
    const box = this.stage.getBoundingClientRect();
    return [this.mode === "side" ? box.width / 2 : box.width, box.height];
  }

  /** Pixels of the screen for a unit of the pictures' places. */
  private pixels(): number {
    const [width, height] = this.room();
    const across = Math.max(...this.lay.sizes.map((one) => one[0]));
    const down = Math.max(...this.lay.sizes.map((one) => one[1]));
    return Math.min(width / across, height / down) * this.zoom;
  }

  private place_(): void {
    const [width, height] = this.room();
    if (!width || !height) return;
    const unit = this.pixels();
    this.canvases.forEach((canvas, side) => {
      const [across, down] = this.lay.sizes[side as 0 | 1];
      const left = width / 2 - (across / 2 + this.centre[0]) * unit;
      const top = height / 2 - (down / 2 + this.centre[1]) * unit;
      canvas.style.width = `${across * unit}px`;
      canvas.style.height = `${down * unit}px`;
      canvas.style.transform = `translate(${left}px, ${top}px)`;
      canvas.style.imageRendering = across * unit > 3 * canvas.width ? "pixelated" : "auto";
    });
    const part = Number(this.split.value) / STEPS;
    this.panes[1].style.clipPath = this.mode === "split" ? `inset(0 0 0 ${part * 100}%)` : "";
    this.handle.style.left = `${part * 100}%`;
    this.split.setAttribute("aria-valuetext", `${Math.round(part * 100)} % input`);
    this.root.dataset.zoom = this.zoom.toFixed(2);
    this.stage.style.touchAction = this.zoom > 1 ? "none" : "pan-y";
    this.scaleBar(width, unit);
  }

  private scaleBar(width: number, unit: number): void {
    this.bar.hidden = !this.lay.known;
    if (!this.lay.known) return;
    const um = niceLength((width / 3) / unit);
    const line = element("span", { class: "line", "aria-hidden": "true" });
    line.style.width = `${um * unit}px`;
    this.bar.replaceChildren(element("span", {}, length(um)), line);
  }

  private zoomBy(factor: number, x = 0.5, y = 0.5): void {
    const before = this.pixels();
    this.zoom = Math.min(NEAREST, Math.max(1, this.zoom * factor));
    const [width, height] = this.room();
    const [right, down] = [(x - 0.5) * width, (y - 0.5) * height];
    const after = this.pixels();
    this.moveTo(this.centre[0] + right / before - right / after, this.centre[1] + down / before - down / after);
  }

  private fit(): void {
    this.zoom = 1;
    this.moveTo(0, 0);
  }

  /** The view stays on the pictures. */
  private moveTo(x: number, y: number): void {
    const most = [0, 1].map((axis) => {
      const size = Math.max(...this.lay.sizes.map((one) => one[axis as 0 | 1]));
      return Math.max(0, size / 2 - (this.room()[axis as 0 | 1] / this.pixels()) / 2);
    });
    const within = (value: number, limit = 0) => Math.min(limit, Math.max(-limit, value));
    this.centre = [within(x, most[0]), within(y, most[1])];
    this.place_();
  }

  private pan(right: number, down: number): void {
    const unit = this.pixels();
    this.moveTo(this.centre[0] - right / unit, this.centre[1] - down / unit);
  }

  // Keys, wheel, fingers.

  private key(event: KeyboardEvent): void {
    if (event.target !== this.stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrows: Record<string, Sides<number>> = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const arrow = arrows[event.key];
    if (arrow && event.shiftKey) this.pan(arrow[0] * 60, arrow[1] * 60);
    else if (event.key === "ArrowRight") this.step(1);
    else if (event.key === "ArrowLeft") this.step(-1);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.5);
    else if (event.key === "-" || event.key === "−") this.zoomBy(1 / 1.5);
    else if (event.key === "0") this.fit();
    else if (event.key === "s" || event.key === "S") this.choose(this.mode === "split" ? "side" : "split");
    else return;
    event.preventDefault();
  }

  /** With Ctrl, as a pinch on a touchpad sends it, too; without, the page scrolls as everywhere. */
  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoomBy(Math.exp(-event.deltaY / 200), ...this.part(event));
  }

  /** Where in the view a pointer is, from 0 to 1; beside each other both are one view. */
  private part(event: { clientX: number; clientY: number }): Sides<number> {
    const box = this.stage.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    return [this.mode === "side" ? (x * 2) % 1 : x, (event.clientY - box.top) / box.height];
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.pointers.set(event.pointerId, event);
    this.stage.setPointerCapture(event.pointerId);
  }

  private moved(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const others = [...this.pointers.values()].filter((one) => one.pointerId !== event.pointerId);
    this.pointers.set(event.pointerId, event);
    const other = others[0];
    const [right, down] = [event.clientX - before.clientX, event.clientY - before.clientY];
    if (other) {
      const apart = (one: PointerEvent) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      const middle = { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 };
      this.zoomBy(apart(event) / Math.max(1, apart(before)), ...this.part(middle));
      this.pan(right / 2, down / 2);
    } else if (this.mode === "split" && (this.zoom === 1 || before.target === this.handle)) {
      this.split.value = String(Math.round(this.part(event)[0] * STEPS));
      this.place_();
    } else this.pan(right, down);
  }
}
