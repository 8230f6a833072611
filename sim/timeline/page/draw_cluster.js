// SPDX-License-Identifier: Apache-2.0
// Draws the lanes of nodes and clients, and what goes from one node to the other. Each lane of a node:
// its role as a band whose height and words say it too, below that whom it cannot talk to, then its log.

const BAND = {top: 4, height: 20};
const STRIP = {top: 26, height: 12};   // whom it cannot talk to
const STILL = {top: 39, height: 12};   // where it stands still
const CHART = {top: 53};   // up to the lane's end, but for a margin

const ROLE = {
  'follower': {color: '--follower', letter: 'F', share: 0.45},
  'pre-candidate': {color: '--precandidate', letter: 'P', share: 0.7},
  'candidate': {color: '--candidate', letter: 'C', share: 0.85},
  'leader': {color: '--leader', letter: 'L', share: 1},
};

// Dashes tell them apart too.
const MESSAGE_LOOK = {
  append: {color: '--write', dash: [], width: 1.3}, reply: {color: '--other', dash: [], width: 0.9},
  vote: {color: '--model', dash: [7, 3], width: 1.5}, heartbeat: {color: '--point', dash: [1.5, 3], width: 1},
  snapshot: {color: '--event', dash: [], width: 3}, other: {color: '--name', dash: [3, 2], width: 1},
};

// More lines than that in the window tell nothing: those that lie together are drawn as one.
const MESSAGES_DRAWN = 600;

const OUTCOME_COLOR = {'done': '--operation', 'conditions failed': '--event', 'refused': '--other', 'lost': '--other'};

class ClusterPainter {
  constructor(painter) {
    this.painter = painter;
    this.model = painter.model;
    this.view = painter.view;
    this.cluster = painter.model.cluster;
  }

  get g() { return this.painter.g; }
  get chartHeight() { return this.view.nodeHeight() - CHART.top - 4; }
  color(name) { return this.painter.color(name); }

  // Slanted lines, for what colors alone must not say.
  hatch(name, step) {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = step;
    const g = canvas.getContext('2d');
    g.strokeStyle = this.color(name);
    g.lineWidth = 1.3;
    for (const from of [-step, 0, step]) {
      g.moveTo(from, step);
      g.lineTo(from + step, 0);
    }
    g.stroke();
    return this.g.createPattern(canvas, 'repeat');
  }

  // ---- a node

  drawGround(place) {
    const {g} = this;
    g.fillStyle = this.color('--shade');
    g.fillRect(GUTTER, place.top + CHART.top, this.painter.width, this.chartHeight);
  }

  drawNode(place) {
    for (const record of place.lane.records) {
      if (record.begin > this.painter.lastOrder || record.end < this.painter.firstOrder) continue;
      if (!this.painter.visible(record)) continue;
      const x = this.view.xOf(record.begin);
      const width = Math.max(this.view.xOf(record.end) - x, 1);
      this.g.globalAlpha = this.painter.matches && !this.painter.matches.has(record) && record.kind !== 'role' ? 0.3 : 1;
      switch (record.kind) {
        case 'role': this.drawRole(record, place, x, width); break;
        case 'down': this.drawDown(record, place, x, width); break;
        case 'pause': this.drawSpan(record, place.top + STILL.top, STILL.height, x, width, '--ink', 'stands still'); break;
        case 'partition': this.drawSpan(record, place.top + STRIP.top, STRIP.height, x, width, '--lost', record.title.replace(/^.*? is /, '')); break;
      }
      this.g.globalAlpha = 1;
    }
    this.drawLog(place);
    for (const record of place.lane.records) {
      if (record.begin > this.painter.lastOrder || record.end < this.painter.firstOrder) continue;
      if ((record.kind === 'log' || record.kind === 'up' || record.kind === 'verdict') && this.painter.visible(record)) this.drawMark(record, place);
    }
  }

