// SPDX-License-Identifier: Apache-2.0
// Puts the page together: what the mouse, the keys and the buttons do.

const KINDS = [['operation', 'operations', '--operation'], ['call', 'calls', '--write'], ['fault', 'faults', '--fault'],
  ['crash', 'crashes', '--crash'], ['event', 'events', '--event'], ['model', 'model', '--model'],
  ['choice', 'choices', '--choice'], ['buggify', 'rare branches', '--choice'], ['failpoint', 'failpoints', '--point'],
  ['switch', 'switches', '--point'], ['note', 'notes', '--other'], ['message', 'messages', '--write'],
  ['heartbeat', 'heartbeats', '--point'], ['partition', 'partitions', '--lost'], ['pause', 'pauses', '--ink'],
  ['ask', 'calls of clients', '--operation'], ['log', 'cuts and snapshots', '--event']];
const HIDDEN_AT_FIRST = new Set(['choice', 'failpoint', 'switch', 'note', 'heartbeat']);
const ALWAYS_SHOWN = ['process', 'cut', 'verdict', 'role', 'down', 'up'];
// What only the lanes of threads and files show.
const OF_MACHINES = new Set(['operation', 'call', 'fault', 'crash', 'event', 'model', 'choice', 'buggify', 'failpoint', 'switch',
  'note', 'process', 'cut', 'state']);

// So many messages and changes of a cluster are read without zooming.
const SHOWN_AT_FAILURE = 220;

// So many steps are read without zooming.
const SHORT_RUN = 240;

const KEYS = [['/', 'search'], ['Enter', 'next match; with Shift the one before'], ['n  N', 'the same, in the lanes'],
  ['Esc', 'leave the search, then clear it'], ['\u2190 \u2192', 'select what comes before or after in the lane'],
  ['\u2191 \u2193', 'the lane above or below'], ['[ ]', 'what came before or after in the whole run'],
  ['+ -', 'zoom'], ['a d', 'move left, right'], ['Home End', 'the beginning, the end'],
  ['z', 'zoom to the selection'], ['f', 'the whole run'], ['e', 'the failure'], ['t', 'one step each, or by virtual time'],
  ['wheel', 'zoom; with Shift move; over the names up and down'], ['drag', 'move; in the strip above: choose a stretch']];

const byId = (id) => document.getElementById(id);

