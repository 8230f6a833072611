// SPDX-License-Identifier: Apache-2.0
// Draws the lanes on a canvas of the size of the window, whatever the length of the run: of what lies
// on the same pixel, the first is drawn.

const INSTANT_COLOR = {fault: '--fault', choice: '--choice', buggify: '--choice', event: '--event',
  failpoint: '--point', model: '--model', note: '--other', verdict: '--crash', crash: '--crash'};
const CALL_COLOR = {read: '--read', write: '--write', sync: '--sync', name: '--name', other: '--other'};
const STATE_COLOR = {durable: '--good', dirty: '--dirty', flight: '--flight', unlinked: '--other'};

class Painter {
  constructor(model, view, canvas, overview) {
    this.model = model;
    this.view = view;
    this.canvas = canvas;
    this.overview = overview;
    this.shown = new Set();     // kinds
    this.matches = null;        // a Set of records, or null: no search
    this.only = false;
    this.selected = null;
    this.hovered = null;
    this.drawn = 0;             // records, at the last time
    this.widths = new Map();    // of texts
    this.readColors();
    this.cluster = new ClusterPainter(this);
  }

  readColors() {
    const style = getComputedStyle(document.documentElement);
    this.colors = {};
    for (const name of ['paper', 'shade', 'line', 'ink', 'faint', 'band', 'run', 'accent', 'mark', 'read', 'write',
      'sync', 'name', 'other', 'operation', 'fault', 'choice', 'event', 'point', 'model', 'crash', 'good', 'dirty',
      'flight', 'lost', 'torn', 'follower', 'precandidate', 'candidate', 'leader', 'on-leader']) {
      this.colors['--' + name] = style.getPropertyValue('--' + name).trim();
    }
  }

  color(name) { return this.colors[name]; }

  visible(record) {
    if (record.kind === 'verdict' || record.kind === 'state' || record.kind === 'indexes' || record === this.selected) return true;
    if (!this.shown.has(record.kind)) return false;
    return !(this.only && this.matches && !this.matches.has(record) && record.kind !== 'process');
  }

  // Sizes the canvases to what they fill.
  size(width, height) {
    const scale = window.devicePixelRatio || 1;
    this.width = width;
    this.height = height;
    this.view.width = width;
    for (const [canvas, w, h] of [[this.canvas, width, height], [this.overview, width, 34]]) {
      canvas.width = Math.round(w * scale);
      canvas.height = Math.round(h * scale);
      canvas.style.width = w + 'px';
      canvas.style.height = h + 'px';
      canvas.getContext('2d').setTransform(scale, 0, 0, scale, 0, 0);
    }
  }

  draw(top) {
    const g = this.canvas.getContext('2d');
    const {view} = this;
    this.g = g;
    this.drawn = 0;
    g.fillStyle = this.color('--paper');
    g.fillRect(0, 0, this.width, this.height);
    g.font = '12px ' + FONT;
    g.textBaseline = 'middle';
    this.firstOrder = Math.max(0, view.orderAt(view.from) - 1);
    this.lastOrder = Math.min(this.model.length, view.orderAt(view.to) + 1);
    g.save();
    g.translate(0, -top);
    const places = view.places.filter((place) => place.top < top + this.height && place.top + place.height > top);
    g.save();
    g.beginPath();
    g.rect(GUTTER, top, this.width - GUTTER, this.height);
    g.clip();
    if (this.model.cluster.there) this.cluster.range = this.cluster.scale();
    for (const place of places) this.drawGround(place);
    this.cluster.drawWays();
    this.drawSwitches(top);
    this.cluster.drawMessages();
    for (const place of places) this.drawLane(place);
    this.drawGap(top);
    this.drawCrashes();
    this.drawFailure(top);
    g.restore();
    for (const place of places) this.drawLabel(place);
    g.restore();
    this.drawRuler();
    this.drawOverview();
  }

  // ---- lanes