  drawRole(record, place, x, width) {
    const {g} = this;
    const role = ROLE[record.role] || ROLE.follower;
    const height = Math.round(BAND.height * role.share);
    const bottom = place.top + BAND.top + BAND.height;
    g.fillStyle = this.color(role.color);
    g.fillRect(x, bottom - height, width, height);
    g.fillStyle = this.color('--ink');
    if (width > 3) g.fillRect(x, bottom - height, 1, height);
    if (record.leads) g.fillRect(x, bottom - height, width, 2);
    const seen = Math.max(x, GUTTER);
    const room = x + width - seen - 6;
    const text = record.role + ', term ' + record.term;
    const color = record.leads ? '--on-leader' : '--ink';
    const middle = record.role === 'follower' ? place.top + BAND.top + 5 : bottom - height / 2 + 1;
    if (this.painter.textWidth(text) <= room) this.painter.drawText(text, seen + 4, middle, room, color);
    else this.painter.drawText(role.letter + record.term, seen + 3, middle, room + 3, color, false);
  }

  drawDown(record, place, x, width) {
    const {g} = this;
    g.fillStyle = this.hatch('--faint', 7);
    g.globalAlpha *= 0.35;
    g.fillRect(x, place.top + BAND.top, width, place.height - BAND.top - 4);
    g.globalAlpha /= 0.35;
    g.fillStyle = this.color('--crash');
    g.fillRect(x - 1, place.top + BAND.top, 2.5, place.height - BAND.top - 4);
    this.label('down: ' + record.how, x, width, place.top + BAND.top + BAND.height / 2, '--crash');
  }

  drawSpan(record, top, height, x, width, color, text) {
    const {g} = this;
    g.fillStyle = this.hatch(color, 6);
    g.globalAlpha *= 0.5;
    g.fillRect(x, top, width, height);
    g.globalAlpha /= 0.5;
    g.strokeStyle = this.color(color);
    g.lineWidth = 0.8;
    g.strokeRect(x + 0.4, top + 0.4, width - 0.8, height - 0.8);
    this.label(text, x, width, top + height / 2, color);
  }

  // On a ground of its own, as far as it has room.
  label(text, x, width, y, color) {
    const {g} = this;
    const seen = Math.max(x, GUTTER);
    const room = Math.min(x + width, this.painter.width) - seen - 8;
    if (room < 24) return;
    const shown = Math.min(this.painter.textWidth(text), room);
    g.fillStyle = this.color('--paper');
    g.fillRect(seen + 3, y - 6, shown + 4, 12);
    this.painter.drawText(text, seen + 5, y + 0.5, room, color);
  }

  // ---- its log

  // All nodes have one scale, so that one that lags is seen to: from the least that any has applied in
  // the window to the last entry that any has.
  scale() {
    let low = Infinity, high = 0;
    for (const lane of this.cluster.nodes.values()) {
      for (const state of this.logsInSight(lane)) {
        if (state.down) continue;
        low = Math.min(low, state.applied, state.commit);
        high = Math.max(high, state.last);
      }
    }
    if (low === Infinity) low = 0;
    low = Math.max(0, Math.min(low - 1, high - 6));
    return {low, high: Math.max(high, low + 6)};
  }

  logsInSight(lane) {
    const {logs} = lane;
    const from = Math.max(0, this.painter.after(logs, this.painter.firstOrder, 'order') - 1);
    let to = from;
    while (to < logs.length && logs[to].order <= this.painter.lastOrder) ++to;
    return logs.slice(from, to);
  }

  y(place, index) {
    const {low, high} = this.range;
    const share = Math.max(0, Math.min(1, (index - low) / (high - low)));
    return place.top + CHART.top + this.chartHeight - 2 - share * (this.chartHeight - 4);
  }

  drawLog(place) {
    const {g, view} = this;
    const logs = this.logsInSight(place.lane);
    const bottom = place.top + CHART.top + this.chartHeight;
    let last = -Infinity;
    const steps = [];
    for (const [i, state] of logs.entries()) {
      const x = view.xOf(state.order);
      const next = i + 1 < logs.length ? view.xOf(logs[i + 1].order) : view.xOf(this.model.length);
      if (next - x < 0.3 && x - last < 0.5) continue;
      last = x;
      if (steps.length > 0) steps[steps.length - 1].end = x;
      steps.push({x, end: next, state});
    }
    const area = (color, alpha, top, low) => {
      g.fillStyle = this.color(color);
      g.globalAlpha = alpha;
      for (const {x, end, state} of steps) {
        if (state.down) continue;
        const from = this.y(place, low(state)), to = this.y(place, top(state));
        if (from > to) g.fillRect(x, to, end - x, from - to);
      }
      g.globalAlpha = 1;
    };
    area('--good', 0.35, (state) => state.applied, () => this.range.low);
    area('--good', 0.16, (state) => state.commit, (state) => state.applied);
    area('--dirty', 0.5, (state) => state.last, (state) => Math.max(state.durable, state.commit));
    area('--faint', 0.45, (state) => state.base, () => this.range.low);
    this.line(steps, '--good', 1.6, place, (state) => state.commit, []);
    this.line(steps, '--ink', 1.1, place, (state) => state.last, []);
    g.fillStyle = this.color('--line');
    g.fillRect(GUTTER, bottom - 0.5, this.painter.width, 0.5);
  }