class Page {
  constructor(data) {
    this.data = data;
    this.model = new Model(data);
    this.view = new View(this.model);
    this.painter = new Painter(this.model, this.view, byId('canvas'), byId('overview'));
    this.search = new Search(this.model);
    this.details = new Details(this.model, (record) => this.select(record, true));
    this.tab = 'Failure';
    for (const [kind] of KINDS) if (!HIDDEN_AT_FIRST.has(kind)) this.painter.shown.add(kind);
    for (const kind of ALWAYS_SHOWN) this.painter.shown.add(kind);
    this.list = new RowList(recordColumns(this.model), (record) => this.select(record, true, true));
    this.head();
    this.tools();
    this.tabs();
    this.mouse();
    this.keys();
    new ResizeObserver(() => this.resize()).observe(byId('lanes'));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.painter.readColors();
      this.redraw();
    });
    byId('scroll').addEventListener('scroll', () => this.redraw());
    this.resize();
    const {failure} = this.model;
    this.painter.selected = failure;
    if (failure && this.model.length > SHORT_RUN) this.toFailure();
    else this.showTab('Failure');
    if (!failure && this.model.cluster.there) this.change(() => this.view.fit());
  }

  // ---- head

  head() {
    const {data} = this;
    const ok = data.verdict.signature === 'ok';
    const same = ok === (data.recorded.signature === 'ok');
    byId('badge').textContent = ok ? (same ? 'ok' : 'ends well now') : 'failed';
    byId('badge').className = ok ? 'good' : 'bad';
    byId('headline').textContent = ok ? data.scenario : data.verdict.signature;
    byId('headline').append(element('small', null, '  scenario ' + data.scenario + ', seed ' + data.seed + ', ' +
      data.events + ' events, ' + stamp(data.virtual_ns) + ' virtual seconds'));
    byId('message').textContent = ok ? (same ? '' : 'recorded: ' + data.recorded.signature + ': ' + data.recorded.message)
      : data.verdict.message;
    document.title = (ok ? data.scenario : data.verdict.signature) + ' seed ' + data.seed;
    const notices = [];
    if (data.left_out) {
      notices.push('This run is long: ' + data.left_out + ' of ' + (data.left_out + data.sights.length) +
        ' things that happened are left out, behind event ' + this.model.events[Math.max(0, data.left_out_at - 1)] +
        '. timeline --limit shows more.');
    }
    if (data.diverged_at !== null) {
      notices.push('The run left its recording at event ' + data.diverged_at + ': it is not the run that was recorded.');
    }
    byId('notice').hidden = notices.length === 0;
    byId('notice').textContent = notices.join(' ');
  }

  tools() {
    const on = (id, act) => byId(id).addEventListener('click', act);
    on('fit', () => this.change(() => this.view.fit()));
    on('in', () => this.change(() => this.view.zoom(0.5, this.center())));
    on('out', () => this.change(() => this.view.zoom(2, this.center())));
    on('failure', () => this.toFailure());
    byId('failure').disabled = !this.model.failure;
    on('axis', () => this.toggleAxis());
    on('next', () => this.step(true));
    on('previous', () => this.step(false));
    on('help', () => this.toggleHelp());
    byId('axis').textContent = this.view.axis === 'order' ? 'by order' : 'by virtual time';
    for (const [key, what] of KEYS) byId('keys').append(element('div', null, element('kbd', null, key), ' ' + what));
    byId('keys').append(legend());
    let timer = 0;
    byId('query').addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.find(byId('query').value), 120);
    });
    byId('only').addEventListener('change', () => {
      this.painter.only = byId('only').checked;
      this.redraw();
      this.showTab(this.tab);
    });
    const counts = {};
    for (const record of this.model.records) counts[record.kind] = (counts[record.kind] || 0) + 1;
    for (const [kind, name, color] of KINDS) {
      if (!counts[kind]) continue;
      const chip = element('button', {class: 'chip', 'aria-pressed': String(this.painter.shown.has(kind)), title: counts[kind] + ' ' + name,
        'data-kind': kind}, element('i', {style: 'background: var(' + color + ')'}), name);
      chip.addEventListener('click', () => this.toggleKind(kind, chip));
      if (this.model.cluster.there && OF_MACHINES.has(kind)) chip.classList.add('of-machines');
      byId('kinds').append(chip);
    }
    if (this.model.cluster.there) this.clusterTools();
  }

  clusterTools() {
    byId('legend').hidden = false;
    byId('legend').append(...clusterLegend());
    const chip = element('button', {class: 'chip', id: 'machines', 'aria-pressed': 'false', title: 'Lanes of hosts, threads and files'},
      element('i', {style: 'background: var(--read)'}), 'threads and files');
    chip.addEventListener('click', () => this.showMachines(!this.view.machines));
    byId('kinds').append(chip);
    this.showMachines(false);
  }

  showMachines(shown) {
    this.view.machines = shown;
    byId('machines').setAttribute('aria-pressed', String(shown));
    for (const chip of document.querySelectorAll('.of-machines')) chip.hidden = !shown;
    this.redraw();
  }

  toggleKind(kind, chip) {
    const {shown} = this.painter;
    if (shown.has(kind)) shown.delete(kind); else shown.add(kind);
    chip.setAttribute('aria-pressed', String(shown.has(kind)));
    if (this.search.query) this.find(this.search.query);
    this.redraw();
    this.showTab(this.tab);
  }

  toggleHelp() {
    byId('keys').hidden = !byId('keys').hidden;
    byId('help').setAttribute('aria-expanded', String(!byId('keys').hidden));
  }

  toggleAxis() {
    this.change(() => this.view.setAxis(this.view.axis === 'order' ? 'time' : 'order'));
    byId('axis').textContent = this.view.axis === 'order' ? 'by order' : 'by virtual time';
  }

  center() {
    const {selected} = this.painter;
    if (!selected) return undefined;
    const at = this.view.unit(selected.begin);
    return at >= this.view.from && at <= this.view.to ? at : undefined;
  }

  // ---- drawing

  change(act) { act(); this.redraw(); }

  redraw() {
    if (this.planned) return;
    this.planned = true;
    requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    this.planned = false;
    this.placeLanes();
    this.painter.draw(byId('scroll').scrollTop);
  }

  placeLanes() {
    if (this.view.placeLanes()) byId('content').style.height = Math.max(this.view.height, this.painter.height) + 'px';
  }

  resize() {
    const box = byId('scroll');
    this.painter.size(Math.max(box.clientWidth, GUTTER + 100), Math.max(box.clientHeight, 60));
    byId('content').style.height = Math.max(this.view.height, this.painter.height) + 'px';
    this.drawNow();
  }

  // ---- selecting

  select(record, show, keepTab) {
    if (!record) return;
    this.painter.selected = record;
    if (show && record.lane && !this.view.machines && !this.view.isPlaced(record.lane)) this.showMachines(true);
    if (show) {
      this.view.reveal(record);
      this.placeLanes();
      this.revealLane(record.lane);
    }
    byId('said').textContent = record.title + ', ' + this.model.laneName(record);
    if (!keepTab) this.showTab(this.tab === 'Files' ? 'Files' : 'Details');
    else this.showTab(this.tab);
    this.redraw();
  }

  revealLane(lane) {
    if (!lane || !lane.place) return;
    const box = byId('scroll');
    const {top, height} = lane.place;
    if (top < box.scrollTop + 24) box.scrollTop = Math.max(0, top - 30);
    if (top + height > box.scrollTop + this.painter.height) box.scrollTop = top + height - this.painter.height + 10;
  }

  toFailure() {
    const {failure} = this.model;
    if (!failure) return;
    if (this.model.cluster.there) this.showBefore(failure);
    else {
      const beside = Math.min(Math.max(60, Math.round((this.painter.width - GUTTER) / 14)), this.model.length);
      this.view.showOrder(Math.max(0, failure.begin - Math.round(beside * 0.7)), beside);
    }
    this.painter.selected = failure;
    this.placeLanes();
    this.revealLane(failure.lane);
    this.showTab('Failure');
    this.redraw();
  }

  // What the cluster did up to there, as far as it is read without zooming.
  showBefore(record) {
    const {sights} = this.data;
    let first = Math.min(record.begin, sights.length - 1);
    for (let left = SHOWN_AT_FAILURE; first > 0 && left > 0; --first) {
      if (sights[first][0] === SIGHT.SHOWN) --left;
    }
    const from = this.view.unit(first), to = this.view.unit(record.begin);
    this.view.show(from, to + Math.max((to - from) * 0.15, this.view.smallest()));
  }

  // In the same lane, or in the whole run.
  selectBeside(forward, everywhere) {
    const {selected} = this.painter;
    const lane = selected && selected.lane;
    const records = everywhere || !lane ? this.model.records : lane.records;
    const step = forward ? 1 : -1;
    let i = selected ? records.indexOf(selected) + step : this.firstInSight(records);
    while (i >= 0 && i < records.length && !this.painter.visible(records[i])) i += step;
    if (i >= 0 && i < records.length) this.select(records[i], true);
  }

  firstInSight(records) {
    const order = this.view.orderAt(this.view.from);
    const found = records.findIndex((record) => record.begin >= order && this.painter.visible(record));
    return found < 0 ? 0 : found;
  }

  selectLane(down) {
    const {selected} = this.painter;
    const lanes = this.model.lanes;
    const order = selected ? selected.begin : this.view.orderAt((this.view.from + this.view.to) / 2);
    let i = selected && selected.lane ? lanes.indexOf(selected.lane) : -1;
    for (i += down ? 1 : -1; i >= 0 && i < lanes.length; i += down ? 1 : -1) {
      let best = null;
      for (const record of lanes[i].records) {
        if (!this.painter.visible(record)) continue;
        if (!best || Math.abs(record.begin - order) < Math.abs(best.begin - order)) best = record;
      }
      if (best) return this.select(best, true);
    }
  }

  zoomToSelection() {
    const {selected} = this.painter;
    if (!selected) return;
    const beside = Math.max(6, (selected.end - selected.begin) * 0.6 + 3);
    this.change(() => this.view.showOrder(Math.round((selected.begin + selected.end) / 2), Math.round(beside)));
  }

  // ---- searching

  find(query) {
    this.search.run(query, (record) => this.painter.shown.has(record.kind));
    this.painter.matches = this.search.set;
    this.sayFound();
    this.redraw();
    if (this.tab === 'All' || this.tab === 'Operations' || this.tab === 'Faults') this.showTab(this.tab);
  }

  sayFound() {
    const {search} = this;
    byId('found').textContent = search.set === null ? '' : search.found.length === 0 ? 'none'
      : search.at < 0 ? search.found.length + ' found' : (search.at + 1) + ' of ' + search.found.length;
  }

  step(forward) {
    if (byId('query').value !== this.search.query) this.find(byId('query').value);
    const {selected} = this.painter;
    const record = this.search.step(forward, selected ? selected.begin : this.view.orderAt(this.view.from));
    this.sayFound();
    if (record) this.select(record, true, this.tab === 'All');
  }

  // ---- the panel

  tabs() {
    for (const name of ['Failure', 'Details', 'Operations', 'Faults', 'Files', 'All', 'Workload', 'Run']) {
      const button = element('button', {role: 'tab', 'data-tab': name, 'aria-selected': 'false', onclick: () => this.showTab(name)}, name);
      byId('tabs').append(button);
    }
    byId('tabs').addEventListener('keydown', (event) => {
      const buttons = [...byId('tabs').children];
      const at = buttons.indexOf(document.activeElement);
      const to = event.key === 'ArrowRight' ? at + 1 : event.key === 'ArrowLeft' ? at - 1 : -1;
      if (at < 0 || to < 0 || to >= buttons.length) return;
      buttons[to].focus();
      this.showTab(buttons[to].dataset.tab);
    });
  }

  listed(kinds) {
    return this.model.records.filter((record) => kinds.includes(record.kind) && this.painter.visible(record));
  }

  showTab(name) {
    this.tab = name;
    for (const button of byId('tabs').children) {
      button.setAttribute('aria-selected', String(button.dataset.tab === name));
      button.tabIndex = button.dataset.tab === name ? 0 : -1;
    }
    const body = byId('body');
    body.onscroll = null;
    body.classList.remove('list');
    const state = {selected: this.painter.selected, matches: this.search.set};
    const order = this.painter.selected ? this.painter.selected.end : this.model.length - 1;
    switch (name) {
      case 'Failure': body.replaceChildren(this.details.ofFailure()); break;
      case 'Details': body.replaceChildren(this.details.ofRecord(this.painter.selected)); break;
      case 'Operations': return this.list.show(body, this.listed(['operation', 'ask']), state);
      case 'Faults': return this.list.show(body, this.listed(['fault', 'buggify', 'crash', 'cut', 'verdict', 'down', 'pause', 'partition']), state);
      case 'All': return this.list.show(body, this.model.records.filter((record) => this.painter.visible(record)), state);
      case 'Files': body.replaceChildren(fileTable(this.model, this.details, order, (file) => {
        const state = file.records.findLast((record) => record.kind === 'state' && record.begin <= order);
        this.select(state || file.records[0], true);
      })); break;
      case 'Workload': body.replaceChildren(workloadTable(this.data)); break;
      case 'Run': body.replaceChildren(this.details.ofRun()); break;
    }
    body.scrollTop = 0;
  }

  // ---- mouse

  mouse() {
    const canvas = byId('canvas');
    const scroll = byId('scroll');
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return {x: event.clientX - box.left, y: event.clientY - box.top};
    };
    scroll.addEventListener('wheel', (event) => {
      const {x} = place(event);
      if (x < GUTTER || event.altKey) return;
      event.preventDefault();
      const span = this.view.to - this.view.from;
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
        this.change(() => this.view.pan(sideways / (this.painter.width - GUTTER) * span));
      } else {
        const factor = Math.pow(1.0018, event.deltaY * (event.deltaMode === 1 ? 20 : 1));
        this.change(() => this.view.zoom(factor, this.view.unitAt(x)));
      }
    }, {passive: false});
    let drag = null;
    canvas.addEventListener('pointerdown', (event) => {
      const at = place(event);
      drag = {x: at.x, y: at.y, from: this.view.from, to: this.view.to, top: scroll.scrollTop, moved: false};
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      const at = place(event);
      if (!drag) return this.hover(at);
      if (Math.abs(at.x - drag.x) + Math.abs(at.y - drag.y) > 4) drag.moved = true;
      if (!drag.moved) return;
      canvas.classList.add('dragging');
      const units = (drag.x - at.x) / (this.painter.width - GUTTER) * (drag.to - drag.from);
      scroll.scrollTop = drag.top + drag.y - at.y;
      this.change(() => this.view.show(drag.from + units, drag.to + units));
    });
    canvas.addEventListener('pointerup', (event) => {
      canvas.classList.remove('dragging');
      const at = place(event);
      const click = drag && !drag.moved;
      drag = null;
      if (click) this.select(this.painter.recordAt(at.x, at.y, scroll.scrollTop), false);
    });
    canvas.addEventListener('dblclick', () => this.zoomToSelection());
    canvas.addEventListener('pointerleave', () => { byId('tip').hidden = true; });
    this.overviewMouse();
    this.dividerMouse();
  }

  hover(at) {
    const record = this.painter.recordAt(at.x, at.y, byId('scroll').scrollTop);
    const tip = byId('tip');
    tip.hidden = !record;
    if (!record) return;
    const {model} = this;
    const took = model.ns[record.end] - model.ns[record.begin];
    tip.textContent = record.title + '  (event ' + model.events[record.begin] + ', ' + stamp(model.ns[record.begin]) + ' s' +
      (took > 0 ? ', ' + duration(took) : '') + ')';
    const left = Math.min(at.x + 14, this.painter.width - tip.offsetWidth - 8);
    tip.style.left = Math.max(left, 4) + 'px';
    const below = at.y + 34 + 18;
    tip.style.top = (below + tip.offsetHeight > this.painter.height + 34 ? at.y + 34 - tip.offsetHeight - 10 : below) + 'px';
  }

  // Dragging chooses a stretch; a click moves the window there.
  overviewMouse() {
    const overview = byId('overview');
    const unit = (event) => {
      const x = event.clientX - overview.getBoundingClientRect().left;
      const share = Math.max(0, Math.min(1, (x - GUTTER) / (this.painter.width - GUTTER - 6)));
      return this.view.first() + share * (this.view.last() - this.view.first());
    };
    let from = null;
    overview.addEventListener('pointerdown', (event) => {
      from = {unit: unit(event), x: event.clientX};
      overview.setPointerCapture(event.pointerId);
    });
    overview.addEventListener('pointermove', (event) => {
      if (from === null || Math.abs(event.clientX - from.x) < 4) return;
      const to = unit(event);
      this.change(() => this.view.show(Math.min(from.unit, to), Math.max(from.unit, to)));
    });
    overview.addEventListener('pointerup', (event) => {
      if (from && Math.abs(event.clientX - from.x) < 4) {
        const span = this.view.to - this.view.from;
        this.change(() => this.view.show(from.unit - span / 2, from.unit + span / 2));
      }
      from = null;
    });
  }

  dividerMouse() {
    const divider = byId('divider'), panel = byId('panel');
    const resize = (width) => {
      panel.style.width = Math.max(240, Math.min(width, window.innerWidth * 0.75)) + 'px';
    };
    divider.addEventListener('pointerdown', (event) => divider.setPointerCapture(event.pointerId));
    divider.addEventListener('pointermove', (event) => {
      if (divider.hasPointerCapture(event.pointerId)) resize(window.innerWidth - event.clientX);
    });
    divider.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowLeft') resize(panel.offsetWidth + 30);
      if (event.key === 'ArrowRight') resize(panel.offsetWidth - 30);
    });
  }

  // ---- keys

  keys() {
    byId('query').addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.step(!event.shiftKey);
      if (event.key === 'Escape') {
        if (byId('query').value) { byId('query').value = ''; this.find(''); } else byId('canvas').focus();
      }
    });
    document.addEventListener('keydown', (event) => {
      const typing = event.target instanceof HTMLInputElement;
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      const inLanes = event.target === byId('canvas') || event.target === document.body;
      const inList = event.target === byId('body') && byId('body').classList.contains('list');
      const act = inList && (event.key === 'ArrowDown' || event.key === 'ArrowUp')
        ? () => this.select(this.list.beside(event.key === 'ArrowDown'), true, true) : this.keyAction(event.key, inLanes);
      if (!act) return;
      event.preventDefault();
      act();
    });
  }

  keyAction(key, inLanes) {
    const span = this.view.to - this.view.from;
    switch (key) {
      case '/': return () => byId('query').focus();
      case '?': return () => this.toggleHelp();
      case '+': case '=': return () => this.change(() => this.view.zoom(0.5, this.center()));
      case '-': return () => this.change(() => this.view.zoom(2, this.center()));
      case 'a': return () => this.change(() => this.view.pan(-span / 4));
      case 'd': return () => this.change(() => this.view.pan(span / 4));
      case 'f': return () => this.change(() => this.view.fit());
      case 'e': return () => this.toFailure();
      case 't': return () => this.toggleAxis();
      case 'z': return () => this.zoomToSelection();
      case 'n': return () => this.step(true);
      case 'N': return () => this.step(false);
      case ']': return () => this.selectBeside(true, true);
      case '[': return () => this.selectBeside(false, true);
    }
    if (!inLanes) return null;
    switch (key) {
      case 'ArrowRight': return () => this.selectBeside(true, false);
      case 'ArrowLeft': return () => this.selectBeside(false, false);
      case 'ArrowDown': return () => this.selectLane(true);
      case 'ArrowUp': return () => this.selectLane(false);
      case 'Home': return () => this.change(() => this.view.show(this.view.first(), this.view.first() + span));
      case 'End': return () => this.change(() => this.view.show(this.view.last() - span, this.view.last()));
      case 'Escape': return () => { byId('query').value = ''; this.find(''); };
    }
    return null;
  }
}

// For the console, and for tests.
window.timeline = new Page(JSON.parse(byId('data').textContent));
