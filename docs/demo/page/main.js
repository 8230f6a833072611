// SPDX-License-Identifier: Apache-2.0
// Buttons, keys, time. window.lsm is the page, for the console and the tests.

// How long a step stays while all is played, in milliseconds at speed 1.
const STAYS = {put: 650, delete: 1300, get: 1900, frozen: 1500, flush: 1500, flushed: 1700, merging: 2300, merged: 2300,
               moved: 2100, snapshot: 2200, release: 1900, close: 2200, recovered: 2600, created: 1500};

const at = (id) => document.getElementById(id);

// What is said of what is pointed at, or has the focus.
class Tip {
  constructor(element) { this.element = element; }

  on(target, lines) {
    const show = () => this.show(target, lines());
    target.addEventListener('pointerenter', show);
    target.addEventListener('focus', show);
    target.addEventListener('click', show);
    for (const event of ['pointerleave', 'blur']) target.addEventListener(event, () => this.hide());
  }

  show(target, lines) {
    this.element.replaceChildren(...lines.map((line) => Object.assign(document.createElement('div'), {textContent: line})));
    this.element.hidden = false;
    const box = target.getBoundingClientRect(), own = this.element.getBoundingClientRect();
    const left = Math.min(Math.max(6, box.left + box.width / 2 - own.width / 2), document.documentElement.clientWidth - own.width - 6);
    const above = box.top - own.height - 8;
    this.element.style.left = left + 'px';
    this.element.style.top = (above > 0 ? above : box.bottom + 8) + 'px';
  }

  hide() { this.element.hidden = true; }
}

class Page {
  constructor(lines) {
    this.model = new Model(lines);
    this.now = 0;
    this.timer = null;
    this.tip = new Tip(at('tip'));
    this.painter = new Painter(at('picture'), this.model, this.tip);
    at('scrub').max = this.model.steps.length - 1;
    this.fillChapters();
    this.listen();
    const asked = Number((location.hash.match(/^#step=(\d+)$/) || [])[1]);
    this.show(asked || 0, false);
  }

  fillChapters() {
    this.model.chapters.forEach((chapter, i) => {
      at('chapter').append(Object.assign(document.createElement('option'), {value: i, textContent: `${i + 1}. ${chapter.title}`}));
    });
  }

  show(number, animate) {
    const {steps} = this.model;
    this.now = Math.max(0, Math.min(steps.length - 1, number));
    const step = steps[this.now];
    this.tip.hide();
    this.painter.show(step, animate);
    at('caption').textContent = captionOf(this.model, step);
    at('events').textContent = eventsText(step.events);
    at('events').scrollTop = at('events').scrollHeight;  // what ended the step is last
    at('scrub').value = this.now;
    at('scrub').setAttribute('aria-valuetext', `step ${this.now + 1} of ${steps.length}`);
    at('count').textContent = `${this.now + 1} / ${steps.length}`;
    at('chapter').value = step.chapter;
    for (const button of document.querySelectorAll('[data-kind]')) button.classList.toggle('now', button.dataset.kind === step.kind);
    this.showStats(step.state.stats);
  }

  showStats(stats) {
    const times = (hundredths) => (hundredths / 100).toFixed(1);
    const facts = stats ? [
      ['write amplification', times(stats.write_amplification), 'bytes written to disk for each byte of the user\'s, since this open'],
      ['read amplification', times(stats.read_amplification), 'sources that a read of an absent key may have to ask, beside memtables'],
      ['space amplification', times(stats.space_amplification), 'bytes of all tables for each byte of the deepest level'],
      [stats.flushes === 1 ? 'flush' : 'flushes', stats.flushes, 'since this open'],
      [stats.compactions === 1 ? 'compaction' : 'compactions', stats.compactions, 'since this open, moves not counted'],
      [stats.moves === 1 ? 'move' : 'moves', stats.moves, 'since this open'],
    ] : [];
    at('stats').replaceChildren(...facts.map(([name, value, title]) => {
      const item = Object.assign(document.createElement('span'), {title});
      item.append(Object.assign(document.createElement('b'), {textContent: value}), ' ' + name);
      return item;
    }));
  }

  // ---- time

  playing() { return this.timer !== null; }

  // Up to and with step `until`, from the one after the present one.
  play(until) {
    this.stop();
    this.until = until;
    this.tick();
  }

  tick() {
    this.timer = null;
    if (this.now >= this.until) return this.stop();
    this.show(this.now + 1, true);
    const stay = STAYS[this.model.steps[this.now].type] / Number(at('speed').value);
    this.timer = setTimeout(() => this.tick(), stay);
    this.showButton();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.showButton();
  }

  showButton() {
    at('play').textContent = this.playing() ? '\u275a\u275a' : '\u25b6';
    at('said').setAttribute('aria-live', this.playing() ? 'off' : 'polite');
    at('play').setAttribute('aria-label', this.playing() ? 'Pause' : 'Play');
  }

  toggle() {
    if (this.playing()) return this.stop();
    const last = this.model.steps.length - 1;
    if (this.now >= last) this.show(0, false);
    this.play(last);
  }

  go(number, animate) {
    this.stop();
    this.show(number, animate);
  }

  // The next recorded operation of a kind, from the beginning again after the last one: as it was just
  // before, and then the operation, step by step to its end.
  next(kind) {
    const {steps} = this.model;
    const after = steps.findIndex((step, i) => i > this.now && step.kind === kind);
    const begin = after >= 0 ? after : steps.findIndex((step) => step.kind === kind);
    if (begin < 0) return;
    if (begin !== this.now + 1) this.show(begin - 1, false);
    let end = begin;
    const ends = {frozen: 'flushed', flush: 'flushed', merging: 'merged'}[steps[begin].type];
    while (ends && steps[end].type !== ends && end + 1 < steps.length) end += 1;
    this.play(end);
  }

  // ---- hands

  listen() {
    at('first').onclick = () => this.go(0, false);
    at('back').onclick = () => this.go(this.now - 1, false);
    at('play').onclick = () => this.toggle();
    at('forward').onclick = () => this.go(this.now + 1, true);
    at('scrub').oninput = () => this.go(Number(at('scrub').value), false);
    at('chapter').onchange = () => this.go(this.model.chapters[Number(at('chapter').value)].step, false);
    for (const button of document.querySelectorAll('[data-kind]')) button.onclick = () => this.next(button.dataset.kind);
    document.addEventListener('keydown', (event) => this.key(event));
    window.addEventListener('resize', () => {
      if (this.painter.width === Math.max(280, at('picture').parentElement.clientWidth)) return;
      this.painter.layout();
      this.show(this.now, false);
    });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT)$/.test(event.target.tagName)) return;
    if (event.key === ' ' && event.target.tagName === 'BUTTON') return;
    const kinds = {p: 'put', g: 'get', d: 'delete', f: 'flush', c: 'compact'};
    const does = {' ': () => this.toggle(), ArrowRight: () => this.go(this.now + 1, true), ArrowLeft: () => this.go(this.now - 1, false),
                  Home: () => this.go(0, false), End: () => this.go(this.model.steps.length - 1, false)};
    if (kinds[event.key]) this.next(kinds[event.key]);
    else if (does[event.key]) does[event.key]();
    else return;
    event.preventDefault();
  }
}

window.lsm = new Page(JSON.parse(at('data').textContent));