  line(steps, color, width, place, of, dash) {
    const {g} = this;
    g.strokeStyle = this.color(color);
    g.lineWidth = width;
    g.setLineDash(dash);
    g.beginPath();
    let broken = true;
    for (const {x, end, state} of steps) {
      if (state.down) { broken = true; continue; }
      const y = this.y(place, of(state));
      if (broken) g.moveTo(x, y); else g.lineTo(x, y);
      g.lineTo(end, y);
      broken = false;
    }
    g.stroke();
    g.setLineDash([]);
  }

  drawMark(record, place) {
    const {g} = this;
    const x = this.view.xMiddle(record.begin);
    const match = this.painter.matches && this.painter.matches.has(record);
    g.globalAlpha = this.painter.matches && !match ? 0.3 : 1;
    if (record.kind === 'verdict') {
      g.fillStyle = this.color('--crash');
      g.beginPath();
      g.arc(x, place.top + BAND.top + BAND.height / 2, 6, 0, 7);
      g.fill();
    } else if (record.kind === 'up') {
      g.fillStyle = this.color('--good');
      g.fillRect(x - 1, place.top + BAND.top, 2, place.height - BAND.top - 4);
    } else if (record.how === 'truncated') {
      const top = this.y(place, record.last), bottom = this.y(place, record.index - 1);
      g.fillStyle = g.strokeStyle = this.color('--lost');
      g.lineWidth = 2;
      g.beginPath();
      g.moveTo(x, top);
      g.lineTo(x, bottom);
      g.stroke();
      this.triangle(x, bottom, 5, 1);
    } else {
      g.fillStyle = this.color('--event');
      this.triangle(x, this.y(place, record.index), 6, -1);
    }
    g.globalAlpha = 1;
  }

  // Its tip at the place, pointing down (1) or up (-1).
  triangle(x, y, size, down) {
    const {g} = this;
    g.beginPath();
    g.moveTo(x, y);
    g.lineTo(x - size, y - down * size * 1.5);
    g.lineTo(x + size, y - down * size * 1.5);
    g.fill();
  }

  drawScale(place) {
    const {g} = this;
    g.font = '10.5px ' + FONT;
    g.fillStyle = this.color('--faint');
    g.textAlign = 'right';
    g.fillText(String(this.range.high), GUTTER - 6, place.top + CHART.top + 6);
    g.fillText(String(this.range.low), GUTTER - 6, place.top + CHART.top + this.chartHeight - 7);
    g.textAlign = 'left';
    g.fillText('log', 20, place.top + CHART.top + this.chartHeight / 2);
    g.font = '12px ' + FONT;
  }

  // ---- between nodes

  // Where the band of a node begins or ends at that time, as its role is.
  bandEdge(lane, order, below) {
    const bottom = lane.place.top + BAND.top + BAND.height;
    if (below) return bottom;
    const {roles} = lane;
    const i = this.painter.after(roles, order + 1, 'begin') - 1;
    const share = i >= 0 && roles[i].end >= order ? ROLE[roles[i].role].share : 0.45;
    return bottom - Math.round(BAND.height * share);
  }