  drawGround(place) {
    const {g} = this;
    g.fillStyle = this.color(place.lane.type === 'host' ? '--shade' : '--paper');
    g.fillRect(GUTTER, place.top, this.width, place.height);
    if (place.lane.type === 'node') this.cluster.drawGround(place);
    if (place.lane.type === 'thread') {
      g.fillStyle = this.color('--run');
      const runs = place.lane.runs;
      let last = -1;
      for (let i = this.after(runs, this.firstOrder, 'end'); i < runs.length && runs[i].begin <= this.lastOrder; ++i) {
        const x = this.view.xOf(runs[i].begin), end = this.view.xOf(runs[i].end);
        if (end - x < 0.5 && x - last < 1) continue;
        last = x;
        g.fillRect(x, place.top + 2, Math.max(end - x, 0.7), place.height - 4);
      }
    }
    g.fillStyle = this.color('--line');
    g.fillRect(GUTTER, place.top + place.height - 0.5, this.width, 0.5);
  }

  // The first of them whose field is at or behind the order.
  after(list, order, field) {
    let low = 0, high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle][field] < order) low = middle + 1; else high = middle;
    }
    return low;
  }

  drawLane(place) {
    const {lane} = place;
    if (lane.type === 'node' || lane.type === 'client') {
      if (lane.type === 'node') this.cluster.drawNode(place); else this.cluster.drawClient(place);
      if (this.selected && this.selected.lane === lane) this.cluster.drawSelection(place);
      return;
    }
    if (lane.type === 'file') this.drawStates(place);
    // What is long may have begun far to the left of the window: it is looked for from the start.
    const records = lane.records;
    const from = lane.type === 'thread' ? this.longBefore(lane) : 0;
    const last = {};
    for (let i = from; i < records.length && records[i].begin <= this.lastOrder; ++i) {
      const record = records[i];
      if (record.end < this.firstOrder || !this.visible(record)) continue;
      const x = this.view.xOf(record.begin);
      if (record.kind === 'state') continue;
      const crowded = record.kind + (record.cls || '');
      const wide = this.view.xEnd(record.end) - x;
      const special = this.matches && this.matches.has(record) || record.failed || record.kind === 'crash';
      if (!special && wide < 1 && last[crowded] !== undefined && x - last[crowded] < 0.8) continue;
      last[crowded] = x;
      ++this.drawn;
      this.drawRecord(record, place, x, wide);
    }
    if (this.selected && this.selected.lane === lane) this.drawSelection(place);
  }

  // Where to begin so that no call or operation that reaches into the window is missed: at most one
  // of each is open at a time.
  longBefore(lane) {
    const start = this.after(lane.records, this.firstOrder, 'begin');
    let calls = 1, operations = 1, i = start;
    while (i > 0 && (calls > 0 || operations > 0)) {
      --i;
      if (lane.records[i].kind === 'call') calls = 0;
      if (lane.records[i].kind === 'operation') operations = 0;
      if (start - i > 4000) break;
    }
    return i;
  }

  drawRecord(record, place, x, wide) {
    const {g} = this;
    const match = this.matches && this.matches.has(record);
    g.globalAlpha = this.matches && !match ? 0.28 : 1;
    const two = place.lane.hasOperations;
    const top = place.top + (two ? 18 : 3), height = place.height - (two ? 20 : 6);
    switch (record.kind) {
      case 'process': this.drawLife(record, place, x, wide); break;
      case 'operation': {
        const width = Math.max(wide, 2);
        g.fillStyle = this.color(record.failed ? '--fault' : '--operation');
        g.globalAlpha *= record.never || record.open || record.untold ? 0.55 : 1;
        g.fillRect(x, place.top + 2, width > 4 ? width - 1 : width, 2.5);
        if (!record.untold) this.drawText(record.title, x + 1, place.top + 10.5, width - 4, record.failed ? '--fault' : '--ink');
        break;
      }
      case 'call': this.drawCall(record, x, top, Math.max(wide, 1.5), height); break;
      case 'cut': this.drawCutMark(record, place); break;
      case 'partition': case 'pause': this.drawOutage(record, place, x, wide); break;
      case 'switch': case 'state': break;
      default: this.drawInstant(record, place, top, height);
    }
    g.globalAlpha = 1;
    if (match) {
      g.strokeStyle = this.color('--mark');
      g.lineWidth = 2;
      const instant = record.begin === record.end;
      const center = this.view.xMiddle(record.begin);
      if (instant && record.kind !== 'call') g.strokeRect(center - 5, top - 1, 10, height + 2);
      else g.strokeRect(x - 1, record.kind === 'operation' ? place.top + 1 : top - 1, Math.max(wide, 3) + 2,
        record.kind === 'operation' ? 16 : height + 2);
    }
  }

  drawLife(record, place, x, wide) {
    const {g} = this;
    g.fillStyle = this.color('--run');
    g.fillRect(x, place.top + 3, Math.max(wide, 2), place.height - 6);
    g.fillStyle = this.color('--accent');
    g.fillRect(x, place.top + 3, 2, place.height - 6);
    this.drawText(record.title, Math.max(x, GUTTER) + 6, place.top + place.height / 2, x + wide - Math.max(x, GUTTER) - 8, '--ink');
  }

  // Of a machine that is no node: that it is cut off, or stands still.
  drawOutage(record, place, x, wide) {
    this.cluster.drawSpan(record, place.top + 3, place.height - 6, x, Math.max(wide, 1),
      record.kind === 'pause' ? '--ink' : '--lost', record.title);
  }

  drawCall(record, x, top, width, height) {
    const {g} = this;
    record.cls = CALL_CLASS[record.name] || 'other';
    g.fillStyle = this.color(CALL_COLOR[record.cls]);
    if (record.never) g.globalAlpha *= 0.5;
    g.fillRect(x, top, width, height);
    if (record.failed || record.faults.length > 0) {
      g.fillStyle = this.color('--fault');
      g.fillRect(x, top + height - 3, width, 3);
    }
    if (record.never) {
      g.fillStyle = this.color('--crash');
      g.fillRect(x + width - 2, top, 2, height);
    }
    if (width > 26) {
      const name = record.path ? record.path.slice(record.path.lastIndexOf('/') + 1) : '';
      this.drawText(record.name + ' ' + name, x + 3, top + height / 2 + 0.5, width - 5, '--ink', width > 60);
    }
  }

  drawText(text, x, y, width, color, ellipsis = true) {
    if (width < 14 || x > this.width) return;
    const {g} = this;
    if (x < GUTTER) { width -= GUTTER - x; x = GUTTER; }
    const whole = this.textWidth(text);
    let shown = text;
    if (whole > width) {
      const room = Math.floor(text.length * width / whole);
      if (room < 3) return;
      shown = ellipsis ? text.slice(0, room - 1) + '\u2026' : text.slice(0, room);
    }
    g.fillStyle = this.color(color);
    g.fillText(shown, x, y, width);
  }

  textWidth(text) {
    let width = this.widths.get(text);
    if (width === undefined) {
      if (this.widths.size > 5000) this.widths.clear();
      width = this.g.measureText(text).width;
      this.widths.set(text, width);
    }
    return width;
  }

  drawInstant(record, place, top, height) {
    const {g} = this;
    const x = this.view.xMiddle(record.begin);
    const y = top + height / 2;
    g.fillStyle = g.strokeStyle = this.color(INSTANT_COLOR[record.kind] || '--other');
    g.lineWidth = 1.5;
    g.beginPath();
    switch (record.kind) {
      case 'fault': g.moveTo(x, y - 7); g.lineTo(x + 6, y); g.lineTo(x, y + 7); g.lineTo(x - 6, y); g.fill(); break;
      case 'choice': g.moveTo(x, y - 4); g.lineTo(x + 4, y); g.lineTo(x, y + 4); g.lineTo(x - 4, y); g.closePath(); g.stroke(); break;
      case 'buggify': g.moveTo(x - 5, y + 4); g.lineTo(x, y - 5); g.lineTo(x + 5, y + 4); g.fill(); break;
      case 'failpoint': g.fillRect(x - 0.75, y - 4, 1.5, 8); break;
      case 'model': g.fillRect(x - 4, y - 4, 8, 8); break;
      case 'crash': g.moveTo(x - 5, y - 5); g.lineTo(x + 5, y + 5); g.moveTo(x + 5, y - 5); g.lineTo(x - 5, y + 5); g.lineWidth = 2.5; g.stroke(); break;
      case 'verdict': g.arc(x, y, 6, 0, 7); g.fill(); break;
      default: g.arc(x, y, 3.2, 0, 7); g.fill();
    }
  }

  drawSelection(place) {
    const {g, selected} = this;
    const from = this.view.xOf(selected.begin), to = Math.max(this.view.xEnd(selected.end), from + 3);
    g.strokeStyle = this.color('--ink');
    g.lineWidth = 2;
    const instant = selected.begin === selected.end && !['call', 'operation', 'state'].includes(selected.kind);
    const center = this.view.xMiddle(selected.begin);
    if (instant) g.strokeRect(center - 7.5, place.top + 2, 15, place.height - 4);
    else g.strokeRect(from - 1, place.top + 1, to - from + 2, place.height - 2);
  }

  // ---- files

  drawStates(place) {
    const {g, view} = this;
    const {states, isDirectory} = place.lane;
    let i = Math.max(0, this.after(states, this.firstOrder, 'order') - 1);
    let last = -1;
    for (; i < states.length && states[i].order <= this.lastOrder; ++i) {
      const state = states[i];
      const cls = stateClass(state);
      if (cls === 'gone') continue;
      const end = i + 1 < states.length ? states[i + 1].order : this.model.length;
      const x = view.xOf(state.order), width = Math.max(view.xOf(end) - x, 0.8);
      if (width < 1 && x - last < 0.8) continue;
      last = x;
      g.globalAlpha = cls === 'unlinked' ? 0.35 : isDirectory ? 0.55 : 0.85;
      g.fillStyle = this.color(STATE_COLOR[cls]);
      g.fillRect(x, place.top + 4, width, place.height - 8);
      if (state.durablePath === '' && cls !== 'unlinked') {  // its name may be lost
        g.globalAlpha = 0.9;
        g.fillStyle = this.color('--dirty');
        g.fillRect(x, place.top + 2, width, 2);
      }
      g.globalAlpha = 1;
    }
  }

  drawCutMark(record, place) {
    const {g} = this;
    const x = this.view.xMiddle(record.begin);
    const worst = record.torn ? '--torn' : record.lost || record.partly ? '--lost' : '--good';
    g.fillStyle = this.color(worst);
    g.beginPath();
    g.arc(x, place.top + place.height / 2, 5.5, 0, 7);
    g.fill();
    g.fillStyle = this.color('--paper');
    g.fillRect(x - 3, place.top + place.height / 2 - 1, 6, 2);
  }

  // ---- what goes through several lanes

  drawSwitches(top) {
    if (!this.shown.has('switch')) return;
    const {g} = this;
    g.strokeStyle = this.color('--point');
    g.lineWidth = 1;
    g.beginPath();
    let last = -10;
    for (const place of this.view.places) {
      const records = place.lane.records;
      for (let i = this.after(records, this.firstOrder, 'begin'); i < records.length && records[i].begin <= this.lastOrder; ++i) {
        const record = records[i];
        if (record.kind !== 'switch' || !record.to || !record.to.place) continue;
        const x = this.view.xEnd(record.begin);
        if (Math.abs(x - last) < 2) continue;
        last = x;
        g.moveTo(x, place.top + place.height / 2);
        g.lineTo(x, record.to.place.top + record.to.place.height / 2);
        ++this.drawn;
      }
    }
    g.stroke();
  }

  drawGap(top) {
    if (!this.model.data.left_out) return;
    const {g} = this;
    const x = this.view.xOf(this.model.data.left_out_at);
    g.fillStyle = this.color('--lost');
    g.fillRect(x - 1, top, 3, this.height);
    this.drawText(this.model.data.left_out + ' left out here', x + 6, top + 32, 300, '--lost');
  }

  drawCrashes() {
    const {g} = this;
    for (const host of this.model.hosts.values()) {
      const bottom = [host.lane, ...host.threads, ...host.files.values()].reduce(
        (low, lane) => Math.max(low, lane.place ? lane.place.top + lane.place.height : 0), 0);
      if (!host.lane.place) continue;
      for (const record of host.lane.records) {
        if (record.kind !== 'crash' || record.begin < this.firstOrder || record.begin > this.lastOrder) continue;
        const x = this.view.xMiddle(record.begin);
        g.strokeStyle = this.color('--crash');
        g.lineWidth = record.power ? 1.5 : 1;
        g.setLineDash(record.power ? [] : [4, 3]);
        g.beginPath();
        g.moveTo(x, host.lane.place.top);
        g.lineTo(x, bottom);
        g.stroke();
        g.setLineDash([]);
      }
    }
  }

  drawFailure(top) {
    const {failure} = this.model;
    if (!failure) return;
    const {g} = this;
    const x = Math.round(this.view.xMiddle(failure.begin));
    g.fillStyle = this.color('--crash');
    g.globalAlpha = 0.25;
    g.fillRect(x - 3, top, 6, this.height);
    g.globalAlpha = 1;
    g.fillRect(x - 1, top, 2, this.height);
  }

  // ---- frame

  drawLabel(place) {
    const {g} = this;
    const {lane} = place;
    g.fillStyle = this.color(lane.type === 'host' ? '--shade' : '--paper');
    g.fillRect(0, place.top, GUTTER - 1, place.height);
    g.fillStyle = this.color('--line');
    g.fillRect(GUTTER - 1, place.top, 1, place.height);
    g.fillRect(0, place.top + place.height - 0.5, GUTTER, 0.5);
    if (this.selected && this.selected.lane === lane) {
      g.fillStyle = this.color('--accent');
      g.fillRect(0, place.top, 3, place.height);
    }
    g.fillStyle = this.color(lane.type === 'file' ? '--faint' : '--ink');
    g.font = (lane.type === 'host' ? '600 ' : '') + (lane.type === 'file' ? '11.5px ' : '12px ') + FONT;
    let label = lane.label + (lane.isDirectory ? '/' : '');
    if (lane.type === 'file' && label.length > 25) label = '\u2026' + label.slice(-24);
    const node = lane.type === 'node';
    if (node) g.font = '600 12px ' + FONT;
    g.fillText(label, lane.type === 'host' || node ? 8 : 20, place.top + (node ? 15 : place.height / 2), GUTTER - 26);
    if (node) this.cluster.drawScale(place);
    g.font = '12px ' + FONT;
  }

  drawRuler() {
    const {g, view} = this;
    g.fillStyle = this.color('--paper');
    g.fillRect(0, 0, this.width, 22);
    g.fillStyle = this.color('--faint');
    g.fillText(view.axis === 'order' ? 'event' : 'virtual time', 8, 11, GUTTER - 16);
    const room = this.width - GUTTER;
    const count = Math.max(2, Math.floor(room / 110));
    const span = view.to - view.from;
    const step = niceStep(span / count, view.axis === 'order');
    const digits = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / 1e9))));
    for (let unit = Math.ceil(view.from / step) * step; unit < view.to; unit += step) {
      if (unit < view.first() || unit > view.last()) continue;
      const x = view.x(unit);
      g.fillStyle = this.color('--line');
      g.fillRect(x, 16, 1, 6);
      g.fillStyle = this.color('--faint');
      const text = view.axis === 'order' ? String(this.model.events[Math.min(Math.round(unit), this.model.length)])
        : (unit / 1e9).toFixed(digits) + ' s';
      g.fillText(text, x + 3, 11);
    }
    g.fillStyle = this.color('--line');
    g.fillRect(0, 22, this.width, 0.5);
    this.drawFlag();
  }

  drawFlag() {
    const {failure} = this.model;
    if (!failure) return;
    const {g} = this;
    const x = Math.round(this.view.xMiddle(failure.begin));
    if (x < GUTTER || x > this.width) return;
    const rule = this.model.data.verdict.signature.split(':')[0];   // of a run that died, how
    const text = this.model.cluster.there ? 'failure: ' + rule : 'failure';
    const width = this.textWidth(text) + 10;
    const left = Math.min(x - 1, this.width - width);
    g.fillStyle = this.color('--crash');
    g.fillRect(left, 3, width, 17);
    g.fillStyle = this.color('--paper');
    g.fillText(text, left + 5, 12);
  }

  // The strip without the window is drawn anew only where it would be another.
  drawOverview() {
    const {view} = this;
    const key = [this.width, view.axis, view.machines, this.shown.has('fault'), this.color('--paper'), window.devicePixelRatio].join();
    if (this.stripKey !== key || this.stripMatches !== this.matches) {
      this.stripKey = key;
      this.stripMatches = this.matches;
      this.strip = document.createElement('canvas');
      this.strip.width = this.overview.width;
      this.strip.height = this.overview.height;
      const strip = this.strip.getContext('2d');
      strip.setTransform(this.overview.getContext('2d').getTransform());
      this.drawStrip(strip);
    }
    const g = this.overview.getContext('2d');
    g.drawImage(this.strip, 0, 0, this.width, 34);
    const from = x2(this, view.from), to = x2(this, view.to);
    g.fillStyle = this.color('--accent');
    g.globalAlpha = 0.16;
    g.fillRect(from, 0, Math.max(to - from, 2), 34);
    g.globalAlpha = 1;
    g.strokeStyle = this.color('--accent');
    g.lineWidth = 1.5;
    g.strokeRect(from, 0.75, Math.max(to - from, 2), 32.5);
  }

  drawStrip(g) {
    const {view, model} = this;
    g.fillStyle = this.color('--shade');
    g.fillRect(0, 0, this.width, 34);
    const x = (order) => GUTTER + (view.unit(order) - view.first()) / (view.last() - view.first()) * (this.width - GUTTER - 6);
    const bar = (record, color, top, height, width) => {
      g.fillStyle = this.color(color);
      g.fillRect(x(record.begin) - width / 2, top, width, height);
    };
    const lastAt = {};
    for (const record of model.records) {
      const at = Math.round(x(record.begin));
      const put = (color, top, height, width) => {
        if (lastAt[color] === at) return;
        lastAt[color] = at;
        bar(record, color, top, height, width);
      };
      if (record.kind === 'call' && view.machines) put(CALL_COLOR[CALL_CLASS[record.name] || 'other'], 20, 10, 1);
      if (record.leads) {
        g.fillStyle = this.color('--leader');
        g.fillRect(x(record.begin), 20, Math.max(x(record.end) - x(record.begin), 1), 10);
      }
      if (record.kind === 'down' || (record.kind === 'ask' && record.failed)) put('--lost', 4, 12, 2);
      if (record.kind === 'partition') put('--dirty', 16, 4, 1);
      if (record.kind === 'fault' && this.shown.has('fault')) put('--fault', 4, 12, 2);
      if (record.kind === 'crash') put('--crash', 2, 30, 1.5);
      if (this.matches && this.matches.has(record)) put('--mark', 2, 30, 2);
    }
    if (model.failure) bar(model.failure, '--crash', 0, 34, 3);
    g.fillStyle = this.color('--faint');
    g.font = '12px ' + FONT;
    g.textBaseline = 'middle';
    g.fillText('the whole run', 8, 17);
  }

  // What is at a place of the canvas: an instant near by before what covers it.
  recordAt(x, y, top) {
    const lane = this.view.laneAt(y + top);
    if (x < GUTTER) return null;
    const ofCluster = this.model.cluster.there ? this.cluster.recordAt(x, y + top, lane) : undefined;
    if (ofCluster !== undefined || !lane) return ofCluster || null;
    const upper = lane.hasOperations && y + top < lane.place.top + 17;
    let best = null, bestScore = Infinity;
    const reach = 6;
    for (const record of lane.records) {
      if (record.kind === 'switch' || !this.visible(record)) continue;
      const from = this.view.xOf(record.begin), to = Math.max(this.view.xEnd(record.end), from + 1.5);
      const instant = record.begin === record.end && !['call', 'operation', 'state'].includes(record.kind);
      const center = this.view.xMiddle(record.begin);
      let score = Infinity;
      if (instant && Math.abs(x - center) <= reach) score = Math.abs(x - center);
      else if (!instant && x >= from - 3 && x <= to + 3) {
        score = reach + 1 + Math.max(0, from - x, x - to) + (to - from) / 1e6;
        if ((record.kind === 'operation') !== upper) score += 100;
      }
      if (score <= bestScore) { best = record; bestScore = score; }
    }
    return best;
  }
}

const FONT = 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif';

function x2(painter, unit) {
  const {view} = painter;
  const share = (unit - view.first()) / (view.last() - view.first());
  return GUTTER + Math.max(0, Math.min(1, share)) * (painter.width - GUTTER - 6);
}

// 1, 2 or 5 times a power of ten, at least as large.
function niceStep(least, whole) {
  const power = Math.pow(10, Math.floor(Math.log10(Math.max(least, 1e-9))));
  for (const factor of [1, 2, 5, 10]) {
    if (factor * power >= least && (!whole || factor * power >= 1)) return factor * power;
  }
  return 1;
}