  // Between two that hear each other not: a shade from lane to lane.
  drawWays() {
    if (!this.painter.shown.has('partition')) return;
    const {g} = this;
    for (const way of this.cluster.ways) {
      if (way.begin > this.painter.lastOrder || way.end < this.painter.firstOrder) continue;
      const [a, b] = [this.cluster.laneOf(way.from), this.cluster.laneOf(way.to)];
      if (!a.place || !b.place || a === b || a.type !== 'node' || b.type !== 'node') continue;
      const [upper, lower] = a.place.top < b.place.top ? [a.place, b.place] : [b.place, a.place];
      const x = this.view.xOf(way.begin);
      g.globalAlpha = 0.035;
      g.fillStyle = this.color('--lost');
      g.fillRect(x, upper.top + STRIP.top, this.view.xOf(way.end) - x, lower.top + STRIP.top + STRIP.height - upper.top - STRIP.top);
    }
    g.globalAlpha = 1;
  }

  // Those that begin or end in sight.
  messagesInSight() {
    const {messages} = this.cluster;
    const {firstOrder, lastOrder} = this.painter;
    const found = [];
    // One that is under way for long began to the left: they are few, and looked for so far.
    for (let i = Math.max(0, this.painter.after(messages, firstOrder, 'begin') - 400); i < messages.length && messages[i].begin <= lastOrder; ++i) {
      if (messages[i].end >= firstOrder && this.painter.visible(messages[i])) found.push(messages[i]);
    }
    return found;
  }

  drawMessages() {
    const inSight = this.messagesInSight();
    this.aggregated = inSight.length > MESSAGES_DRAWN;
    const {matches, selected} = this.painter;
    this.drawnMessages = 0;
    const taken = new Set();
    for (const message of inSight) {
      const special = message === selected || (matches && matches.has(message)) || message.cls === 'snapshot';
      if (this.aggregated && !special) {
        const bucket = Math.round(this.view.xOf(message.begin) / 5);
        const key = bucket + ' ' + message.told.from + ' ' + message.told.to + (message.lost ? 'x' : message.cls);
        if (taken.has(key)) continue;
        taken.add(key);
      }
      ++this.drawnMessages;
      this.drawMessage(message, this.aggregated && !special);
    }
  }

  // From the place where it was said to the one where it was heard.
  ends(message) {
    const down = message.to.place.top > message.lane.place.top;
    const x = this.view.xMiddle(message.begin), y = this.bandEdge(message.lane, message.begin, down);
    if (message.lost) return {x, y, toX: x + 12, toY: y + (down ? 30 : -30)};
    return {x, y, toX: this.view.xMiddle(message.end), toY: this.bandEdge(message.to, message.end, !down)};
  }

  drawMessage(message, thin) {
    if (!message.to.place || !message.lane.place) return;
    const {g} = this;
    const look = MESSAGE_LOOK[message.cls];
    const {x, y, toX, toY} = this.ends(message);
    const match = this.painter.matches && this.painter.matches.has(message);
    g.globalAlpha = this.painter.matches && !match ? 0.15 : thin ? 0.4 : 0.85;
    g.strokeStyle = g.fillStyle = this.color(message.lost ? '--lost' : look.color);
    g.lineWidth = match || message === this.painter.selected ? look.width + 1.5 : thin ? 0.8 : look.width;
    g.setLineDash(look.dash);
    g.beginPath();
    g.moveTo(x, y);
    g.lineTo(toX, toY);
    g.stroke();
    g.setLineDash([]);
    if (message.lost) {
      g.lineWidth = 1.6;
      g.beginPath();
      g.moveTo(toX - 3.5, toY - 3.5); g.lineTo(toX + 3.5, toY + 3.5);
      g.moveTo(toX + 3.5, toY - 3.5); g.lineTo(toX - 3.5, toY + 3.5);
      g.stroke();
    } else if (!thin) this.head(x, y, toX, toY);
    g.globalAlpha = 1;
  }

  head(x, y, toX, toY) {
    const {g} = this;
    const angle = Math.atan2(toY - y, toX - x);
    const at = (turn, length) => g.lineTo(toX - length * Math.cos(angle + turn), toY - length * Math.sin(angle + turn));
    g.beginPath();
    g.moveTo(toX, toY);
    at(0.35, 7);
    at(-0.35, 7);
    g.fill();
  }

  // ---- clients

  drawClient(place) {
    const {g} = this;
    const last = [];
    for (const record of place.lane.records) {
      if (record.begin > this.painter.lastOrder || record.end < this.painter.firstOrder || !this.painter.visible(record)) continue;
      const x = this.view.xOf(record.begin);
      const width = Math.max(this.view.xOf(record.end) - x, 1.5);
      if (record.kind === 'pause' || record.kind === 'partition') {
        g.globalAlpha = 0.25;
        g.fillStyle = this.hatch(record.kind === 'pause' ? '--ink' : '--lost', 7);
        g.fillRect(x, place.top + 1, width, place.height - 2);
        g.globalAlpha = 1;
      }
      if (record.kind !== 'ask') continue;
      const top = place.top + 3 + record.row * CALL_HEIGHT, height = CALL_HEIGHT - 2;
      const match = this.painter.matches && this.painter.matches.has(record);
      if (!match && !record.failed && width < 2 && x - (last[record.row] || -10) < 0.8) continue;
      last[record.row] = x;
      ++this.painter.drawn;
      g.globalAlpha = this.painter.matches && !match ? 0.25 : 1;
      const color = OUTCOME_COLOR[record.outcome] || '--lost';
      g.fillStyle = this.color(color);
      const base = g.globalAlpha;
      g.globalAlpha = base * 0.28;
      g.fillRect(x, top, width, height);
      if (color === '--lost' && width > 3) { g.fillStyle = this.hatch('--lost', 5); g.globalAlpha = base * 0.6; g.fillRect(x, top, width, height); }
      g.globalAlpha = base;
      g.fillStyle = this.color(color);
      g.fillRect(x, top, 2, height);
      if (!record.open) g.fillRect(x + width - 1.5, top, 1.5, height);
      if (record.failed) this.label(record.title, x, width, top + height / 2, '--ink');
      else this.painter.drawText(record.title, x + 4, top + height / 2 + 0.5, width - 7, '--ink');
      if (match) { g.strokeStyle = this.color('--mark'); g.lineWidth = 2; g.strokeRect(x - 1, top - 1, width + 2, height + 2); }
      g.globalAlpha = 1;
    }
  }

  // ---- selecting

  // What is at the place of a node's lane or a client's, or a message near by.
  recordAt(x, y, lane) {
    const message = this.messageAt(x, y);
    if (message) return message;
    if (!lane || (lane.type !== 'node' && lane.type !== 'client')) return undefined;
    const within = y - lane.place.top;
    let best = null;
    for (const record of lane.records) {
      if (!this.painter.visible(record)) continue;
      const from = this.view.xOf(record.begin), to = Math.max(this.view.xOf(record.end), from + 3);
      if (record.kind === 'ask') {
        if (x >= from - 2 && x <= to + 2 && Math.floor((within - 3) / CALL_HEIGHT) === record.row) best = record;
      } else if (record.kind === 'log' || record.kind === 'up' || record.kind === 'verdict') {
        const reach = record.kind !== 'log' ? 6 : within >= CHART.top ? 7 : -1;
        if (Math.abs(x - from) <= reach) return record;
      } else if (['role', 'down', 'pause', 'partition'].includes(record.kind) && x >= from - 1 && x <= to + 1) {
        const row = {partition: STRIP, pause: STILL, role: BAND}[record.kind];
        const inside = !row || lane.type === 'client' || (within >= row.top - 1 && within < row.top + row.height + 1);
        if (inside && (!best || best.kind === 'down')) best = record;
      }
    }
    return best || this.logAt(x, lane);
  }

  // Its log as it stands there: a record of its own, that no list has.
  logAt(x, lane) {
    if (lane.type !== 'node') return null;
    const state = this.stateAt(lane, this.view.orderAt(this.view.unitAt(x)));
    if (!state || state.down) return null;
    const i = lane.logs.indexOf(state);
    const next = i + 1 < lane.logs.length ? lane.logs[i + 1].order : this.model.length - 1;
    return {kind: 'indexes', id: -1, lane, begin: state.order, end: next, state, title: 'log of ' + lane.label + ': ' + logText(state)};
  }

  stateAt(lane, order) {
    const i = this.painter.after(lane.logs, order + 1, 'order') - 1;
    return i < 0 ? null : lane.logs[i];
  }

  messageAt(x, y) {
    let best = null, least = 4.5;
    for (const message of this.messagesInSight()) {
      if (!message.to.place || !message.lane.place) continue;
      const ends = this.ends(message);
      const [dx, dy] = [ends.toX - ends.x, ends.toY - ends.y];
      const share = Math.max(0, Math.min(1, ((x - ends.x) * dx + (y - ends.y) * dy) / (dx * dx + dy * dy || 1)));
      const distance = Math.hypot(x - ends.x - share * dx, y - ends.y - share * dy);
      if (distance < least) { best = message; least = distance; }
    }
    return best;
  }

  drawSelection(place) {
    const {g} = this;
    const {selected} = this.painter;
    if (selected.kind === 'message' || selected.kind === 'heartbeat') return;  // drawn thicker
    const from = this.view.xOf(selected.begin), to = Math.max(this.view.xOf(selected.end), from + 3);
    let [top, height] = [place.top + 1, place.height - 2];
    if (selected.kind === 'ask') [top, height] = [place.top + 2 + selected.row * CALL_HEIGHT, CALL_HEIGHT];
    else if (place.lane.type === 'client') [top, height] = [place.top + 1, place.height - 2];
    else if (selected.kind === 'partition') [top, height] = [place.top + STRIP.top - 1, STRIP.height + 2];
    else if (selected.kind === 'pause') [top, height] = [place.top + STILL.top - 1, STILL.height + 2];
    else if (selected.kind === 'role') [top, height] = [place.top + BAND.top - 2, BAND.height + 4];
    else if (['log', 'indexes'].includes(selected.kind)) [top, height] = [place.top + CHART.top, this.chartHeight];
    g.strokeStyle = this.color('--ink');
    g.lineWidth = 2;
    const instant = selected.begin === selected.end;
    if (instant) g.strokeRect(this.view.xMiddle(selected.begin) - 7.5, top, 15, height);
    else g.strokeRect(from - 1, top, to - from + 2, height);
  }
}

function logText(state) {
  return 'last ' + state.last + (state.durable < state.last ? ' (durable ' + state.durable + ')' : '') + ', committed ' + state.commit +
    ', applied ' + state.applied + (state.base > 0 ? ', dropped up to ' + state.base : '');
}

// How each lane is to be read, on the page itself.
function clusterLegend() {
  const swatch = (color, style) => element('i', {style: 'background: var(' + color + ')' + (style || '')});
  const line = (color, style) => element('i', {class: 'line', style: 'border-top: 2px ' + (style || 'solid') + ' var(' + color + ')'});
  const item = (mark, text) => element('span', null, mark, text);
  const group = (name, ...items) => element('div', null, element('b', null, name), ...items);
  return [
    group('Roles', item(swatch('--leader'), 'leader'), item(swatch('--candidate', '; height: 9px'), 'candidate'),
      item(swatch('--precandidate', '; height: 7px'), 'pre-candidate'), item(swatch('--follower', '; height: 5px'), 'follower'),
      item(element('i', {class: 'slanted'}), 'down'), item(element('i', {class: 'slanted dark'}), 'stands still'),
      item(element('i', {class: 'slanted red'}), 'cannot talk to')),
    group('Log', item(line('--ink'), 'last entry'), item(line('--good'), 'committed'), item(swatch('--good', '; opacity: .4'), 'applied'),
      item(swatch('--dirty', '; opacity: .6'), 'not on disk'), item(swatch('--faint', '; opacity: .5'), 'dropped'),
      item(element('b', {class: 'bad'}, '\u25bc '), 'taken back'), item(element('b', {class: 'snapshot'}, '\u25b2 '), 'snapshot installed')),
    group('Messages', item(line('--write'), 'append'), item(line('--other'), 'its reply'), item(line('--model', 'dashed'), 'votes'),
      item(line('--point', 'dotted'), 'heartbeats'), item(line('--event'), 'snapshot'), item(line('--name', 'dashed'), 'others'), item(element('b', {class: 'bad'}, '\u2715 '), 'not heard')),
    group('Calls', item(swatch('--operation', '; opacity: .5'), 'done'), item(swatch('--event', '; opacity: .5'), 'condition failed'),
      item(swatch('--other', '; opacity: .6'), 'refused, lost'), item(element('i', {class: 'slanted red'}), 'unknown')),
  ];
}
